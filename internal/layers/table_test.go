package layers

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
)

//go:embed layers.txt
var layersText string

// A room is a line of the table.
type room struct {
	name   string
	future bool
	allows []string // "*": every room further down
}

// A table is the rooms in order, top first.
type table []room

func parseTable(text string) (table, error) {
	var t table
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		left, right, ok := strings.Cut(line, ">")
		words := strings.Fields(left)
		if !ok || len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "future" {
			return nil, fmt.Errorf("layers.txt:%d: want \"ROOM [future] > ROOMS\", have %q", number, strings.TrimSpace(line))
		}
		t = append(t, room{name: words[0], future: len(words) == 2, allows: strings.Fields(right)})
	}
	return t, t.check()
}

// check finds rooms that stand twice and arrows of the table that do not go down.
func (t table) check() error {
	for i, r := range t {
		if t.index(r.name) != i {
			return fmt.Errorf("layers.txt: room %s stands twice", r.name)
		}
		for _, a := range r.allows {
			if a != "*" && t.index(a) <= i {
				return fmt.Errorf("layers.txt: %s may import %s, which does not stand further down", r.name, a)
			}
		}
	}
	return nil
}

// index is the line of a room, -1 if there is none.
func (t table) index(name string) int {
	return slices.IndexFunc(t, func(r room) bool { return r.name == name })
}

// roomOf is the room that covers a package: the longest name that is the
// package or a folder above it; -1 if there is none.
func (t table) roomOf(pkg string) int {
	for name := pkg; ; {
		if i := t.index(name); i >= 0 {
			return i
		}
		slash := strings.LastIndexByte(name, '/')
		if slash < 0 {
			return -1
		}
		name = name[:slash]
	}
}

// allowed says whether a package of room from may import one of room to.
func (t table) allowed(from, to int) bool {
	if from == to {
		return true
	}
	a := t[from].allows
	return slices.Contains(a, t[to].name) || to > from && slices.Contains(a, "*")
}

// arrows returns what is wrong with the imports of the packages.
func (t table) arrows(packages []*pkg) (wrong []string) {
	for _, p := range packages {
		from := t.roomOf(p.path)
		if from < 0 {
			wrong = append(wrong, fmt.Sprintf("package %s has no line in internal/layers/layers.txt: give it one, below all that import it", p.path))
			continue
		}
		for _, i := range p.imports {
			if !i.own || i.test && (strings.HasPrefix(i.path, "internal/") || strings.HasPrefix(i.path, "test/")) {
				continue
			}
			to := t.roomOf(i.path)
			if to < 0 || t.allowed(from, to) || i.test && to > from {
				continue // a package without a line is reported by itself
			}
			wrong = append(wrong, fmt.Sprintf("%s imports %s: room %s may import only %s (internal/layers/layers.txt)",
				i.file, i.path, t[from].name, strings.Join(append(t[from].allows, "itself"), ", ")))
		}
	}
	return wrong
}

// TestImportsGoDown reads the import graph of the tree.
func TestImportsGoDown(t *testing.T) {
	rooms, err := parseTable(layersText)
	if err != nil {
		t.Fatal(err)
	}
	packages := readTree(t)
	for _, w := range rooms.arrows(packages) {
		t.Error(w)
	}
	inhabited := map[int]bool{}
	for _, p := range packages {
		inhabited[rooms.roomOf(p.path)] = true
	}
	for i, r := range rooms {
		if r.future && inhabited[i] {
			t.Errorf("room %s has a package now: take the word future off its line in layers.txt", r.name)
		}
		if !r.future && !inhabited[i] {
			t.Errorf("room %s has no package: mark it future in layers.txt, or remove its line", r.name)
		}
	}
}

// TestArrowUpIsFound shows that the guard can fail.
func TestArrowUpIsFound(t *testing.T) {
	rooms, err := parseTable("top > *\nmiddle > low\nmiddle/leaf > low\nlow >\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		test     bool
		wrong    bool
	}{
		{from: "top", to: "low"},
		{from: "top", to: "middle/leaf"},
		{from: "middle", to: "low"},
		{from: "middle/sub", to: "middle"},
		{from: "low", to: "middle", wrong: true},
		{from: "low", to: "middle", test: true, wrong: true},
		{from: "middle", to: "middle/leaf", test: true},
		{from: "low", to: "test/vm", test: true},
		{from: "middle", to: "middle/leaf", wrong: true},
		{from: "middle/leaf", to: "middle", wrong: true},
		{from: "nowhere", to: "low", wrong: true},
	} {
		p := &pkg{path: c.from, imports: []dependency{{path: c.to, own: true, test: c.test, file: c.from + "/x.go"}}}
		if wrong := rooms.arrows([]*pkg{p}); (len(wrong) > 0) != c.wrong {
			t.Errorf("%s imports %s: found %q, want wrong = %t", c.from, c.to, wrong, c.wrong)
		}
	}
	for _, text := range []string{"a > b\nb > a\n", "a > a\n", "a > nosuch\n", "a >\na >\n", "a\n", "a soon >\n"} {
		if _, err := parseTable(text); err == nil {
			t.Errorf("parseTable(%q) found nothing wrong", text)
		}
	}
}
