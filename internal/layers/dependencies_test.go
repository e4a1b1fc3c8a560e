package layers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A fence is a row of docs/dependencies.md: a module, or a package of the
// standard library, and the rooms that alone may import it.
type fence struct {
	name   string
	future bool
	only   []string
	why    string
}

var quoted = regexp.MustCompile("`([^`]+)`")

// readFences reads the rows of every table in the text: the first cell holds
// the quoted name and perhaps the word future, the second quoted rooms, the
// last one the reason.
func readFences(text string) (fences []fence, err error) {
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := quoted.FindStringSubmatch(cells[0])
		if !strings.HasPrefix(line, "|") || name == nil {
			continue // prose, or the head of a table
		}
		f := fence{name: name[1], future: strings.Contains(cells[0], "future"), why: strings.TrimSpace(cells[len(cells)-1])}
		if len(cells) != 3 || f.why == "" {
			return nil, fmt.Errorf("docs/dependencies.md: row of %s: want three cells, the last with a reason", f.name)
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			f.only = append(f.only, m[1])
		}
		fences = append(fences, f)
	}
	return fences, nil
}

// covers says whether the package is the fence's, or below it.
func (f fence) covers(path string) bool {
	return path == f.name || strings.HasPrefix(path, f.name+"/")
}

func fencesOfTree(t *testing.T) []fence {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	fences, err := readFences(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return fences
}

// TestDependencies holds imports of other people's code, and the fenced part of
// the standard library, to docs/dependencies.md. Test files may use any module
// that has a row.
func TestDependencies(t *testing.T) {
	rooms, err := parseTable(layersText)
	if err != nil {
		t.Fatal(err)
	}
	fences := fencesOfTree(t)
	for _, f := range fences {
		for _, name := range f.only {
			if rooms.index(name) < 0 {
				t.Errorf("docs/dependencies.md: row of %s: no room %s in internal/layers/layers.txt", f.name, name)
			}
		}
	}
	for _, p := range readTree(t) {
		for _, d := range p.imports {
			if !d.own {
				checkImport(t, rooms, fences, p, d)
			}
		}
	}
}

func checkImport(t *testing.T, rooms table, fences []fence, p *pkg, d dependency) {
	t.Helper()
	first, _, _ := strings.Cut(d.path, "/")
	i := slices.IndexFunc(fences, func(f fence) bool { return f.covers(d.path) })
	switch at := rooms.roomOf(p.path); {
	case d.path == "C":
		t.Errorf("%s: cgo: the binary is static and the build needs no C compiler", d.file)
	case i < 0 && strings.Contains(first, "."):
		t.Errorf("%s imports %s, which has no row in docs/dependencies.md: add one with the reason, or do without", d.file, d.path)
	case i < 0 || d.test || at < 0 || slices.Contains(fences[i].only, rooms[at].name):
	default:
		t.Errorf("%s imports %s, allowed only in %s: %s (docs/dependencies.md)", d.file, d.path, strings.Join(fences[i].only, ", "), fences[i].why)
	}
}

// TestGoMod compares docs/dependencies.md with go.mod: each direct dependency
// and each tool has a row, and each row of a module is in go.mod or future.
func TestGoMod(t *testing.T) {
	command := exec.Command("go", "mod", "edit", "-json")
	command.Dir = root(t)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go mod edit -json: %v", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
		Tool []struct{ Path string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	fences := fencesOfTree(t)
	need := map[string]bool{}
	for _, r := range mod.Require {
		if !r.Indirect {
			need[r.Path] = true
		}
	}
	for _, tool := range mod.Tool {
		need[tool.Path] = true
	}
	for path := range need {
		if !slices.ContainsFunc(fences, func(f fence) bool { return f.covers(path) }) {
			t.Errorf("go.mod needs %s, which has no row in docs/dependencies.md", path)
		}
	}
	for _, f := range fences {
		first, _, _ := strings.Cut(f.name, "/")
		inMod := slices.ContainsFunc(mod.Require, func(r struct {
			Path     string
			Indirect bool
		}) bool {
			return f.covers(r.Path)
		})
		if strings.Contains(first, ".") && inMod == f.future {
			t.Errorf("docs/dependencies.md: row of %s: future is %t, in go.mod is %t", f.name, f.future, inMod)
		}
	}
}
