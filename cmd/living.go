package cmd

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/bulwark-security/bulwark/event"
)

// liveContexts is what the kernel would say of processes that live, as far as
// /proc tells; since is when the trace began.
func liveContexts(living []*event.Process, since event.Time) []event.Event {
	events := make([]event.Event, len(living))
	host, _ := os.Hostname()
	ownUTS, _ := os.Readlink("/proc/self/ns/uts")
	for i, p := range living {
		c := event.Context{
			Start: p.Start, Cgroup: p.Cgroup, HostPID: p.PID, HostTID: p.PID, HostPPID: p.PPID,
			UID: p.UID, EUID: p.EUID, GID: p.GID, Cap: p.Cap, MntNS: p.MntNS, PidNS: p.PidNS,
		}
		copy(c.Comm[:], p.Comm)
		if uts, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/uts", p.PID)); uts == ownUTS {
			copy(c.UTS[:15], host)
		} else {
			copy(c.UTS[:15], hostFile(p.PID))
		}
		if p.Start > uint64(since) {
			c.Bits |= event.BitNew
		}
		if inContainer(p.PID) {
			c.Bits |= event.BitContainer
			if c.Bits&event.BitNew != 0 {
				c.Bits |= event.BitNewContainer // or a new process of an old one: good enough to explain with
			}
		}
		events[i].Context = c
	}
	return events
}

// hostFile is the host name that a process in another UTS namespace most likely
// has: runtimes write it there.
func hostFile(pid uint32) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/etc/hostname", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// inContainer reports whether a cgroup of the process names a container.
func inContainer(pid uint32) bool {
	f, err := os.Open(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if _, ok := event.ContainerOf(lines.Text()); ok {
			return true
		}
	}
	return false
}
