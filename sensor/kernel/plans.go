package kernel

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
)

// TreeOfCommand, as the Tree of a plan, restricts the stream to the command that
// Start will start, and all that it forks.
const TreeOfCommand = ^uint32(0)

// Events that are made of every system call.
const (
	eventSysEnter event.ID = 1000
	eventSysExit  event.ID = 1001
)

type bitmaps [2][numberCount / 64]uint64

// SetPlans replaces the plans of the stream. The new ones stand in the copy of
// the tables that is not in force; one store puts them in force.
func (s *Stream) SetPlans(plans []filter.Plan) error {
	if len(plans) > filter.MaxPlans {
		return fmt.Errorf("plans: %d of them: a sensor takes %d", len(plans), filter.MaxPlans)
	}
	s.planMu.Lock()
	defer s.planMu.Unlock()
	plans = filter.Fit(plans)
	selected, err := s.layOut(plans, s.version+1)
	if err != nil {
		return err
	}
	if err := s.needEntry(plans, selected[1]); err != nil {
		return err
	}
	if err := s.attachHooks(); err != nil {
		return err
	}
	s.putInForce(selected)
	return nil
}

// attachHooks attaches the optional programs of every event that was ever
// selected, and remembers which of them cannot be had.
func (s *Stream) attachHooks() error {
	s.mu.Lock()
	ids := slices.Sorted(maps.Keys(s.selected))
	s.mu.Unlock()
	failed := s.hooks.attach(ids)
	if !s.hooks.watchesState() {
		for _, e := range dictionary.All() {
			if e.Kind == dictionary.Syscall && changesState(e.Name) {
				s.control.Descs[slot(e.ID)].Flags |= descState
			}
		}
		if s.old && !s.state {
			s.state = true
			if err := s.attach("state"); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	s.failed = failed
	s.mu.Unlock()
	return nil
}

// Unavailable are the selected events that no hook of this kernel delivers, each
// with the reason.
func (s *Stream) Unavailable() map[event.ID]error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.failed)
}

// putInForce makes the copy of the next version the one that the programs read.
// Until the old one is out of use, both versions' calls are looked at.
func (s *Stream) putInForce(selected bitmaps) {
	c := s.control
	for when := range selected {
		for i, bits := range selected[when] {
			word := &c.Selected[when][i]
			atomic.StoreUint64(word, atomic.LoadUint64(word)|bits)
		}
	}
	s.mu.Lock()
	s.version++
	atomic.StoreUint32(&c.Version, s.version)
	s.mu.Unlock()
	settle()
	for when := range selected {
		for i, bits := range selected[when] {
			atomic.StoreUint64(&c.Selected[when][i], bits)
		}
	}
}

// layOut fills the copy of that version and says which calls the programs must
// look at.
func (s *Stream) layOut(plans []filter.Plan, version uint32) (bitmaps, error) {
	copied := version & 1
	c := s.control
	var all compiler
	c.AllPlans[copied] = 1<<len(plans) - 1
	c.Follow[copied] = 0
	wants := map[event.ID]uint16{}
	if slices.ContainsFunc(plans, asksForClosed) {
		s.stashClosed()
	}
	for i, p := range plans {
		all.clauses(i, p.Process, nil)
		if p.Follow {
			c.Follow[copied] |= 1 << i
		}
		for _, id := range p.Events {
			wants[id] |= 1 << i
		}
	}
	c.ProcessAtoms[copied] = uint32(len(all.atoms))
	for i := range c.Descs {
		d := &c.Descs[i]
		d.Plans[copied], d.First[copied], d.Count[copied] = 0, 0, 0
	}
	for _, id := range slices.Sorted(maps.Keys(wants)) {
		e := dictionary.ByID(id)
		if e == nil || slot(id) == noSlot {
			return bitmaps{}, fmt.Errorf("plans: event %d: the dictionary has none of that number", id)
		}
		d := &c.Descs[slot(id)]
		d.Plans[copied], d.First[copied] = wants[id], uint16(len(all.atoms))
		for i, p := range plans {
			if wants[id]>>i&1 != 0 {
				all.clauses(i, p.PerEvent[id], e)
			}
		}
		d.Count[copied] = uint16(len(all.atoms)) - d.First[copied]
	}
	copy(c.Atoms[copied][:], all.atoms)
	s.mu.Lock()
	for id := range wants {
		s.selected[id] = true
	}
	s.mu.Unlock()
	return s.bitmaps(wants, c.Follow[copied] != 0), nil
}

// asksForClosed reports whether a plan asks what a close closed.
func asksForClosed(p filter.Plan) bool {
	for _, clause := range p.PerEvent[closeID] {
		for _, a := range clause {
			if a.Fact == filter.FactObjectPath || a.Fact == filter.FactObject {
				return true
			}
		}
	}
	return false
}

// stashClosed makes entry tell the object of a close from now on.
func (s *Stream) stashClosed() {
	d := &s.control.Descs[slot(closeID)]
	d.Object, d.ObjectArg = objectFile, 0
	d.Flags |= descItems | descStash
	s.stashes.Store(true)
}

// bitmaps are the native numbers to look at, at exit and at entry.
func (s *Stream) bitmaps(wants map[event.ID]uint16, follow bool) (b bitmaps) {
	for n := range numberCount {
		for _, compat := range []bool{false, true} {
			e := dictionary.Native(dictionary.Host, compat, n)
			if e == nil {
				continue
			}
			d := &s.control.Descs[slot(e.ID)]
			exec := d.Flags&descExec != 0
			want := wants[e.ID] != 0
			want = want || exec && (follow || s.control.Tree != 0)
			if want && (d.Flags&descEntry == 0 || exec) || d.Flags&(descState|descFresh) != 0 {
				b[0][n/64] |= 1 << (n % 64)
			}
			if want && d.Flags&(descEntry|descStash) != 0 {
				b[1][n/64] |= 1 << (n % 64)
			}
			if want && s.entryless && d.Flags&descReturn != 0 {
				b[0][sigreturn.Number[dictionary.Host]/64] |= 1 << (sigreturn.Number[dictionary.Host] % 64)
			}
		}
	}
	for when, id := range []event.ID{eventSysExit, eventSysEnter} {
		if wants[id] != 0 {
			for i := range b[when] {
				b[when][i] = ^uint64(0)
			}
		}
	}
	return b
}

// sigreturn is the call whose registers are replaced while it runs.
var sigreturn = dictionary.Lookup("rt_sigreturn")

// needEntry attaches the program at entry when something asks for it.
func (s *Stream) needEntry(plans []filter.Plan, selected [numberCount / 64]uint64) error {
	need := selected != [numberCount / 64]uint64{}
	if s.entryless {
		need = s.stashes.Load() || slices.ContainsFunc(plans, func(p filter.Plan) bool { return slices.Contains(p.Events, eventSysEnter) })
	}
	if s.entry || !need {
		return nil
	}
	s.entry = true
	return s.attach("sys_enter")
}
