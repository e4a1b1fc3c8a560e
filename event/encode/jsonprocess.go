package encode

import "github.com/bulwark-security/bulwark/event"

// contexts keeps the parts of a line that say who did it. A thread makes many
// events in a row, and its context changes rarely.
type contexts struct {
	slots [64]contextText
}

// contextText is the text of one context and its actors.
type contextText struct {
	known     bool
	context   event.Context
	process   *event.Process
	container *event.Container
	head      []byte // from processId to hostName
	tail      []byte // from cgroupId to container
}

// keepSize bounds a text that is kept: an argv may have megabytes.
const keepSize = 16 << 10

// of is the text for an event, valid until the next call.
func (c *contexts) of(e *event.Event) *contextText {
	t := &c.slots[e.HostTID%uint32(len(c.slots))]
	if t.known && t.context == e.Context && t.process == e.Process && t.container == e.Container {
		return t
	}
	t.known = true
	t.context, t.process, t.container = e.Context, e.Process, e.Container
	t.head = appendWho(t.head[:0], &t.context)
	t.tail = t.appendTail(t.tail[:0])
	return t
}

// release frees a text that is too large to be kept.
func (t *contextText) release() {
	if cap(t.tail) > keepSize {
		*t = contextText{head: t.head}
	}
}

func appendWho(dst []byte, c *event.Context) []byte {
	dst = appendUint(append(dst, `,"processId":`...), uint64(c.PID))
	dst = appendUint(append(dst, `,"threadId":`...), uint64(c.TID))
	dst = appendUint(append(dst, `,"parentProcessId":`...), uint64(c.PPID))
	dst = appendUint(append(dst, `,"hostProcessId":`...), uint64(c.HostPID))
	dst = appendUint(append(dst, `,"hostThreadId":`...), uint64(c.HostTID))
	dst = appendUint(append(dst, `,"hostParentProcessId":`...), uint64(c.HostPPID))
	dst = appendUint(append(dst, `,"userId":`...), uint64(c.UID))
	dst = appendUint(append(dst, `,"mountNamespace":`...), uint64(c.MntNS))
	dst = appendUint(append(dst, `,"pidNamespace":`...), uint64(c.PidNS))
	dst, _ = appendString(append(dst, `,"processName":`...), event.Text(&c.Comm))
	dst, _ = appendString(append(dst, `,"hostName":`...), event.Text(&c.UTS))
	return dst
}

// appendTail writes what follows the object.
func (t *contextText) appendTail(dst []byte) []byte {
	c := &t.context
	dst = appendRaw(dst, `,"processNameRaw":`, event.Text(&c.Comm))
	dst = appendRaw(dst, `,"hostNameRaw":`, event.Text(&c.UTS))
	dst = appendUint(append(dst, `,"cgroupId":`...), c.Cgroup)
	dst = append(dst, `,"process":{`...)
	if t.process != nil {
		dst = appendProgram(dst, t.process)
	}
	dst = appendUint(append(dst, `"start":`...), c.Start)
	dst = appendUint(append(dst, `,"threadStart":`...), c.ThreadStart)
	dst = appendUint(append(dst, `,"euid":`...), uint64(c.EUID))
	dst = appendUint(append(dst, `,"gid":`...), uint64(c.GID))
	dst = appendUint(append(dst, `,"capEffective":`...), c.Cap)
	if p := t.process; p != nil {
		dst = appendUint(append(dst, `,"version":`...), uint64(p.Version))
		now := processOf(c)
		dst = append(dst, `,"actor":{`...)
		before := len(dst)
		dst = appendDifference(dst, p, &now)
		if len(dst) == before {
			dst = dst[:before-len(`,"actor":{`)]
		} else {
			dst = closeList(dst, '}')
		}
		dst = appendAncestors(dst, p)
	}
	dst = append(dst, '}')
	if t.container != nil {
		dst = appendContainer(dst, t.container)
	}
	return dst
}

// appendRaw writes a key with the exact bytes of a string, if it is not UTF-8.
func appendRaw[S ~[]byte | ~string](dst []byte, key string, s S) []byte {
	for i := range len(s) {
		if s[i] >= 0x80 {
			at := len(dst)
			if _, exact := appendEscaped(dst, s); exact { // written beyond the end of dst and forgotten
				return dst[:at]
			}
			return appendBase64(append(dst, key...), s)
		}
	}
	return dst
}

// appendProgram writes what a process runs, with a comma at the end.
func appendProgram(dst []byte, p *event.Process) []byte {
	dst = append(appendExe(dst, p.Exe), `,"argv":[`...)
	exact := true
	for _, a := range p.Argv {
		ok := false
		dst, ok = appendString(dst, a)
		dst = append(dst, ',')
		exact = exact && ok
	}
	dst = closeList(dst, ']')
	if !exact {
		dst = append(dst, `,"argvRaw":[`...)
		for _, a := range p.Argv {
			dst = append(appendBase64(dst, a), ',')
		}
		dst = closeList(dst, ']')
	}
	dst, exact = appendString(append(dst, `,"cwd":`...), p.Cwd)
	if !exact {
		dst = appendBase64(append(dst, `,"cwdRaw":`...), p.Cwd)
	}
	return append(dst, ',')
}

