// Command probe finds out by trying what the running kernel lets a tracer do:
// it loads, attaches and provokes one small program for each kind of hook, and
// looks for kfuncs, helpers and kinds of map.
//
//	probe | jq '.hooks[] | select(.fired == 0)'
//
// It is static and needs root and nothing else, so it also runs as /probe in
// the test machine.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/bulwark-security/bulwark/test/vm/guest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// childMark in the environment makes this program, also when it is a test
// binary, the child that a provocation runs: it ends at once.
const childMark = "BULWARK_PROBE_CHILD"

func init() {
	if os.Getenv(childMark) != "" {
		os.Exit(0)
	}
}

func main() {
	if err := rlimit.RemoveMemlock(); err != nil {
		fmt.Fprintln(os.Stderr, "probe: memlock limit:", err) // only kernels before 5.11 mind
	}
	report := guest.Report{
		Uname:    uname(),
		LSM:      read("/sys/kernel/security/lsm"),
		Lockdown: read("/sys/kernel/security/lockdown"),
		CPUs:     runtime.NumCPU(),
		Loopback: provokeNetwork() == nil,
		Hooks:    tryHooks(),
		Maps:     tryMaps(),
	}
	if l, err := newLoader(); err != nil {
		fmt.Fprintln(os.Stderr, "probe: kernel types:", err)
	} else {
		report.Kfuncs, report.Calls, report.Helpers = findKfuncs(l), tryCalls(l), tryHelpers(l)
	}
	if info, err := os.Stat("/sys/kernel/btf/vmlinux"); err == nil {
		report.BTF = info.Size()
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(report); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func uname() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	words := make([]string, 0, 5)
	for _, field := range [][65]byte{u.Sysname, u.Nodename, u.Release, u.Version, u.Machine} {
		words = append(words, unix.ByteSliceToString(field[:]))
	}
	return strings.Join(words, " ")
}

func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// reason shortens a verifier log to its verdict.
func reason(err error) string {
	if err == nil {
		return ""
	}
	var verdict *ebpf.VerifierError
	if errors.As(err, &verdict) {
		return fmt.Sprintf("%-1v", verdict)
	}
	return err.Error()
}
