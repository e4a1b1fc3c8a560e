// Package stream is the mixed stream of events that speed is measured on:
//
//	events, err := stream.Load("")         // the committed one
//	for i := range events { program.Match(&events[i]) }
//
// It was recorded with bulwark trace --output json on a host where a compiler,
// a web server and shells were at work, and is kept as those lines, mixed.jsonl,
// so that a change of the record's layout does not make it useless.
package stream

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/encode"
)

//go:embed mixed.jsonl
var mixed []byte

// Load reads a file of JSON lines, or the committed stream. Each event has a
// record of its own.
func Load(file string) ([]event.Event, error) {
	text := mixed
	if file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	var events []event.Event
	for line := range bytes.Lines(text) {
		var e event.Event
		var b event.Builder
		if err := encode.Decode(line, &e, &b); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(events)+1, err)
		}
		e.Wanted = 1
		events = append(events, e)
	}
	return events, nil
}