func appendExe(dst []byte, exe string) []byte {
	dst, exact := appendString(append(dst, `"exe":`...), exe)
	if !exact {
		dst = appendBase64(append(dst, `,"exeRaw":`...), exe)
	}
	return dst
}

// processOf is a process as the context of an event describes it.
func processOf(c *event.Context) event.Process {
	return event.Process{PID: c.HostPID, PPID: c.HostPPID, Start: c.Start, UID: c.UID, EUID: c.EUID, GID: c.GID,
		Cap: c.Cap, Comm: string(event.Text(&c.Comm)), MntNS: c.MntNS, PidNS: c.PidNS, Cgroup: c.Cgroup}
}

// appendDifference writes the facts of p, except those of its program, that
// differ from the other's, each with a comma after it.
func appendDifference(dst []byte, p, other *event.Process) []byte {
	dst = appendDiffering(dst, `"pid":`, uint64(p.PID), uint64(other.PID))
	dst = appendDiffering(dst, `"parentPid":`, uint64(p.PPID), uint64(other.PPID))
	dst = appendDiffering(dst, `"start":`, p.Start, other.Start)
	if p.Comm != other.Comm {
		dst = appendName(dst, p.Comm)
	}
	return appendCredDifference(dst, p, other)
}

// appendCredDifference writes credentials, namespaces and cgroup where they
// differ.
func appendCredDifference(dst []byte, p, other *event.Process) []byte {
	dst = appendDiffering(dst, `"uid":`, uint64(p.UID), uint64(other.UID))
	dst = appendDiffering(dst, `"euid":`, uint64(p.EUID), uint64(other.EUID))
	dst = appendDiffering(dst, `"gid":`, uint64(p.GID), uint64(other.GID))
	dst = appendDiffering(dst, `"capEffective":`, p.Cap, other.Cap)
	dst = appendDiffering(dst, `"mountNamespace":`, uint64(p.MntNS), uint64(other.MntNS))
	dst = appendDiffering(dst, `"pidNamespace":`, uint64(p.PidNS), uint64(other.PidNS))
	return appendDiffering(dst, `"cgroupId":`, p.Cgroup, other.Cgroup)
}

func appendDiffering(dst []byte, key string, a, b uint64) []byte {
	if a == b {
		return dst
	}
	return append(appendUint(append(dst, key...), a), ',')
}

func appendName(dst []byte, comm string) []byte {
	dst, exact := appendString(append(dst, `"name":`...), comm)
	dst = append(dst, ',')
	if !exact {
		dst = append(appendBase64(append(dst, `"nameRaw":`...), comm), ',')
	}
	return dst
}

// maxAncestors bounds the list, so that a chain of a thousand shells does not
// make every line a megabyte.
const maxAncestors = 64

// appendAncestors writes the parents, nearest first, and of their credentials,
// namespaces and cgroup what differs from the process before. Only the parent's
// program is whole: of the others the executable says enough, and argument
// vectors up to the first process would be most of every line.
func appendAncestors(dst []byte, p *event.Process) []byte {
	if p.Parent == nil {
		return dst
	}
	dst = append(dst, `,"ancestors":[`...)
	n := 0
	below, a := p, p.Parent
	for ; a != nil && n < maxAncestors; below, a = a, a.Parent {
		n++
		dst = appendUint(append(dst, `{"pid":`...), uint64(a.PID))
		dst = appendUint(append(dst, `,"parentPid":`...), uint64(a.PPID))
		dst = append(dst, ',')
		dst = appendName(dst, a.Comm)
		if n == 1 {
			dst = appendProgram(dst, a)
		} else {
			dst = append(appendExe(dst, a.Exe), ',')
		}
		dst = append(appendUint(append(dst, `"start":`...), a.Start), ',')
		dst = appendCredDifference(dst, a, below)
		dst = append(appendUint(append(dst, `"version":`...), uint64(a.Version)), '}', ',')
	}
	dst = closeList(dst, ']')
	if a != nil {
		dst = append(dst, `,"ancestorsCut":true`...)
	}
	return dst
}

func appendContainer(dst []byte, c *event.Container) []byte {
	dst = append(dst, `,"container":{`...)
	for _, f := range [...]struct{ key, text string }{{"id", c.ID}, {"name", c.Name}, {"image", c.Image}} {
		exact := false
		dst = append(append(append(dst, '"'), f.key...), '"', ':')
		dst, exact = appendString(dst, f.text)
		dst = append(dst, ',')
		if !exact {
			dst = append(append(append(dst, '"'), f.key...), `Raw":`...)
			dst = append(appendBase64(dst, f.text), ',')
		}
	}
	dst = appendUint(append(dst, `"started":`...), uint64(c.Started))
	if c.New {
		return append(dst, `,"new":true}`...)
	}
	return append(dst, `,"new":false}`...)
}
