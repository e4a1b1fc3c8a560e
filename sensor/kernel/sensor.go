package kernel

import (
	"context"
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/sensor"
)

// Sensor opens streams of this host's events.
type Sensor struct{ options Options }

// New is a sensor with these options.
func New(o Options) *Sensor { return &Sensor{o} }

// Open loads and attaches the programs. Everything that happens after its return
// is counted. The stream is a *Stream. A stream ends when ctx does.
func (s *Sensor) Open(ctx context.Context, plans []filter.Plan) (sensor.Stream, error) {
	h := chooseHierarchy()
	p, err := load(s.options, h)
	if err != nil {
		return nil, err
	}
	st := &Stream{
		ctx: ctx, options: s.options, programs: p, hooks: newHooks(p.spec, p.coll.Maps), selected: map[event.ID]bool{},
	}
	if err := st.open(plans, h); err != nil {
		st.hooks.Close()
		p.close()
		return nil, err
	}
	return st, nil
}

func (s *Stream) open(plans []filter.Plan, h hierarchy) (err error) {
	s.learnHost(s.options.IncludeSelf)
	s.describeAll()
	s.stashes.Store(s.options.FDPaths)
	for i, c := range s.cpus {
		s.rings = append(s.rings, &ring{
			shared: c, base: unsafe.Add(unsafe.Pointer(c), ringOffset), mask: s.ringMask, cpu: uint16(i),
		})
	}
	if s.lane, err = mapLane(s.coll.Maps["lane"]); err != nil {
		return err
	}
	s.restrict(plans)
	// A call of exit comes before the end of the process that it causes.
	if s.entryless {
		for name := range entrylessPrograms {
			if err := s.attach(name); err != nil {
				return err
			}
		}
	}
	// The life cycle first, so that the tables miss nothing; then what exists.
	for _, name := range lifecyclePrograms {
		if err := s.attach(name); err != nil {
			return err
		}
	}
	h.fill(s.coll.Maps["containers"])
	if err := s.SetPlans(plans); err != nil {
		return err
	}
	return s.attach("sys_exit")
}

// describeAll tells the programs how each system call is read.
func (s *Stream) describeAll() {
	for _, e := range dictionary.All() {
		if i := slot(e.ID); i != noSlot {
			if e.Kind == dictionary.Syscall {
				s.control.Descs[i] = describe(e, s.options)
			} else {
				s.control.Descs[i] = desc{ID: uint16(e.ID), NArgs: uint8(len(e.Args))}
			}
		}
	}
}

// restrict narrows the scope to trees of processes, if every plan asks for one.
func (s *Stream) restrict(plans []filter.Plan) {
	for _, p := range plans {
		if p.Tree == 0 {
			return
		}
	}
	if len(plans) == 0 {
		return
	}
	s.control.Tree = 1
	for _, p := range plans {
		if p.Tree != TreeOfCommand {
			s.addRoot(p.Tree)
		}
	}
}
