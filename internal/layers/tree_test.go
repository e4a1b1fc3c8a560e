package layers

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bulwark-security/bulwark"

// A pkg is a folder with Go files.
type pkg struct {
	path    string // below the module, "." for its root
	name    string
	doc     string
	imports []dependency
}

// A dependency is an import that stands in a file.
type dependency struct {
	path string // below the module when own
	own  bool
	test bool   // in a _test.go file
	file string // below the module
}

// root is the directory of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// readTree parses every Go file, those of other systems too, which `go list`
// would leave out. Files marked "ignore" are no part of a package.
func readTree(t *testing.T) []*pkg {
	t.Helper()
	top := root(t)
	byPath := map[string]*pkg{}
	var packages []*pkg
	err := fs.WalkDir(os.DirFS(top), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); file != "." && (n[0] == '.' || n[0] == '_' || n == "testdata" || n == "dist") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil || ignored(f) {
			return err
		}
		p := byPath[path.Dir(file)]
		if p == nil {
			p = &pkg{path: path.Dir(file)}
			byPath[p.path] = p
			packages = append(packages, p)
		}
		return p.add(file, f)
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func (p *pkg) add(file string, f *ast.File) error {
	test := strings.HasSuffix(file, "_test.go")
	if !test {
		p.name = f.Name.Name
		p.doc += f.Doc.Text()
	}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		d := dependency{path: name, test: test, file: file}
		if rest, ok := strings.CutPrefix(name, module); ok && (rest == "" || rest[0] == '/') {
			d.own = true
			d.path = strings.TrimPrefix(rest, "/")
			if d.path == "" {
				d.path = "."
			}
		}
		p.imports = append(p.imports, d)
	}
	return nil
}

// ignored says whether the file is built only when it is named: //go:build ignore.
func ignored(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			if x, err := constraint.Parse(c.Text); err == nil && x.String() == "ignore" {
				return true
			}
		}
	}
	return false
}

// TestDocComments demands a doc comment of every package, with an example in
// those that others may import.
func TestDocComments(t *testing.T) {
	for _, p := range readTree(t) {
		first, _, _ := strings.Cut(p.path, "/")
		library := p.name != "main" && first != "internal" && first != "test" && first != "cmd"
		switch {
		case p.name == "": // only tests
		case strings.TrimSpace(p.doc) == "":
			t.Errorf("package %s has no doc comment: say what it is for", p.path)
		case p.name != "main" && !strings.HasPrefix(p.doc, "Package "+p.name+" "):
			t.Errorf("package %s: its doc comment should begin with \"Package %s\"", p.path, p.name)
		case library && !strings.Contains(p.doc, "\n\t"):
			t.Errorf("package %s: its doc comment should open with an example, indented", p.path)
		}
	}
}
