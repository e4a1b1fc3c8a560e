package stream

import (
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// The stream must be as mixed as the figures that are measured on it claim: at
// least 20 kinds of event, none of them over 40 %, with vectors, paths and
// addresses.
func TestStreamIsMixed(t *testing.T) {
	events, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[event.ID]int{}
	classes := map[dictionary.Class]int{}
	objects := 0
	for i := range events {
		e := &events[i]
		kinds[e.ID]++
		var v event.Value
		for n, a := range e.Info().Args {
			if e.Arg(n, &v) {
				classes[a.Class]++
			}
		}
		if e.Object(event.FieldPath, &v) {
			objects++
		}
	}
	if len(events) < 500 || len(kinds) < 20 {
		t.Errorf("%d events of %d kinds", len(events), len(kinds))
	}
	for id, n := range kinds {
		if n*100 > len(events)*40 {
			t.Errorf("%s is %d of %d events", dictionary.ByID(id).Name, n, len(events))
		}
	}
	if classes[dictionary.Strings] == 0 || classes[dictionary.String] == 0 || classes[dictionary.Sockaddr] == 0 || objects == 0 {
		t.Errorf("vectors, texts, addresses: %v, paths of objects: %d", classes, objects)
	}
	t.Logf("%d events of %d kinds", len(events), len(kinds))
}
