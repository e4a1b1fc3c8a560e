package kernel

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/sensor"
	"github.com/bulwark-security/bulwark/test/program/tiny"
)

// ids are the events of these names.
func ids(t testing.TB, names ...string) []event.ID {
	t.Helper()
	var list []event.ID
	for _, name := range names {
		e := dictionary.Lookup(name)
		if e == nil {
			t.Fatalf("no event is called %s", name)
		}
		list = append(list, e.ID)
	}
	return list
}

// syscalls are all system calls of this architecture.
func syscalls() []event.ID {
	var list []event.ID
	for _, e := range dictionary.Members("syscalls") {
		if e.On(dictionary.Host) {
			list = append(list, e.ID)
		}
	}
	return list
}

// openStream opens a stream, or skips the test naming what this host lacks.
func openStream(t testing.TB, o Options, plans ...filter.Plan) *Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	s, err := New(o).Open(ctx, plans)
	if errors.Is(err, ErrUnsupported) {
		cancel()
		require.Missing(t, "a kernel that can be traced: %v", err)
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		cancel()
	})
	return s.(*Stream)
}

// program compiles a script of test/program/tiny; it returns the file.
func program(t testing.TB, script string) string {
	t.Helper()
	elf, err := tiny.Compile(script, dictionary.Host)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, elf, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// readAll reads the stream to its end. The events stay valid.
func readAll(t testing.TB, s *Stream) (events []event.Event, gaps []sensor.Gap) {
	t.Helper()
	var b sensor.Batch
	for {
		err := s.Next(&b)
		if err == io.EOF {
			return events, gaps
		}
		if err != nil {
			t.Fatal(err)
		}
		gaps = append(gaps, b.Gaps...)
		for i := range b.Events {
			e := b.Events[i]
			wanted := e.Wanted
			e.SetRaw(bytes.Clone(e.Raw()))
			e.Wanted = wanted
			events = append(events, e)
		}
	}
}

// trace runs the command as the tree of a stream with that plan.
func trace(t testing.TB, o Options, plan filter.Plan, cmd *exec.Cmd) (*Stream, []event.Event) {
	t.Helper()
	plan.Tree = TreeOfCommand
	s := openStream(t, o, plan)
	if err := s.Start(cmd); err != nil {
		t.Fatal(err)
	}
	events, _ := readAll(t, s)
	if err := cmd.Wait(); err != nil {
		t.Logf("%s: %v", cmd.Path, err)
	}
	return s, events
}

// traceScript is trace for a script.
func traceScript(t testing.TB, o Options, plan filter.Plan, script string) (*Stream, []event.Event) {
	t.Helper()
	return trace(t, o, plan, exec.Command(program(t, script)))
}

// wanted are the events that a plan wants, without those of the life cycle.
func wantedEvents(events []event.Event) (list []event.Event) {
	for _, e := range events {
		if e.Wanted != 0 {
			list = append(list, e)
		}
	}
	return list
}

func names(events []event.Event) (list []string) {
	for i := range events {
		list = append(list, events[i].Info().Name)
	}
	return list
}

// arg is the text of an argument as filters compare it, "-" when it is absent.
func arg(e *event.Event, name string) string {
	var v event.Value
	if !e.Arg(e.Info().ArgIndex(name), &v) {
		return "-"
	}
	return string(event.AppendRaw(nil, &v))
}

// object is the text of a field of the object, "-" when it is absent.
func object(e *event.Event, name string) string {
	f, ok := event.FieldByName(name)
	var v event.Value
	if !ok || !e.Object(f, &v) {
		return "-"
	}
	return string(event.AppendRaw(nil, &v))
}
