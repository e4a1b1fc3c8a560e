package kernel

import (
	"testing"

	"github.com/bulwark-security/bulwark/filter"
)

// Calls that may change credentials tell user space so only when they did: a
// flood of them that changes nothing must not fill the lane of rare events.
func TestUnchangedCredentialsAreToldOnce(t *testing.T) {
	count := func(script string) (n int) {
		_, events := traceScript(t, Options{}, filter.Plan{Events: ids(t, "getppid")}, script)
		for i := range events {
			if events[i].Info().Name == "commit_creds" && events[i].Wanted == 0 {
				n++
			}
		}
		return n
	}
	if n := count("loop 5000 {\nsetuid 0\n}\n"); n > 2 {
		t.Errorf("5000 calls that change nothing were told %d times", n)
	}
	if n := count("loop 5 {\nsetresuid -1 1000 -1\nsetresuid -1 0 -1\n}\n"); n < 10 {
		t.Errorf("10 changes there and back were told %d times", n)
	}
}
