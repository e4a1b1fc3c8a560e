package reference

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A link is [text](target) or ![text](target); headings make anchors.
var (
	linkForm    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingForm = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	fenceForm   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	codeForm    = regexp.MustCompile("`[^`\n]*`")
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are those that a page's headings make, as GitHub does it.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, m := range headingForm.FindAllStringSubmatch(fenceForm.ReplaceAllString(page, ""), -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(m[1]), "")
		found[strings.ReplaceAll(name, " ", "-")] = true
	}
	return found
}

// TestLinks follows every link of every page that leads to a file of the tree,
// and demands that every page of docs is reached from README.md.
func TestLinks(t *testing.T) {
	const top = "../.."
	pages := map[string]string{}
	err := fs.WalkDir(os.DirFS(top), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case path.Ext(file) != ".md":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(top, file))
		pages[file] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	leads := map[string][]string{}
	for file, page := range pages {
		for _, m := range linkForm.FindAllStringSubmatch(codeForm.ReplaceAllString(fenceForm.ReplaceAllString(page, ""), ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			if _, err := os.Stat(filepath.Join(top, to)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere: there is no %s", file, m[1], to)
			} else if anchor != "" && !anchors(pages[to])[anchor] {
				t.Errorf("%s: the link to %s leads nowhere: no heading of %s makes that anchor", file, m[1], to)
			}
			leads[file] = append(leads[file], to)
		}
	}
	reached, next := map[string]bool{}, []string{"README.md"}
	for len(next) > 0 {
		file := next[0]
		next = next[1:]
		if !reached[file] {
			reached[file] = true
			next = append(next, leads[file]...)
		}
	}
	for file := range pages {
		if strings.HasPrefix(file, "docs/") && !reached[file] {
			t.Errorf("%s: no way leads there from README.md", file)
		}
	}
}

func TestAnchors(t *testing.T) {
	have := anchors("# What is `new`?\ntext\n```\n# root\n```\n## 32-bit calls\n")
	for _, want := range []string{"what-is-new", "32-bit-calls"} {
		if !have[want] {
			t.Errorf("%q is missing in %v", want, have)
		}
	}
}
