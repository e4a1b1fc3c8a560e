package vm

import (
	"regexp"
	"strings"
	"testing"
)

// innerTest is a test that ran inside a machine.
type innerTest struct {
	name   string // without those above it
	log    []string
	status string // PASS, FAIL or SKIP; empty: it did not end
	below  []*innerTest
}

var (
	testBegins = regexp.MustCompile(`^=== (?:RUN|CONT|NAME) +(\S*)$`)
	testEnds   = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): (\S+) \(`)
)

// parseTests reads the output of a test binary that was given
// -test.v=test2json, which begins each line of its own with a control byte.
func parseTests(output string) *innerTest {
	root := &innerTest{}
	known := map[string]*innerTest{"": root}
	now := root
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		own, is := strings.CutPrefix(line, "\x16")
		begins, ends := testBegins.FindStringSubmatch(own), testEnds.FindStringSubmatch(own)
		switch {
		case is && begins != nil:
			now = root.find(known, begins[1])
		case is && ends != nil:
			root.find(known, ends[2]).status = ends[1]
		case !strings.HasPrefix(own, "=== PAUSE"):
			now.log = append(now.log, own)
		}
	}
	return root
}

// find is the test of that full name, which is made if it is new.
func (root *innerTest) find(known map[string]*innerTest, full string) *innerTest {
	if t := known[full]; t != nil {
		return t
	}
	above, name := root, full
	if i := strings.LastIndexByte(full, '/'); i >= 0 && known[full[:i]] != nil {
		above, name = known[full[:i]], full[i+1:]
	}
	t := &innerTest{name: name}
	known[full] = t
	above.below = append(above.below, t)
	return t
}

// report makes the tests subtests of t, with their words and their fate.
func (i *innerTest) report(t *testing.T) {
	for _, b := range i.below {
		t.Run(b.name, func(t *testing.T) {
			b.report(t)
			if len(b.log) > 0 {
				t.Log("\n" + strings.Join(b.log, "\n"))
			}
			switch b.status {
			case "PASS":
			case "SKIP":
				t.Skip("skipped inside the machine")
			case "FAIL":
				t.Fail()
			default:
				t.Error("it did not end")
			}
		})
	}
}

// ReportTests makes what a test binary printed inside a machine the subtests of
// t. It was run with -test.v=test2json.
func ReportTests(t *testing.T, r Result) {
	t.Helper()
	tests := parseTests(string(r.Stdout))
	tests.report(t)
	switch {
	case len(tests.below) == 0:
		t.Errorf("%s ran no test: exit %d %s\n%s%s", r.Name, r.Exit, r.Error, r.Stdout, r.Stderr)
	case r.TimedOut:
		t.Errorf("%s was still running after %v", r.Name, r.Elapsed)
	case r.Exit != 0 && !t.Failed():
		t.Errorf("%s: exit %d\n%s", r.Name, r.Exit, r.Stderr)
	}
}

// skipped are the full names of the tests that did not run.
func (i *innerTest) skipped(above string) (names []string) {
	for _, b := range i.below {
		if b.status == "SKIP" {
			names = append(names, above+b.name)
		}
		names = append(names, b.skipped(above+b.name+"/")...)
	}
	return names
}
