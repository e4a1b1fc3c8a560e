package watch

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/tracee"
	"github.com/bulwark-security/bulwark/sensor"
	"github.com/bulwark-security/bulwark/workload"
)

// script is a sensor that delivers what it is given, batch by batch. It keeps
// the kernel's part of the account as a real sensor does.
type script struct {
	batches [][]event.Event
	gaps    map[int][]sensor.Gap // by batch
	fail    error                // after the last batch, instead of the end
	next    int
	account event.Account
	stopped bool
}

func (s *script) Open(context.Context, []filter.Plan) (sensor.Stream, error) {
	s.account = event.Account{Events: map[event.ID]*event.Counts{}}
	for _, b := range s.batches {
		for i := range b {
			s.count(b[i].ID).Generated++
			s.count(b[i].ID).Pending++
		}
	}
	return s, nil
}

func (s *script) count(id event.ID) *event.Counts {
	if s.account.Events[id] == nil {
		s.account.Events[id] = &event.Counts{}
	}
	return s.account.Events[id]
}

func (s *script) Next(b *sensor.Batch) error {
	if s.next == len(s.batches) {
		if s.fail != nil {
			return s.fail
		}
		return io.EOF
	}
	b.Events, b.Gaps = slices.Clone(s.batches[s.next]), s.gaps[s.next]
	for i := range b.Events {
		s.count(b.Events[i].ID).Pending--
		s.count(b.Events[i].ID).Delivered++
	}
	s.next++
	return nil
}

func (s *script) SetPlans([]filter.Plan) error { return nil }
func (s *script) Account() event.Account       { return s.account }
func (s *script) Stop() error                  { s.stopped = true; return nil }
func (s *script) Close() error                 { return nil }

// call is a system call without arguments by user uid, wanted by every plan.
func call(t *testing.T, name string, time event.Time, uid uint32) event.Event {
	t.Helper()
	row := dictionary.Lookup(name)
	var b event.Builder
	b.Begin(row.ID, time, 0, len(row.Args))
	e := event.Event{Context: event.Context{HostPID: 10, HostTID: 10, UID: uid}}
	if !e.SetRaw(slices.Clone(b.End())) {
		t.Fatal("record is not whole")
	}
	e.Wanted = ^uint64(0)
	return e
}

func consumer(t *testing.T, expressions ...string) *Consumer {
	t.Helper()
	expr, err := tracee.Parse(expressions, tracee.Options{})
	if err != nil {
		t.Fatal(err)
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		t.Fatal(err)
	}
	return &Consumer{Program: program, Event: func(*event.Event) error { return nil }}
}

// holds checks generated = delivered + filtered + lost + pending, and pending 0.
func holds(t *testing.T, a event.Account, generated, delivered uint64) {
	t.Helper()
	if a.Generated != generated || a.Delivered != delivered || a.Pending != 0 || a.Generated != a.Delivered+a.Filtered+a.Lost {
		t.Errorf("account %+v, want generated %d and delivered %d", a.Counts, generated, delivered)
	}
}

func TestEachConsumerHasItsOwnAccount(t *testing.T) {
	s := &script{batches: [][]event.Event{
		{call(t, "getppid", 1, 0), call(t, "getuid", 2, 1000)},
		{call(t, "getppid", 3, 1000)},
	}}
	root, parents := consumer(t, "event=getppid,getuid", "uid=0"), consumer(t, "event=getppid")
	var times []event.Time
	parents.Event = func(e *event.Event) error { times = append(times, e.Time); return nil }
	flushes := 0
	parents.Flush = func() error { flushes++; return nil }
	w, err := Open(t.Context(), s, workload.New(), root, parents)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(); err != nil {
		t.Fatal(err)
	}
	holds(t, w.Account(0), 3, 1)
	holds(t, w.Account(1), 2, 2)
	if !slices.Equal(times, []event.Time{1, 3}) || flushes < 2 {
		t.Errorf("events at %v, %d flushes", times, flushes)
	}
}

func TestGapStandsWhereItHappened(t *testing.T) {
	s := &script{
		batches: [][]event.Event{{call(t, "getppid", 1, 0), call(t, "getppid", 2, 0)}},
		gaps:    map[int][]sensor.Gap{0: {{Index: 1, Lost: 7}, {Index: 2, Lost: 9}}},
	}
	c := consumer(t, "event=getppid")
	var story []uint64
	c.Event = func(e *event.Event) error { story = append(story, uint64(e.Time)); return nil }
	c.Gap = func(g sensor.Gap) error { story = append(story, g.Lost); return nil }
	w, err := Open(t.Context(), s, workload.New(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(story, []uint64{1, 7, 2, 9}) {
		t.Errorf("order %v, want event, gap, event, gap", story)
	}
}

func TestStopLeavesNothingPending(t *testing.T) {
	s := &script{batches: [][]event.Event{
		{call(t, "getppid", 1, 0), call(t, "getppid", 2, 0)},
		{call(t, "getppid", 3, 0)},
	}}
	c := consumer(t, "event=getppid")
	c.Event = func(*event.Event) error { return ErrStop }
	w, err := Open(t.Context(), s, workload.New(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(); err != nil {
		t.Fatal(err)
	}
	if !s.stopped {
		t.Error("the sensor was not stopped")
	}
	holds(t, w.Account(0), 3, 1)
}

func TestFailuresSurface(t *testing.T) {
	broken := errors.New("broken")
	s := &script{batches: [][]event.Event{{call(t, "getppid", 1, 0)}}, fail: broken}
	w, err := Open(t.Context(), s, workload.New(), consumer(t, "event=getppid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(); !errors.Is(err, broken) {
		t.Errorf("the sensor's failure became %v", err)
	}
	c := consumer(t, "event=getppid")
	c.Flush = func() error { return broken }
	s = &script{batches: [][]event.Event{{call(t, "getppid", 1, 0)}}}
	if w, err = Open(t.Context(), s, workload.New(), c); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(); !errors.Is(err, broken) {
		t.Errorf("the consumer's failure became %v", err)
	}
}
