package event

import "strings"

// ContainerOf finds the id of the container that a cgroup path belongs to, in
// whatever shape the runtime and the cgroup driver write it:
//
//	/docker/ID   /system.slice/docker-ID.scope   /kubepods.slice/…/cri-containerd-ID.scope
//	/kubepods/burstable/podUID/ID   /machine.slice/libpod-ID.scope/container
//	/system.slice:cri-containerd:ID   /lxc.payload.NAME   /ecs/TASK/TASK-NUMBER
//
// The id is 64 hex digits, or what LXC and ECS use instead. Of nested containers
// the innermost is meant.
func ContainerOf(cgroupPath string) (id string, ok bool) {
	for rest := cgroupPath; rest != ""; {
		var part string
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			rest, part = rest[:i], rest[i+1:]
		} else {
			rest, part = "", rest
		}
		if id, ok := containerPart(part, rest); ok {
			return id, true
		}
	}
	return "", false
}

// containerPart looks at one component of a path; above is what stands before.
func containerPart(part, above string) (string, bool) {
	if name, ok := strings.CutPrefix(part, "lxc.payload."); ok && name != "" {
		return name, true
	}
	if (above == "/lxc" || above == "lxc") && part != "" {
		return part, true
	}
	part = strings.TrimSuffix(part, ".scope")
	// What watches over a container runs beside it, in a scope with the same id.
	if strings.Contains(part, "conmon") {
		return "", false
	}
	if n := len(part); n >= 64 && isHex(part[n-64:]) && (n == 64 || part[n-65] == '-' || part[n-65] == ':' || part[n-65] == '.') {
		return part[n-64:], true
	}
	return part, isTask(part)
}

// isTask reports whether a name is that of a container of an ECS task: 32 hex
// digits, a dash and a number.
func isTask(name string) bool {
	if len(name) < 34 || name[32] != '-' || !isHex(name[:32]) {
		return false
	}
	for _, c := range []byte(name[33:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func isHex(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
