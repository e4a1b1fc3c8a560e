package dictionary

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSeen holds seen.txt to the tests that there are, and demands a test of
// every event that is not a system call.
func TestSeen(t *testing.T) {
	for _, e := range All() {
		if e.Kind != Syscall && len(e.Sightings()) == 0 {
			t.Errorf("%s: seen.txt names no test that triggers it", e.Name)
		}
		for _, s := range e.Sightings() {
			folder, function, _ := strings.Cut(s.Test, " ")
			if e.Kind == Syscall || !hasTest(t, filepath.Join("../..", folder), function) {
				t.Errorf("%s: seen.txt names %q: want a package and a test function of it, such as \"test/e2e TestEvents\"", e.Name, s.Test)
			}
		}
	}
}

func hasTest(t *testing.T, folder, function string) bool {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+function+"(") {
			return true
		}
	}
	return false
}
