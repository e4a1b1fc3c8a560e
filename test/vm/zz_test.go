package vm

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	var k Kernel
	switch os.Getenv("K") {
	case "old":
		k = Oldest(t, "amd64")
	case "6.1":
		k = Series(t, "amd64", 6, 1)
	case "6.12":
		k = Series(t, "amd64", 6, 12)
	case "new":
		k = Newest(t, "amd64")
	case "olda":
		k = Oldest(t, "arm64")
	case "6.1a":
		k = Series(t, "arm64", 6, 1)
	case "newa":
		k = Newest(t, "arm64")
	}
	m := Machine{Kernel: k, Programs: map[string]string{"/bulwark": ".", "/selftest": "./test/vm/selftest"}}
	var cmds []Command
	for i, c := range strings.Split(os.Getenv("C"), ";") {
		cmds = append(cmds, Command{Name: strings.ReplaceAll(c, " ", "_") + string(rune('a'+i)), Argv: strings.Fields(c), Timeout: time.Minute})
	}
	for _, r := range m.Run(t, cmds) {
		t.Logf("== %s exit %d %s %v\n%s\n--\n%s", r.Name, r.Exit, r.Error, r.Elapsed, r.Stdout, r.Stderr)
	}
}
