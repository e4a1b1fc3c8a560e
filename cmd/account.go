package cmd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// balance is an account as text: one line when nothing was lost.
func balance(a event.Account, ran time.Duration, buffer size) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d generated = %d delivered + %d filtered + %d lost + %d pending, in %s",
		a.Generated, a.Delivered, a.Filtered, a.Lost, a.Pending, seconds(ran))
	if a.Lost == 0 {
		return b.String()
	}
	b.WriteString("\nlost by cause: " + largest(a.ByCause, len(a.ByCause)))
	b.WriteString("\nlost most of: " + largest(lostByName(a), 5))
	b.WriteString("\nhint: " + raise(buffer))
	return b.String()
}

// raise says how to lose less.
func raise(buffer size) string {
	next := buffer * 4
	return fmt.Sprintf("raise --buffer-size, which is %s a processor now (try %s), or select fewer events", &buffer, &next)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func lostByName(a event.Account) map[string]uint64 {
	lost := map[string]uint64{}
	for id, c := range a.Events {
		if c.Lost > 0 {
			lost[eventName(id)] = c.Lost
		}
	}
	return lost
}

func eventName(id event.ID) string {
	if e := dictionary.ByID(id); e != nil {
		return e.Name
	}
	return fmt.Sprint("event ", id)
}

// largest lists the n largest counts, the largest first.
func largest(counts map[string]uint64, n int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	var words []string
	for _, name := range names[:min(n, len(names))] {
		words = append(words, fmt.Sprintf("%s %d", name, counts[name]))
	}
	if rest := len(names) - len(words); rest > 0 {
		words = append(words, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(words, ", ")
}

// stats is the account as JSON, each event by name.
type stats struct {
	event.Counts
	Events map[string]*event.Counts `json:"events"`
}

func statsJSON(a event.Account) ([]byte, error) {
	s := stats{Counts: whole(a.Counts), Events: map[string]*event.Counts{}}
	for id, c := range a.Events {
		c := whole(*c)
		s.Events[eventName(id)] = &c
	}
	b, err := json.MarshalIndent(s, "", " ")
	return append(b, '\n'), err
}

// whole gives counts without losses an empty object rather than null.
func whole(c event.Counts) event.Counts {
	if c.ByCause == nil {
		c.ByCause = map[string]uint64{}
	}
	return c
}
