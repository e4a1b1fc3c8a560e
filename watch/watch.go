// Package watch is the pipeline, written once: any sensor in, actors attached,
// events filtered, each consumer served with its own account.
//
//	w, err := watch.Open(ctx, sensor, workload.New(), &watch.Consumer{Program: program, Event: print})
//	err = w.Run()
//	account := w.Account(0)
//
// Printing, recording, capture, detection and learning are consumers. The
// sensor runs the union of their plans; what crosses is decided exactly here,
// per consumer.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/sensor"
	"github.com/bulwark-security/bulwark/workload"
)

// ErrStop ends Run without an error when a consumer's function returns it. What
// the sensor still holds then is counted as filtered: nobody asked for it.
var ErrStop = errors.New("watch: stop")

// A Consumer is one reader of the stream. Its functions are called from Run's
// goroutine; an error from any of them ends Run with it.
type Consumer struct {
	Program *filter.Program
	// Tree is passed on to the plan: see filter.Plan.
	Tree uint32
	// Event gets each event that matches, in time order. The event and all that
	// it points to in its record are valid until Event returns.
	Event func(*event.Event) error
	// Gap tells that events are missing before the next one. It may be nil.
	Gap func(sensor.Gap) error
	// Flush is called when nothing more is at hand. It may be nil.
	Flush func() error

	listed              []bool   // by event id: selected, so in the account
	delivered, rejected []uint64 // by event id; guarded by Watch.mu
}

// Watch is an open pipeline.
type Watch struct {
	stream    sensor.Stream
	table     *workload.Table
	consumers []*Consumer
	mu        sync.Mutex
}

// Open opens the sensor with the consumers' plans. At most 16 consumers.
func Open(ctx context.Context, s sensor.Sensor, table *workload.Table, consumers ...*Consumer) (*Watch, error) {
	w := &Watch{table: table, consumers: consumers}
	ids := 0
	for _, e := range dictionary.All() {
		ids = max(ids, int(e.ID)+1)
	}
	plans := make([]filter.Plan, len(consumers))
	for i, c := range consumers {
		plans[i] = c.Program.Plan()
		plans[i].Tree = c.Tree
		c.listed, c.delivered, c.rejected = make([]bool, ids), make([]uint64, ids), make([]uint64, ids)
		for _, id := range c.Program.Events() {
			c.listed[id] = true
		}
	}
	stream, err := s.Open(ctx, plans)
	if err != nil {
		return nil, err
	}
	w.stream = stream
	return w, nil
}

// Stream is the sensor's stream, for what only that kind of sensor can do.
func (w *Watch) Stream() sensor.Stream { return w.stream }

// Run serves the consumers until the stream ends, a consumer says ErrStop or
// something fails, and closes the stream.
func (w *Watch) Run() error {
	err := w.run()
	if errors.Is(err, ErrStop) {
		err = nil
	}
	return errors.Join(err, w.stream.Close())
}

func (w *Watch) run() error {
	var batch sensor.Batch
	for {
		switch err := w.stream.Next(&batch); {
		case errors.Is(err, io.EOF):
			return w.flush()
		case err != nil:
			return fmt.Errorf("reading events: %w", err)
		}
		w.decide(&batch)
		if err := w.serve(&batch); err != nil {
			return errors.Join(err, w.flush(), w.drain(&batch))
		}
		if err := w.flush(); err != nil {
			return errors.Join(err, w.drain(&batch))
		}
	}
}

// decide attaches the actors and makes Wanted exact: bit i says that consumer i
// gets the event.
func (w *Watch) decide(batch *sensor.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range batch.Events {
		e := &batch.Events[i]
		w.table.Attach(e)
		state := e.Wanted == 0 // no plan's: the sensor has counted it as filtered, or not at all
		for n, c := range w.consumers {
			bit := uint64(1) << n
			match := e.Wanted&bit != 0 && c.Program.Match(e)
			c.Program.Observe(e)
			if match {
				c.delivered[e.ID]++
				continue
			}
			e.Wanted &^= bit
			if !state && int(e.ID) < len(c.rejected) {
				c.rejected[e.ID]++
			}
		}
	}
}

// serve hands events and gaps to the consumers. What a failing consumer did not
// take any more is moved from delivered to rejected.
func (w *Watch) serve(batch *sensor.Batch) error {
	gaps := batch.Gaps
	for i := range batch.Events {
		for len(gaps) > 0 && gaps[0].Index <= i {
			if err := w.gap(gaps[0]); err != nil {
				w.giveBack(batch.Events[i:])
				return err
			}
			gaps = gaps[1:]
		}
		e := &batch.Events[i]
		for n, c := range w.consumers {
			if e.Wanted>>n&1 == 0 {
				continue
			}
			if err := c.Event(e); err != nil {
				w.giveBack(batch.Events[i+1:])
				return err
			}
		}
	}
	for _, g := range gaps {
		if err := w.gap(g); err != nil {
			return err
		}
	}
	return nil
}

func (w *Watch) gap(g sensor.Gap) error {
	for _, c := range w.consumers {
		if c.Gap != nil {
			if err := c.Gap(g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Watch) flush() error {
	for _, c := range w.consumers {
		if c.Flush != nil {
			if err := c.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveBack counts events that were decided but not taken as rejected.
func (w *Watch) giveBack(events []event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range events {
		for n, c := range w.consumers {
			if events[i].Wanted>>n&1 != 0 {
				c.delivered[events[i].ID]--
				c.rejected[events[i].ID]++
			}
		}
	}
}

// drain closes the stream's hooks and counts what it still held.
func (w *Watch) drain(batch *sensor.Batch) error {
	if err := w.stream.Stop(); err != nil {
		return err
	}
	for {
		switch err := w.stream.Next(batch); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		w.decide(batch)
		w.giveBack(batch.Events)
	}
}

// Account is consumer n's balance: of the events that its filter selects by
// name or set. It may be called from any goroutine.
func (w *Watch) Account(n int) event.Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, total := w.consumers[n], w.stream.Account()
	account := event.Account{Events: map[event.ID]*event.Counts{}, Counts: event.Counts{ByCause: map[string]uint64{}}}
	for id, kernel := range total.Events {
		if int(id) >= len(c.listed) || !c.listed[id] {
			continue
		}
		mine := &event.Counts{Generated: kernel.Generated, Lost: kernel.Lost, ByCause: kernel.ByCause}
		mine.Delivered = c.delivered[id]
		mine.Filtered = kernel.Filtered + c.rejected[id]
		mine.Pending = kernel.Pending + kernel.Delivered - c.delivered[id] - c.rejected[id]
		account.Events[id] = mine
		account.Generated += mine.Generated
		account.Delivered += mine.Delivered
		account.Filtered += mine.Filtered
		account.Lost += mine.Lost
		account.Pending += mine.Pending
		for cause, n := range mine.ByCause {
			account.ByCause[cause] += n
		}
	}
	return account
}

// Selected lists what consumer n's account is about.
func (w *Watch) Selected(n int) []event.ID { return slices.Clone(w.consumers[n].Program.Events()) }
