package reference

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/internal/require"
)

func TestDocumentsAreCurrent(t *testing.T) {
	files := Files()
	for name, want := range files {
		have, err := os.ReadFile("../../" + name)
		if err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is not current: run make generate (%v)", name, err)
		}
	}
	pages, _ := filepath.Glob("../../" + manDir + "*")
	for _, page := range pages {
		if _, ok := files[strings.TrimPrefix(page, "../../")]; !ok {
			t.Errorf("%s belongs to no command: remove it", page)
		}
	}
}

func TestRoff(t *testing.T) {
	for _, c := range [][2]string{
		{"--output", `\-\-output`}, {".TH", `\&.TH`}, {"'a", `\&'a`}, {`a\b`, `a\eb`}, {"plain", "plain"}, {"", ""},
	} {
		if have := roff(c[0]); have != c[1] {
			t.Errorf("roff(%q) = %q, want %q", c[0], have, c[1])
		}
	}
}

// TestManPages has groff read the pages, where there is one: it must not
// complain, and must show each flag.
func TestManPages(t *testing.T) {
	groff := require.Tool(t, "groff", "groff-base")
	for name, text := range Files() {
		if !strings.HasPrefix(name, manDir) {
			continue
		}
		command := exec.Command(groff, "-man", "-Tascii", "-ww", "-P-cbou")
		command.Stdin = bytes.NewReader(text)
		var complaints bytes.Buffer
		command.Stderr = &complaints
		out, err := command.Output()
		if err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v %s", name, err, complaints.String())
		}
		if strings.HasPrefix(filepath.Base(name), "bulwark-trace.") && !bytes.Contains(out, []byte("--explain-filter")) {
			t.Errorf("%s does not show --explain-filter:\n%s", name, out)
		}
	}
}
