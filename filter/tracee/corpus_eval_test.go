package tracee

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/filtertest"
	"github.com/bulwark-security/bulwark/internal/corpora"
)

type evalCase struct {
	ID      string
	Filters []string
	Ctx     struct {
		Container    bool
		NewContainer bool `json:"new_container"`
		NewProcess   bool `json:"new_process"`
		Followed     bool
	}
	Event  jsonEvent
	Expect bool
}

func TestCorpusFilterEval(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "filter_eval.jsonl") {
		var c evalCase
		d := json.NewDecoder(strings.NewReader(string(line)))
		d.UseNumber()
		if err := d.Decode(&c); err != nil {
			t.Fatal(err)
		}
		results[c.ID] = c.check()
	}
	corpora.Report(t, "tracee", "filter_eval.jsonl", results)
}

// started is when tracing begins in the cases.
const started = 1000

func (c *evalCase) check() error {
	program, err := compile(c.Filters)
	if err != nil {
		return err
	}
	e, err := c.Event.event()
	if err != nil {
		return err
	}
	e.Start = started - 1
	if c.Ctx.NewProcess {
		e.Start, e.Bits = started+1, event.BitNew
	}
	if c.Ctx.Container {
		e.Bits |= event.BitContainer
	}
	if c.Ctx.NewContainer {
		e.Bits |= event.BitNewContainer
	}
	kernel := filtertest.NewKernel(program.Plan())
	if c.Ctx.Followed {
		fork, err := forkOf(e)
		if err != nil {
			return err
		}
		program.Observe(fork)
		kernel.Observe(fork)
	}
	if got := program.Match(e); got != c.Expect {
		return fmt.Errorf("%q on %s: %v, want %v\n%s", c.Filters, c.Event.EventName, got, c.Expect, program.Expr())
	}
	if c.Expect && !kernel.Accepts(e) {
		return fmt.Errorf("%q on %s: matches, but the plan rejects it:\n%s", c.Filters, c.Event.EventName, program.Explain())
	}
	return nil
}

// forkOf is the fork that made the event's process, by one that satisfies every
// filter that the cases follow by.
func forkOf(e *event.Event) (*event.Event, error) {
	parent := jsonEvent{EventName: "sched_process_fork", HostProcessID: 77, HostThreadID: 77, ProcessName: "bash", HostName: "node1"}
	f, err := parent.event()
	if err != nil {
		return nil, err
	}
	f.Bits = event.BitContainer | event.BitNew
	f.Start = started + 1
	return f, forked(f, e.HostPID, e.Start)
}

// forked sets the child of a fork.
func forked(f *event.Event, child uint32, start uint64) error {
	var b event.Builder
	b.Begin(f.ID, f.Time, 0, len(f.Info().Args))
	for name, value := range map[string]uint64{"parent_tid": uint64(f.HostTID), "child_tid": uint64(child), "child_pid": uint64(child), "child_start": start} {
		i := f.Info().ArgIndex(name)
		if i < 0 {
			return fmt.Errorf("sched_process_fork has no argument %s", name)
		}
		b.Word(i, value)
	}
	f.SetRaw(slices.Clone(b.End()))
	return nil
}

func compile(filters []string) (*filter.Program, error) {
	expr, err := Parse(filters, Options{})
	if err != nil {
		return nil, err
	}
	return expr.Compile(filter.Events)
}
