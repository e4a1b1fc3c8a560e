package kernel

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// quietFunctions ask for a capability without wanting it audited: the answer
// decides about a limit or a name's visibility, not about what the program does.
// All that ask through one of them are in it for no other reason. Of the overcommit
// test it is the caller: cap_vm_enough_memory itself jumps into cap_capable and
// is on no stack.
var quietFunctions = []string{
	"security_vm_enough_memory_mm", "ns_capable_noaudit", "has_ns_capability_noaudit", "has_capability_noaudit", "ptracer_capable",
	"prepare_filter", "seccomp_prepare_filter", "do_seccomp",
}

// A codeRange is where a function lies: struct range of bpf/hooks_capable.h.
type codeRange struct{ From, To uint64 }

const quietRanges = 8

// storeQuietRanges tells the program of the tracepoint whom to disregard. Where
// addresses are hidden nothing is: every check is an event.
func storeQuietRanges(m *ebpf.Map) {
	var ranges [quietRanges]codeRange
	found := functionRanges("/proc/kallsyms", quietFunctions)
	copy(ranges[:], found)
	if m != nil {
		m.Update(uint32(0), &ranges, ebpf.UpdateAny)
	}
}

// functionRanges finds functions in the kernel's table of symbols, which is not
// sorted: a function reaches to the next higher address.
func functionRanges(file string, names []string) []codeRange {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	var addresses []uint64
	var ranges []codeRange
	for scan := bufio.NewScanner(f); scan.Scan(); {
		line := scan.Text()
		address, kindAndName, ok := strings.Cut(line, " ")
		if !ok || len(kindAndName) < 3 || strings.HasSuffix(line, "]") { // a module's
			continue
		}
		at, err := strconv.ParseUint(address, 16, 64)
		if err != nil || at == 0 {
			continue
		}
		addresses = append(addresses, at)
		if slices.Contains(names, kindAndName[2:]) {
			ranges = append(ranges, codeRange{From: at})
		}
	}
	slices.Sort(addresses)
	for i := range ranges {
		next, _ := slices.BinarySearch(addresses, ranges[i].From+1)
		if next < len(addresses) {
			ranges[i].To = addresses[next]
		}
	}
	return ranges
}
