package tracee

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/internal/corpora"
	"github.com/google/go-cmp/cmp"
)

type parseCase struct {
	ID      string
	Filters []string
	Expect  struct {
		OK     bool
		Reason string
		Canon  map[string]any
		Events any
	}
}

func TestCorpusFilterParse(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "filter_parse.jsonl") {
		var c parseCase
		d := json.NewDecoder(strings.NewReader(string(line)))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		results[c.ID] = c.check(t)
	}
	corpora.Report(t, "tracee", "filter_parse.jsonl", results)
}

func (c *parseCase) check(t *testing.T) error {
	s := newSelection()
	var err error
	for _, x := range c.Filters {
		if err == nil {
			err = s.add(x)
		}
	}
	if err != nil {
		if c.Expect.OK {
			return err
		}
		var wrong *filter.Error
		if !errors.As(err, &wrong) {
			return fmt.Errorf("%T is not a filter.Error", err)
		}
		if string(wrong.Reason) != c.Expect.Reason {
			t.Logf("%s: %q: reason %s, the corpus has %s", c.ID, wrong.Expr, wrong.Reason, c.Expect.Reason)
		}
		return nil
	}
	if !c.Expect.OK {
		return fmt.Errorf("%q was accepted, want %s", c.Filters, c.Expect.Reason)
	}
	if diff := cmp.Diff(c.Expect.Canon, s.canon()); diff != "" {
		return fmt.Errorf("%q: canonical form (-want +got):\n%s", c.Filters, diff)
	}
	expr, err := Parse(c.Filters, Options{})
	if err != nil {
		return err
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		return err
	}
	return sameEvents(c.Expect.Events, program)
}

// sameEvents compares the events of the rows that Tracee had.
func sameEvents(want any, program *filter.Program) error {
	var got []string
	for _, id := range program.Events() {
		if e := dictionary.ByID(id); e.Origin == "2021-01" && e.On(dictionary.AMD64) {
			got = append(got, e.Name)
		}
	}
	slices.Sort(got)
	switch want := want.(type) {
	case string:
		var all []string
		for _, e := range dictionary.Members(want) {
			if e.Origin == "2021-01" && e.On(dictionary.AMD64) {
				all = append(all, e.Name)
			}
		}
		slices.Sort(all)
		if diff := cmp.Diff(all, got); diff != "" {
			return fmt.Errorf("events (-want +got):\n%s", diff)
		}
	case []any:
		var all []string
		for _, name := range want {
			all = append(all, name.(string))
		}
		if diff := cmp.Diff(all, got); diff != "" {
			return fmt.Errorf("events (-want +got):\n%s", diff)
		}
	case map[string]any:
		sum := sha256.Sum256([]byte(strings.Join(got, "\n")))
		if count := fmt.Sprint(want["count"]); count != fmt.Sprint(len(got)) {
			return fmt.Errorf("%d events, want %s", len(got), count)
		}
		if hex.EncodeToString(sum[:]) != want["sha256"] {
			return fmt.Errorf("other events: %s", got)
		}
	default:
		return fmt.Errorf("events: cannot read %v", want)
	}
	return nil
}

// canon is the selection in the form of the corpus.
func (s *selection) canon() map[string]any {
	c := map[string]any{}
	for name, n := range map[string]*numberFilter{"uid": &s.uid, "pid": &s.pid, "mntns": &s.mntns, "pidns": &s.pidns} {
		if !n.empty() {
			c[name] = canonNumbers(n)
		}
	}
	for name, l := range map[string]*listFilter{"comm": &s.comm, "uts": &s.uts, "event": &s.event, "set": &s.set} {
		if !l.empty() {
			c[name] = canonList(l)
		}
	}
	flag := func(name string, f toggle) {
		if f.given {
			c[name] = f.value
		}
	}
	flag("pid_new", s.pidNew)
	flag("container", s.container)
	flag("container_new", s.containerNew)
	if s.containerNew.given && !s.containerNew.value && !s.container.given {
		c["container"] = true
	}
	if s.follow {
		c["follow"] = true
	}
	if len(s.args) > 0 {
		args := map[string]any{}
		for _, a := range s.args {
			of, _ := args[a.event.Name].(map[string]any)
			if of == nil {
				of = map[string]any{}
			}
			of[a.name] = canonList(&a.listFilter)
			args[a.event.Name] = of
		}
		c["args"] = args
	}
	if len(s.returns) > 0 {
		returns := map[string]any{}
		for _, r := range s.returns {
			returns[r.event.Name] = canonNumbers(&r.numberFilter)
		}
		c["retval"] = returns
	}
	return c
}

func canonList(l *listFilter) map[string]any {
	list := func(names []string) []any {
		all := []any{}
		for _, n := range names {
			all = append(all, n)
		}
		return all
	}
	return map[string]any{"eq": list(l.eq), "ne": list(l.ne)}
}

func canonNumbers(n *numberFilter) map[string]any {
	number := func(n filter.Number) any {
		i, _ := new(big.Int).SetString(n.String(), 10)
		return json.Number(i.String())
	}
	list := func(numbers []filter.Number) []any {
		all := []any{}
		for _, n := range numbers {
			all = append(all, number(n))
		}
		return all
	}
	c := map[string]any{"eq": list(n.eq), "ne": list(n.ne)}
	if n.gt != nil {
		c["gt"] = number(*n.gt)
	}
	if n.lt != nil {
		c["lt"] = number(*n.lt)
	}
	return c
}
