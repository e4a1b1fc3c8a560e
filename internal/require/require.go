// Package require says what a test does where something that it needs is
// missing: it skips with a line that names it, or fails where the environment
// says BULWARK_TEST_REQUIRE=all, as .ci/run does. For tests only.
//
//	require.Root(t)
//	strace := require.Tool(t, "strace", "strace")
package require

import (
	"os"
	"os/exec"
	"testing"
)

// Missing ends the test: what is missing is named by the words.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("BULWARK_TEST_REQUIRE") == "all" {
		t.Fatalf("BULWARK_TEST_REQUIRE=all: needs "+format, args...)
	}
	t.Skipf("skipped: needs "+format, args...)
}

// Root is for what loads programs into the kernel.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "root, to trace")
	}
}

// Tool is the path of a program that a Debian package of that name brings.
func Tool(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s: apt-get install %s", name, debian)
	}
	return path
}
