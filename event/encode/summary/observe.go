package summary

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// handlers says which events answer which question.
func handlers() (h []handler, fills [][]table) {
	all := dictionary.All()
	h = make([]handler, int(all[len(all)-1].ID)+1)
	fills = make([][]table, len(h))
	set := func(tables []table, f handler, names ...string) {
		for _, name := range names {
			if info := dictionary.Lookup(name); info != nil {
				h[info.ID], fills[info.ID] = f, tables
			}
		}
	}
	set([]table{programs}, (*Summary).execCall, "execve", "execveat")
	set([]table{programs}, (*Summary).exec, "sched_process_exec")
	set([]table{filesRead, filesWritten}, (*Summary).open, "open", "openat", "openat2", "creat", "open_by_handle_at")
	set([]table{filesRead, filesWritten}, (*Summary).hookedOpen, "security_file_open")
	set([]table{filesRead}, moved(filesRead, first, 0), "read", "pread64", "readv", "preadv", "preadv2")
	set([]table{filesWritten}, moved(filesWritten, first, wrote), "write", "pwrite64", "writev", "pwritev", "pwritev2")
	set([]table{filesWritten}, moved(filesWritten, second, wrote), "vfs_write", "vfs_writev")
	set([]table{filesWritten}, changed(removed, 0), "unlink", "unlinkat", "rmdir")
	set([]table{filesWritten}, changed(renamed, 1), "rename", "renameat", "renameat2")
	set([]table{filesWritten}, changed(linked, 1), "link", "linkat", "symlink", "symlinkat")
	set([]table{filesWritten}, changed(made, 0), "mkdir", "mkdirat", "mknod", "mknodat")
	set([]table{filesWritten}, changed(truncated, 0), "truncate", "ftruncate")
	set([]table{filesWritten}, changed(attributes, 0), "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
		"setxattr", "lsetxattr", "fsetxattr", "utime", "utimes", "utimensat", "futimesat")
	set([]table{peers}, talked(connected, first), "connect")
	set([]table{peers}, talked(connected, second), "security_socket_connect")
	set([]table{peers}, talked(accepted, first), "accept", "accept4")
	set([]table{peers}, talked(listened, first), "listen")
	set([]table{peers}, talked(listened, second), "security_socket_listen")
	set([]table{peers}, talked(sent, first), "sendto", "sendmsg")
	set([]table{peers}, talked(received, first), "recvfrom", "recvmsg")
	set([]table{capabilities}, (*Summary).capability, "cap_capable")
	return h, fills
}

// A run is a program that execve was asked for.
type run struct {
	program, line string
}

// execCall sees an exec begin, and perhaps fail. Only then it is known that the
// program did not run.
func (s *Summary) execCall(e *event.Event, _ *dictionary.Event) {
	s.fed[programs] = true
	if e.Ret < 0 && e.Flags&event.FlagEntry == 0 {
		delete(s.begun, e.HostTID)
		return
	}
	s.commit(e.HostTID)
	s.programKey(e)
	s.text = s.text[:0]
	s.noteArgv(e)
	if len(s.begun) >= limit {
		s.commitAll()
	}
	s.begun[e.HostTID] = run{string(s.key), string(s.text[:min(len(s.text), 500)])}
}

// commit counts the program that a thread asked for: nothing said that it failed.
func (s *Summary) commit(tid uint32) {
	r, ok := s.begun[tid]
	if !ok {
		return
	}
	delete(s.begun, tid)
	s.key = append(s.key[:0], r.program...)
	if row := s.count(programs, second, 0, nil, nil); row.note == "" {
		row.note = r.line
	}
}

func (s *Summary) commitAll() {
	for _, tid := range slices.Sorted(maps.Keys(s.begun)) {
		s.commit(tid)
	}
}

// exec sees a program that runs.
func (s *Summary) exec(e *event.Event, _ *dictionary.Event) {
	s.programKey(e)
	s.count(programs, first, 0, (*Summary).noteArgv, e)
}

// programKey is the file that was really executed, or the one that was asked for.
func (s *Summary) programKey(e *event.Event) {
	s.key = s.key[:0]
	if e.Object(event.FieldExe, &s.v) || e.Object(event.FieldPath, &s.v) {
		s.key = append(s.key, s.v.Bytes...)
		return
	}
	s.key = s.appendArgPath(s.key, e, 0)
}

func (s *Summary) noteArgv(e *event.Event) {
	i := e.Info().ArgIndex("argv")
	if !e.Object(event.FieldArgv, &s.v) && !e.Arg(i, &s.v) {
		return
	}
	for arg, rest, ok := event.NextString(s.v.Bytes); ok && len(s.text) < 500; arg, rest, ok = event.NextString(rest) {
		if len(s.text) > 0 {
			s.text = append(s.text, ' ')
		}
		if len(arg) == 0 || bytes.ContainsAny(arg, " \t\n'\"") {
			s.text = strconv.AppendQuote(s.text, string(arg))
		} else {
			s.text = append(s.text, arg...)
		}
	}
}

