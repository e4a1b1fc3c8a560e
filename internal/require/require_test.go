package require

import (
	"fmt"
	"strings"
	"testing"
)

// ended records how a test would have ended. As the real one, it does not return.
type ended struct {
	testing.TB
	how string
}

func (e *ended) Helper() {}
func (e *ended) Fatalf(format string, args ...any) {
	e.how = "fail: " + fmt.Sprintf(format, args...)
	panic(e)
}
func (e *ended) Skipf(format string, args ...any) {
	e.how = "skip: " + fmt.Sprintf(format, args...)
	panic(e)
}

func TestMissingSkipsOrFails(t *testing.T) {
	for value, want := range map[string]string{"": "skip: ", "all": "fail: "} {
		t.Setenv("BULWARK_TEST_REQUIRE", value)
		e := &ended{TB: t}
		func() {
			defer func() { recover() }()
			Tool(e, "no-such-tool", "its-package")
		}()
		if !strings.HasPrefix(e.how, want) || !strings.Contains(e.how, "no-such-tool: apt-get install its-package") {
			t.Errorf("BULWARK_TEST_REQUIRE=%q: %q, want %s…", value, e.how, want)
		}
	}
}
