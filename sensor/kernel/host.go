package kernel

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// learnHost lets the kernel write into the control structure what only it knows
// for sure: the number of this process outside of every namespace, the host's
// namespaces, and the time.
func (p *programs) learnHost(includeSelf bool) {
	_, err := p.coll.Programs["host"].Run(&ebpf.RunOptions{})
	if err != nil {
		// before 5.10 such a program cannot be run: true unless we are in a container
		p.control.Self = uint32(os.Getpid())
		p.control.HostPidNS = namespace("pid")
		p.control.HostMntNS = namespace("mnt")
		p.control.Started = monotonic()
	}
	if includeSelf {
		p.control.Self = 0
	}
}

// namespace is the number of one of the first process's namespaces, 0 if it
// cannot be read.
func namespace(kind string) uint32 {
	text, err := os.Readlink(fmt.Sprintf("/proc/1/ns/%s", kind))
	if err != nil {
		return 0
	}
	_, number, _ := strings.Cut(text, "[")
	n, _ := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
	return uint32(n)
}
