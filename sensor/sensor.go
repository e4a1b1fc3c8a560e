// Package sensor says what a sensor is: it turns one part of the world into
// events, and knows nothing of rules or policies.
//
//	stream, err := s.Open(ctx, []filter.Plan{program.Plan()})
//	var batch sensor.Batch
//	for stream.Next(&batch) == nil { … }
//
// A stream delivers batches in time order and keeps an account per event id:
// generated = delivered + filtered + lost + pending, pending being 0 at the end.
package sensor

import (
	"context"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
)

// A Sensor can be opened with a plan per consumer (at most 16).
type Sensor interface {
	Open(context.Context, []filter.Plan) (Stream, error)
}

// A Stream delivers what the plans may want. One goroutine calls Next; the
// other methods may be called from any.
type Stream interface {
	// Next fills the batch, waiting until there is something or the context
	// ends. It returns io.EOF after the last batch. The batch's events alias
	// the sensor's memory until the next call.
	Next(*Batch) error
	// SetPlans replaces the plans of a running stream, atomically.
	SetPlans([]filter.Plan) error
	// Account is the balance so far.
	Account() event.Account
	// Stop ends the seeing: Next goes on with what was seen before, until io.EOF.
	Stop() error
	// Close stops and lets go of everything. What was not read is lost.
	Close() error
}

// A Batch is events in time order. It is reused: reading it allocates nothing.
// An event that no plan wants (Wanted is 0) is there because state depends on it:
// the account counts it as filtered, or not at all.
type Batch struct {
	Events []event.Event
	// Gaps are losses that happened before the event at Index.
	Gaps []Gap
}

// A Gap is where events are missing from the stream.
type Gap struct {
	Index int
	CPU   int
	Lost  uint64
	Cause string
}
