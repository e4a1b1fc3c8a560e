package kernel

import (
	"testing"
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/sensor"
)

// page is what a ring and its counters look like, made in user space.
type page struct {
	shared cpuShared
	memory []uint64
	ring   ring
}

const testRing = 64 << 10

func newPage(cpu uint16) *page {
	p := &page{memory: make([]uint64, (testRing+ringSlack)/8)}
	p.ring = ring{shared: &p.shared, base: unsafe.Pointer(&p.memory[0]), mask: testRing - 1, cpu: cpu}
	return p
}

// put appends a record, behind a context if the ring is empty.
func (p *page) put(time event.Time, id event.ID) {
	if p.shared.Head == 0 {
		h := p.ring.at(0)
		*h = header{size: uint32(event.HeaderSize + unsafe.Sizeof(event.Context{})), id: contextID}
		c := (*event.Context)(unsafe.Add(unsafe.Pointer(h), event.HeaderSize))
		c.HostPID = uint32(p.ring.cpu) + 100
		p.shared.Head += uint64(h.size)
	}
	h := p.ring.at(p.shared.Head)
	*h = header{time: uint64(time), size: event.HeaderSize + 8, id: uint16(id), nargs: 1, wanted: 1}
	p.shared.Head += uint64(h.size)
}

func testStream(pages ...*page) *Stream {
	s := &Stream{programs: &programs{control: &control{}}, lane: &laneRing{bound: 1 << 62}}
	for _, p := range pages {
		s.rings = append(s.rings, &p.ring)
	}
	return s
}

// The records of all CPUs come by time, each with the context of its own.
func TestMerge(t *testing.T) {
	a, b := newPage(0), newPage(1)
	for i := range 100 {
		a.put(event.Time(10+i*3), 1)
		b.put(event.Time(11+i*2), 2)
	}
	s := testStream(a, b)
	for _, r := range s.rings {
		r.look(1 << 40)
	}
	s.bound = 1 << 40
	s.sort()
	batch := sensor.Batch{Events: make([]event.Event, 0, batchSize)}
	s.fill(&batch)
	if len(batch.Events) != 200 {
		t.Fatalf("%d events", len(batch.Events))
	}
	for i := range batch.Events {
		e := &batch.Events[i]
		if e.HostPID != 99+uint32(e.ID) || e.CPU != uint16(e.ID)-1 {
			t.Errorf("event %d of CPU %d belongs to %d", e.ID, e.CPU, e.HostPID)
		}
		if i > 0 && e.Time < batch.Events[i-1].Time {
			t.Errorf("event %d is older than the one before", i)
		}
	}
}

// Nothing younger than the bound is told, and it is told later.
func TestMergeWaits(t *testing.T) {
	a, b := newPage(0), newPage(1)
	a.put(10, 1)
	a.put(20, 1)
	b.put(15, 1)
	s := testStream(a, b)
	for _, r := range s.rings {
		r.look(17)
	}
	s.bound = 17
	s.sort()
	batch := sensor.Batch{Events: make([]event.Event, 0, batchSize)}
	s.fill(&batch)
	if len(batch.Events) != 2 {
		t.Errorf("%d events up to 17", len(batch.Events))
	}
	s.bound = 100
	s.fill(&batch)
	if len(batch.Events) != 3 {
		t.Errorf("%d events in all", len(batch.Events))
	}
}

// Reading allocates nothing.
func TestReadAllocatesNothing(t *testing.T) {
	a, b := newPage(0), newPage(1)
	for i := range 500 {
		a.put(event.Time(10+i*3), 1)
		b.put(event.Time(11+i*2), 2)
	}
	s := testStream(a, b)
	batch := sensor.Batch{Events: make([]event.Event, 0, batchSize)}
	n := testing.AllocsPerRun(20, func() {
		batch.Events = batch.Events[:0]
		for _, r := range s.rings {
			r.pos = 0
			r.look(1 << 40)
		}
		s.bound = 1 << 40
		s.sort()
		s.fill(&batch)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Records that continue each other become one, wherever the cut was.
func TestJoin(t *testing.T) {
	var b event.Builder
	b.Begin(59, 7, 0, 3)
	b.SetFlags(event.FlagMore)
	b.Item(0, 0, []byte("/bin/x"))
	b.Item(1, 0, []byte("x\x00arg"))
	first := append([]byte(nil), b.End()...)
	b.Begin(59, 7, 0, 0)
	b.Item(1, event.ItemHole, []byte("ument\x00"))
	b.Item(2, 0, []byte("A=1\x00"))
	whole := join(first, b.End())
	var e event.Event
	if !e.SetRaw(whole) || e.Flags&event.FlagMore != 0 {
		t.Fatalf("flags %x", e.Flags)
	}
	argv, flags, _ := e.Item(1)
	env, _, _ := e.Item(2)
	if string(argv) != "x\x00argument\x00" || flags != event.ItemHole || string(env) != "A=1\x00" {
		t.Errorf("argv %q flags %x, env %q", argv, flags, env)
	}
}

// BenchmarkRead is what the reader needs for a record, its header decoded.
func BenchmarkRead(b *testing.B) {
	p := newPage(0)
	for i := range 1000 {
		p.put(event.Time(10+i), 1)
	}
	s := testStream(p)
	batch := sensor.Batch{Events: make([]event.Event, 0, batchSize)}
	for b.Loop() {
		batch.Events = batch.Events[:0]
		p.ring.pos = 0
		p.ring.look(1 << 40)
		s.bound = 1 << 40
		s.sort()
		s.fill(&batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}
