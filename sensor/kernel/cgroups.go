package kernel

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bulwark-security/bulwark/event"
)

// A hierarchy is one tree of cgroups. Containers are named by their paths in
// the version 2 tree, or where that is not in use, in the tree of a version 1
// controller.
type hierarchy struct {
	mount      string
	controller string // "" for version 2
	subsystem  int32  // index of the controller in this kernel, -1 for version 2
	number     uint32 // of the hierarchy, 0 for version 2
}

// chooseHierarchy picks the tree in which most containers have a name; among
// equals the one in front: version 2, then the controllers that every runtime uses.
func chooseHierarchy() hierarchy {
	best, most := hierarchy{subsystem: -1}, -1
	for _, h := range hierarchies() {
		n := 0
		h.containers(func(uint64) { n++ })
		if n > most {
			best, most = h, n
		}
	}
	return best
}

// hierarchies are the mounted trees that may name containers, the preferred first.
func hierarchies() []hierarchy {
	var second, first []hierarchy
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil
	}
	defer f.Close()
	numbers := subsystemNumbers()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		cells := strings.Fields(scan.Text())
		if len(cells) < 4 {
			continue
		}
		switch cells[2] {
		case "cgroup2":
			second = append(second, hierarchy{mount: cells[1], subsystem: -1})
		case "cgroup":
			for _, name := range []string{"memory", "pids", "cpu", "devices"} {
				if n, ok := numbers[name]; ok && hasOption(cells[3], name) {
					first = append(first, hierarchy{cells[1], name, n, hierarchyNumber(name)})
					break
				}
			}
		}
	}
	return append(second, first...)
}

// hierarchyNumber is the number of the tree that a controller is in.
func hierarchyNumber(controller string) uint32 {
	b, _ := os.ReadFile("/proc/cgroups")
	for line := range strings.Lines(string(b)) {
		if cells := strings.Fields(line); len(cells) > 1 && cells[0] == controller {
			n, _ := strconv.ParseUint(cells[1], 10, 32)
			return uint32(n)
		}
	}
	return 0
}

func hasOption(options, name string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == name {
			return true
		}
	}
	return false
}

// subsystemNumbers are the indices of the controllers, as this kernel was built.
func subsystemNumbers() map[string]int32 {
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return nil
	}
	var enum *btf.Enum
	if spec.TypeByName("cgroup_subsys_id", &enum) != nil {
		return nil
	}
	numbers := map[string]int32{}
	for _, v := range enum.Values {
		if name, ok := strings.CutSuffix(v.Name, "_cgrp_id"); ok {
			numbers[name] = int32(v.Value)
		}
	}
	return numbers
}

// containers calls yield with the id of every cgroup that belongs to a container.
func (h hierarchy) containers(yield func(id uint64)) {
	filepath.WalkDir(h.mount, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil // gone already, or not ours to read
		}
		if _, ok := event.ContainerOf(strings.TrimPrefix(path, h.mount)); !ok {
			return nil
		}
		var st syscall.Stat_t
		if syscall.Stat(path, &st) == nil {
			yield(st.Ino)
		}
		return nil
	})
}

// fill puts the containers that exist into the kernel's table. The hooks that
// keep it current are attached already, so none is missed.
func (h hierarchy) fill(containers *ebpf.Map) {
	h.containers(func(id uint64) {
		containers.Update(id, uint32(event.BitContainer), ebpf.UpdateNoExist)
	})
}
