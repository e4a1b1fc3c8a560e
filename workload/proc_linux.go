package workload

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"golang.org/x/sys/unix"
)

// FromProc reads the processes of a proc file system, for Table.Load. What
// cannot be read (a process that just ended, a kernel thread's executable) is
// left empty. Start times have the resolution of proc_pid_stat(5), field 22: a
// clock tick.
func FromProc(root string) (processes []*event.Process) {
	names, _ := filepath.Glob(filepath.Join(root, "[0-9]*"))
	offset := sleptFor()
	for _, dir := range names {
		if p := readProcess(dir, offset); p != nil {
			processes = append(processes, p)
		}
	}
	return processes
}

// sleptFor is by how much CLOCK_BOOTTIME, which /proc counts in, is ahead of
// CLOCK_MONOTONIC: the time that the machine was suspended, in ns.
func sleptFor() uint64 {
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return uint64(max(boot.Nano()-mono.Nano(), 0))
}

func readProcess(dir string, slept uint64) *event.Process {
	pid, err := strconv.ParseUint(filepath.Base(dir), 10, 32)
	stat, err2 := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil || err2 != nil {
		return nil
	}
	p := &event.Process{PID: uint32(pid)}
	if !readStat(p, stat, slept) {
		return nil
	}
	readStatus(p, filepath.Join(dir, "status"))
	p.Exe, _ = os.Readlink(filepath.Join(dir, "exe"))
	p.Exe = strings.TrimSuffix(p.Exe, " (deleted)")
	p.Cwd, _ = os.Readlink(filepath.Join(dir, "cwd"))
	if line, err := os.ReadFile(filepath.Join(dir, "cmdline")); err == nil {
		p.Argv = split(line)
	}
	p.MntNS = namespace(filepath.Join(dir, "ns", "mnt"))
	p.PidNS = namespace(filepath.Join(dir, "ns", "pid"))
	return p
}

// readStat takes name, parent and start of proc_pid_stat(5). The name may hold
// blanks and parentheses, so the fields are counted from its last one.
func readStat(p *event.Process, stat []byte, slept uint64) bool {
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return false
	}
	p.Comm = string(stat[open+1 : end])
	fields := strings.Fields(string(stat[end+1:])) // fields[0] is field 3
	if len(fields) < 20 {
		return false
	}
	parent, _ := strconv.ParseUint(fields[1], 10, 32)
	ticks, err := strconv.ParseUint(fields[19], 10, 64)
	p.PPID = uint32(parent)
	if ns := ticks * (1e9 / 100); ns > slept { // USER_HZ is 100 on both architectures
		p.Start = ns - slept
	}
	return err == nil
}

// readStatus takes the credentials of proc_pid_status(5).
func readStatus(p *event.Process, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Uid":
			fmt.Sscan(value, &p.UID, &p.EUID)
		case "Gid":
			fmt.Sscan(value, &p.GID)
		case "CapEff":
			p.Cap, _ = strconv.ParseUint(value, 16, 64)
		}
	}
}

// namespace is the number in a link such as "mnt:[4026531840]".
func namespace(link string) uint32 {
	text, _ := os.Readlink(link)
	_, number, _ := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	n, _ := strconv.ParseUint(number, 10, 32)
	return uint32(n)
}
