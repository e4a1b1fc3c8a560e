package cmd

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// listen catches the signals from now on; live serves them.
func (t *tracing) listen() chan os.Signal {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	if !signal.Ignored(syscall.SIGHUP) || t.files.any() { // under nohup a hang-up means nothing
		signal.Notify(signals, syscall.SIGHUP)
	}
	return signals
}

// live serves what happens beside the events: signals, the time, a reader that
// went away, and once a second the rate and what was lost. The function that it
// returns ends that; afterwards nothing of it runs any more.
func (t *tracing) live(signals chan os.Signal, stop context.CancelFunc) (done func()) {
	var limit <-chan time.Time
	if t.o.duration > 0 {
		limit = time.After(t.o.duration)
	}
	over := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		var m meter
		for {
			select {
			case <-over:
				return
			case <-limit:
				stop()
			case s := <-signals:
				t.signal(s, stop, signals)
			case <-second.C:
				if hungUp(t.out.target()) {
					stop()
				}
				t.second(&m)
				if t.child != nil {
					t.child.second(t.talk)
				}
			}
		}
	})
	return func() {
		close(over)
		wait.Wait()
		signal.Stop(signals)
		t.talk.quiet()
	}
}

func (t *tracing) signal(s os.Signal, stop context.CancelFunc, signals chan os.Signal) {
	switch {
	case s == syscall.SIGUSR1:
		t.talk.say("%s", balance(t.watch.Account(0), t.env.Now().Sub(t.began), t.o.buffer))
	case s == syscall.SIGHUP && t.files.any():
		if err := t.files.reopen(t.out, t.errs); err != nil {
			t.talk.say("trace: %v", err)
		}
	default:
		stop()
		signal.Stop(signals) // a second one ends bulwark at once, should the end take long
	}
}

// A meter is what the second before knew.
type meter struct{ delivered, lost uint64 }

// second says what was lost in the last second, and draws the rate.
func (t *tracing) second(m *meter) {
	a := t.watch.Account(0)
	if lost := a.Lost - m.lost; lost > 0 {
		t.talk.say("lost %d events in the last second (%s)\nhint: %s", lost, largest(a.ByCause, 3), raise(t.o.buffer))
	}
	if t.talk.foot.Live() && !(t.child != nil && t.talk.shares) {
		t.talk.live(fmt.Sprintf("%d events/s, %d in all, %d lost", a.Delivered-m.delivered, a.Delivered, a.Lost))
	}
	m.delivered, m.lost = a.Delivered, a.Lost
}