// appendArgPath appends the n-th path argument, on the directory that it is
// relative to, if that is known.
func (s *Summary) appendArgPath(dst []byte, e *event.Event, n int) []byte {
	for i, a := range e.Info().Args {
		if a.Class != dictionary.String {
			continue
		}
		if n > 0 {
			n--
			continue
		}
		if !e.Arg(i, &s.v) {
			return dst
		}
		if len(s.v.Bytes) > 0 && s.v.Bytes[0] != '/' {
			var dir event.Value
			if e.Object(event.FieldDir, &dir) || e.Object(event.FieldCwd, &dir) {
				dst = append(append(dst, dir.Bytes...), '/')
			}
		}
		return append(dst, s.v.Bytes...)
	}
	return dst
}

// path puts the file that the event reached into s.key, the n-th one. It
// reports whether there is one that has a name in a file system.
func (s *Summary) path(e *event.Event, n int) bool {
	s.key = s.key[:0]
	field, tag := event.FieldPath, uint8(event.TagPath)
	if n == 1 {
		field, tag = event.FieldPath2, event.TagPath2
	}
	if e.Object(field, &s.v) {
		if _, flags, _ := e.Item(tag); flags&event.ItemAnon != 0 {
			return false
		}
		s.key = append(s.key, s.v.Bytes...)
	} else {
		s.key = s.appendArgPath(s.key, e, n)
	}
	return len(s.key) > 0
}

// Bits of the flags of open, the same on both architectures.
const (
	accMode = 3
	oCreat  = 0o100
	oTrunc  = 0o1000
	oPath   = 0o10000000
)

func (s *Summary) open(e *event.Event, info *dictionary.Event) {
	s.fed[filesRead], s.fed[filesWritten] = true, true
	if e.Ret < 0 {
		return
	}
	flags := uint64(1 | oCreat | oTrunc) // creat
	if i := info.ArgIndex("flags"); i >= 0 && e.Arg(i, &s.v) {
		flags = s.v.Num
	} else if e.Object(event.FieldFlags, &s.v) {
		flags = s.v.Num
	}
	s.openedWith(e, flags, first)
}

func (s *Summary) hookedOpen(e *event.Event, info *dictionary.Event) {
	s.fed[filesRead], s.fed[filesWritten] = true, true
	if i := info.ArgIndex("flags"); e.Arg(i, &s.v) {
		s.openedWith(e, s.v.Num, second)
	}
}

func (s *Summary) openedWith(e *event.Event, flags uint64, from source) {
	if flags&oPath != 0 || !s.path(e, 0) {
		return
	}
	if mode := flags & accMode; mode == 0 || mode == 2 {
		s.count(filesRead, from, opened, (*Summary).noteProgram, e)
	}
	w := opened
	if flags&oCreat != 0 {
		w |= created
	}
	if flags&oTrunc != 0 {
		w |= truncated
	}
	if mode := flags & accMode; mode == 1 || mode == 2 || w&truncated != 0 {
		s.count(filesWritten, from, w, (*Summary).noteProgram, e)
	}
}

// moved counts the bytes that a call read or wrote, where its file is known.
func moved(t table, from source, w ways) handler {
	return func(s *Summary, e *event.Event, _ *dictionary.Event) {
		s.fed[t] = true
		if e.Ret <= 0 {
			return
		}
		if !e.Object(event.FieldPath, &s.v) && from == first || !s.path(e, 0) {
			return
		}
		r := s.count(t, from, w, (*Summary).noteProgram, e)
		r.bytes[from] += uint64(e.Ret)
	}
}

// changed counts a change of a name or of what stands beside the contents. n is
// which of the paths is meant.
func changed(w ways, n int) handler {
	return func(s *Summary, e *event.Event, _ *dictionary.Event) {
		s.fed[filesWritten] = true
		if e.Ret >= 0 && (s.path(e, n) || n > 0 && s.path(e, 0)) {
			s.count(filesWritten, first, w, (*Summary).noteProgram, e)
		}
	}
}

// capability counts a check by what was asked for.
func (s *Summary) capability(e *event.Event, info *dictionary.Event) {
	i := info.ArgIndex("cap")
	if !e.Arg(i, &s.v) {
		s.fed[capabilities] = true
		return
	}
	s.key = e.AppendText(s.key[:0], i, &s.v, event.ModeAll)
	w := granted
	if e.Ret < 0 {
		w = denied
	}
	s.count(capabilities, first, w, (*Summary).noteProgram, e)
}
