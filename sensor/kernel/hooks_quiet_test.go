package kernel

import (
	"os/exec"
	"testing"

	"github.com/bulwark-security/bulwark/filter"
)

// A program that only maps memory needs no capability: the kernel's own question
// whether an allocation may overcommit is no event. One that asks is seen.
func TestOvercommitIsNoCapability(t *testing.T) {
	plan := filter.Plan{Events: ids(t, "cap_capable")}
	_, events := trace(t, Options{}, plan, exec.Command("/bin/cat", "/dev/null"))
	for _, e := range wantedEvents(events) {
		t.Errorf("cat asked for capability %s in call %s", arg(&e, "cap"), arg(&e, "syscall"))
	}
	_, events = trace(t, Options{}, plan, exec.Command("/usr/sbin/chroot", "/", "/bin/true"))
	seen := false
	for _, e := range wantedEvents(events) {
		seen = seen || arg(&e, "cap") == "18" // CAP_SYS_CHROOT
	}
	if !seen {
		t.Error("chroot asked for no capability")
	}
}
