package e2e

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/test/program/tiny"
)

//go:embed table.txt
var tableText string

//go:embed events.txt
var eventsText string

// A row is one case of table.txt.
type row struct {
	name     string
	line     int
	trace    []string // arguments of bulwark trace
	command  string   // the program that runs as -- CMD
	needs    []string // what the host must have: see needed
	programs []program
	want     []wanted
}

// A program is an actor of a row.
type program struct {
	name      string // also its file name, so its comm
	script    string
	after     bool   // starts when bulwark is ready, though it has a gate
	container string // moved into this container at its gate
	pid       int    // its number shall be about this, 0: any
}

func (p program) gated() bool {
	for line := range strings.Lines(p.script) {
		if strings.TrimSpace(line) == "gate" {
			return true
		}
	}
	return false
}

// wanted is one line of a want block: comm, event and the fields that are
// compared.
type wanted struct {
	text   string
	repeat string // "": exactly one event, "+": one or more, "?": one or none
	comm   string
	event  string
	fields [][2]string
}

// parseTable reads the whole file.
func parseTable(text string) ([]*row, error) {
	var rows []*row
	var r *row
	block := "" // "", "want", or "program"
	for i, line := range strings.Split(text, "\n") {
		word := strings.TrimSpace(line)
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case word == "" || strings.HasPrefix(word, "#"):
		case strings.HasPrefix(line, "== "):
			r = &row{name: strings.TrimPrefix(line, "== "), line: i + 1}
			rows, block = append(rows, r), ""
		case r == nil:
			return nil, fmt.Errorf("line %d: before the first row", i+1)
		case indented && block == "program":
			p := &r.programs[len(r.programs)-1]
			p.script += word + "\n"
		case indented && block == "want":
			w, err := parseWanted(word)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			r.want = append(r.want, w)
		default:
			var err error
			if block, err = r.directive(word); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	return rows, nil
}

// directive reads a line of a row that is not indented.
func (r *row) directive(line string) (block string, err error) {
	words, err := fields(line)
	if err != nil {
		return "", err
	}
	switch words[0] {
	case "trace":
		r.trace = append(r.trace, words[1:]...)
	case "command":
		r.command = words[1]
	case "needs":
		r.needs = append(r.needs, strings.Join(words[1:], " "))
	case "want":
		return "want", nil
	case "program":
		p := program{name: words[1]}
		for _, w := range words[2:] {
			key, value, _ := strings.Cut(w, "=")
			switch key {
			case "after":
				p.after = true
			case "container":
				p.container = value
			case "pid":
				_, err = fmt.Sscan(value, &p.pid)
			default:
				err = fmt.Errorf("program: unknown word %q", w)
			}
		}
		r.programs = append(r.programs, p)
		return "program", err
	default:
		return "", fmt.Errorf("unknown directive %q", words[0])
	}
	return "", nil
}

func parseWanted(line string) (wanted, error) {
	words, err := fields(line)
	if err != nil {
		return wanted{}, err
	}
	w := wanted{text: line}
	if len(words) > 0 && (words[0] == "+" || words[0] == "?") {
		w.repeat, words = words[0], words[1:]
	}
	if len(words) < 2 {
		return wanted{}, fmt.Errorf("want: COMM EVENT FIELD=VALUE…")
	}
	w.comm, w.event = words[0], words[1]
	for _, f := range words[2:] {
		key, value, ok := strings.Cut(f, "=")
		if !ok {
			return w, fmt.Errorf("want: %q is not FIELD=VALUE", f)
		}
		w.fields = append(w.fields, [2]string{key, value})
	}
	return w, nil
}

// fields splits at blanks; quotes hold words together and are taken off.
func fields(line string) ([]string, error) {
	var words []string
	var b strings.Builder
	quote, any := byte(0), false
	for i := 0; i <= len(line); i++ {
		switch {
		case i == len(line) || quote == 0 && (line[i] == ' ' || line[i] == '\t'):
			if any {
				words = append(words, b.String())
			}
			b.Reset()
			any = false
		case quote != 0 && line[i] == quote:
			quote = 0
		case quote == 0 && (line[i] == '\'' || line[i] == '"'):
			quote, any = line[i], true
		default:
			b.WriteByte(line[i])
			any = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed: %s", line)
	}
	return words, nil
}

// The table must be readable anywhere, root or not.
func TestTableIsWellFormed(t *testing.T) {
	rows, err := parseTable(tableText + "\n" + eventsText)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.name] {
			t.Errorf("line %d: two rows are called %q", r.line, r.name)
		}
		seen[r.name] = true
		if len(r.programs) == 0 {
			t.Errorf("line %d: %s: no program", r.line, r.name)
		}
		for _, p := range r.programs {
			if _, err := tiny.Compile(p.script, dictionary.AMD64); err != nil {
				t.Errorf("%s: program %s: %v", r.name, p.name, err)
			}
			if len(p.name) > 15 {
				t.Errorf("%s: program %s: longer than a comm", r.name, p.name)
			}
		}
		for _, w := range r.want {
			if dictionary.Lookup(w.event) == nil {
				t.Errorf("%s: no event %s", r.name, w.event)
			}
		}
	}
}
