package calls

import (
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/test/program/tiny"
)

// The programs must compile, together make at least 250 different calls, and
// be known by a name that fits a comm.
func TestPrograms(t *testing.T) {
	made := map[string]bool{}
	for _, p := range Programs() {
		if len(p.Name) > 15 {
			t.Errorf("%s: longer than a comm", p.Name)
		}
		if _, err := tiny.Compile(p.Script, dictionary.AMD64); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		for line := range strings.Lines(p.Script) {
			words := strings.Fields(line)
			if len(words) > 2 && words[1] == "=" {
				words = words[2:]
			}
			for _, w := range words {
				if e := dictionary.Lookup(w); e != nil && e.Kind == dictionary.Syscall {
					made[e.Name] = true
				}
				break
			}
		}
	}
	missing := 0
	for _, e := range dictionary.All() {
		if e.Kind == dictionary.Syscall && e.Number[dictionary.AMD64] >= 0 && !made[e.Name] {
			missing++
			t.Logf("never made: %s", e.Name)
		}
	}
	t.Logf("%d different calls, %d of x86-64 are not made", len(made), missing)
	if len(made) < 250 {
		t.Errorf("only %d different calls", len(made))
	}
}
