// Package summary says what happened, on one screen instead of in a million
// lines: which programs ran, which files were read and changed, who was talked
// to, which capabilities were used, and what failed.
//
//	s := summary.New()
//	for … { s.Observe(&e) }
//	out = s.AppendText(out, 80, false)
//
// Memory is bounded: every table keeps its most frequent keys, and says when
// others had to be forgotten. What is not traced is not counted: a table without
// the events that fill it says which they are. A Summary serves one goroutine.
package summary

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// limit is how many keys a table keeps.
const limit = 4096

// A table is one of the questions that a summary answers.
type table int

const (
	programs table = iota
	filesRead
	filesWritten
	peers
	capabilities
	failures
	numTables
)

// A source is what a table is filled from: the second is used only where the
// first saw nothing, so that an open is not counted as a call and again as what
// the kernel made of it.
type source int

const (
	first source = iota
	second
	numSources
)

// Summary is what was seen so far.
type Summary struct {
	events    uint64
	from, to  event.Time
	processes map[process]struct{}
	more      bool // of processes, than are kept
	tables    [numTables][numSources]*counter
	fed       [numTables]bool // something is traced that can fill the table
	handlers  []handler
	fills     [][]table      // the tables that an event can fill
	begun     map[uint32]run // programs that were asked for, by thread
	key, text []byte
	v         event.Value
}

type process struct {
	pid   uint32
	start uint64
}

const mostProcesses = 1 << 16

// A handler counts one kind of event.
type handler func(*Summary, *event.Event, *dictionary.Event)

// New returns an empty summary.
func New() *Summary {
	s := &Summary{processes: map[process]struct{}{}, begun: map[uint32]run{}}
	s.handlers, s.fills = handlers()
	for t := range s.tables {
		for i := range s.tables[t] {
			s.tables[t][i] = newCounter(limit)
		}
	}
	return s
}

// Trace says which events are traced: where none of them came, there was none.
func (s *Summary) Trace(ids ...event.ID) {
	for _, id := range ids {
		if int(id) >= len(s.fills) {
			continue
		}
		for _, t := range s.fills[id] {
			s.fed[t] = true
		}
		if info := dictionary.ByID(id); info != nil && info.Kind == dictionary.Syscall {
			s.fed[failures] = true
		}
	}
}

// Observe counts an event.
func (s *Summary) Observe(e *event.Event) {
	if s.events == 0 || e.Time < s.from {
		s.from = e.Time
	}
	s.to = max(s.to, e.Time)
	s.events++
	p := process{e.HostPID, e.Start}
	if _, ok := s.processes[p]; !ok {
		if len(s.processes) < mostProcesses {
			s.processes[p] = struct{}{}
		} else {
			s.more = true
		}
	}
	info := e.Info()
	if info == nil {
		return
	}
	if int(e.ID) < len(s.handlers) && s.handlers[e.ID] != nil {
		s.handlers[e.ID](s, e, info)
	}
	if info.Kind == dictionary.Syscall {
		s.fed[failures] = true
		if failure(e) {
			s.failed(e, info)
		}
	}
}

// failure reports whether a system call returned an error to its caller: not a
// code by which the kernel restarts it, and not the connection that has begun.
func failure(e *event.Event) bool {
	const restarts, restartsEnd = 512, 517
	n := -e.Ret
	return n > 0 && n < 4096 && (n < restarts || n >= restartsEnd) && e.Ret != inProgress && e.Flags&event.FlagEntry == 0
}

// count adds the key in s.key to a table. The note is kept of the first time.
func (s *Summary) count(t table, from source, w ways, note func(*Summary, *event.Event), e *event.Event) *row {
	s.fed[t] = true
	r, fresh := s.tables[t][from].add(s.key)
	r.ways |= w
	if fresh && note != nil {
		s.text = s.text[:0]
		note(s, e)
		r.note = string(s.text[:min(len(s.text), 500)])
	}
	return r
}

// source is the counter that a table is shown from.
func (s *Summary) source(t table) *counter {
	if s.tables[t][first].total == 0 {
		return s.tables[t][second]
	}
	return s.tables[t][first]
}

// failed counts an error by event and number.
func (s *Summary) failed(e *event.Event, info *dictionary.Event) {
	s.key = append(append(s.key[:0], info.Name...), ' ')
	if name := dictionary.Errno(int(-e.Ret)); name != "" {
		s.key = append(s.key, name...)
	} else {
		s.key = event.AppendRaw(s.key, &event.Value{Class: dictionary.Long, Num: uint64(-e.Ret)})
	}
	s.count(failures, first, 0, (*Summary).noteFailure, e)
}

// noteFailure says who failed, and on what.
func (s *Summary) noteFailure(e *event.Event) {
	s.noteProgram(e)
	info := e.Info()
	for i, a := range info.Args {
		if (a.Class == dictionary.String || a.Class == dictionary.Sockaddr) && e.Arg(i, &s.v) {
			s.text = append(s.text, ' ')
			if a.Class == dictionary.Sockaddr {
				s.text = appendEnd(s.text, s.v.Bytes)
			} else {
				s.text = append(s.text, s.v.Bytes...)
			}
			return
		}
	}
}

// noteProgram says who did it.
func (s *Summary) noteProgram(e *event.Event) {
	s.text = append(s.text, event.Text(&e.Comm)...)
}
