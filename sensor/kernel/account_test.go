package kernel

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/sensor"
)

// Under a buffer made far too small, generated is exactly what was made, and
// what was lost is counted.
func TestAccountUnderLoss(t *testing.T) {
	const calls = 300_000
	file := program(t, `
		fork {
			loop 100000 {
				getppid
			}
		}
		fork {
			loop 100000 {
				getppid
			}
		}
		loop 100000 {
			getppid
		}
		wait4 -1 0 0 0
		wait4 -1 0 0 0
	`)
	getppid := ids(t, "getppid")
	lossy := 0
	for range 20 {
		s := openStream(t, Options{BufferSize: 1}, filter.Plan{Events: getppid, Tree: TreeOfCommand})
		cmd := exec.Command(file)
		if err := s.Start(cmd); err != nil {
			t.Fatal(err)
		}
		var b sensor.Batch
		var gaps, delivered uint64
		for s.Next(&b) == nil {
			for _, g := range b.Gaps {
				gaps += g.Lost
			}
			for i := range b.Events {
				if b.Events[i].Wanted != 0 {
					delivered++
				}
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		c := s.Account().Events[getppid[0]]
		if c.Generated != calls || c.Generated != c.Delivered+c.Lost || c.Delivered != delivered || c.Pending != 0 {
			t.Errorf("made %d: %+v, gaps of %d, %d seen", calls, *c, gaps, delivered)
		}
		if gaps > c.Lost {
			t.Errorf("gaps of %d, lost %d", gaps, c.Lost)
		}
		if c.Lost > 0 {
			lossy++
		}
		s.Close()
		if after := s.Account().Events[getppid[0]]; after.Generated != calls || after.Lost != c.Lost {
			t.Errorf("after closing: %+v", *after)
		}
	}
	if lossy == 0 {
		t.Error("nothing was ever lost: the buffer is not too small")
	}
}

// Half a million events a second for a while, every header read: nothing is lost.
func TestNoLossAtHalfAMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	// a millisecond of sleep between bursts of 500 on each CPU
	file := program(t, `
		fork {
			loop 3000 {
				loop 250 {
					getppid
				}
				nanosleep {0 1000000} 0
			}
		}
		loop 3000 {
			loop 250 {
				getppid
			}
			nanosleep {0 1000000} 0
		}
		wait4 -1 0 0 0
	`)
	s := openStream(t, Options{}, filter.Plan{Events: ids(t, "getppid"), Tree: TreeOfCommand})
	cmd := exec.Command(file)
	begin := time.Now()
	if err := s.Start(cmd); err != nil {
		t.Fatal(err)
	}
	var b sensor.Batch
	n := 0
	var last event.Time
	for s.Next(&b) == nil {
		for i := range b.Events {
			e := &b.Events[i]
			if e.Wanted != 0 {
				n++
			}
			if e.Time < last {
				t.Fatalf("event %d is older than the one before", n)
			}
			last = e.Time
		}
	}
	cmd.Wait()
	a := s.Account()
	t.Logf("%d events in %v: %+v", n, time.Since(begin), a.Counts)
	if a.Lost != 0 || n != 1_500_000 {
		t.Errorf("lost %d, %d seen", a.Lost, n)
	}
}

// What is closed unread is lost, and said to be.
func TestCloseUnread(t *testing.T) {
	getppid := ids(t, "getppid")
	s := openStream(t, Options{}, filter.Plan{Events: getppid, Tree: TreeOfCommand})
	cmd := exec.Command(program(t, "loop 1000 {\n getppid\n}"))
	if err := s.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if a := s.Account(); a.Pending != 1000 {
		t.Errorf("before: %+v", a.Counts)
	}
	s.Close()
	if c := s.Account().Events[getppid[0]]; c.Generated != 1000 || c.ByCause[causeUnread] != 1000 || c.Pending != 0 {
		t.Errorf("after: %+v", *c)
	}
}

// A stream ends with its context, and delivers what it saw before.
func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	st, err := New(Options{}).Open(ctx, []filter.Plan{{Events: ids(t, "getppid")}})
	if errors.Is(err, ErrUnsupported) {
		require.Missing(t, "a kernel that can be traced: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := st.(*Stream)
	defer s.Close()
	if err := exec.Command(program(t, "getppid")).Run(); err != nil {
		t.Fatal(err)
	}
	cancel()
	events, _ := readAll(t, s)
	if len(wantedEvents(events)) == 0 {
		t.Error("nothing was delivered")
	}
	checkAccount(t, s)
}
