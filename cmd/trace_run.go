package cmd

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/event/encode"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/sensor"
	"github.com/bulwark-security/bulwark/sensor/kernel"
	"github.com/bulwark-security/bulwark/watch"
	"github.com/bulwark-security/bulwark/workload"
)

// tracing is one run of trace. Its methods event, gap and flush are called by
// the pipeline; everything else by the goroutine that started it, but for what
// trace_live.go says.
type tracing struct {
	env     *Env
	o       *traceOptions
	config  encode.Config
	program *filter.Program
	view    encode.Printer
	talk    *talk
	out     *sink
	errs    *stream
	files   files
	table   *workload.Table
	watch   *watch.Watch
	child   *child
	began   time.Time
	since   event.Time // the same on the events' clock
	printed uint64
	errors  uint64
}

func runTrace(ctx context.Context, env *Env, o *traceOptions) error {
	if text := o.help(); text != "" {
		_, err := fmt.Fprintln(env.Stdout, text)
		return err
	}
	if o.list {
		return runList(env, &listOptions{})
	}
	p, err := o.parse()
	if err != nil {
		return err
	}
	if o.explain {
		_, err := fmt.Fprint(env.Stdout, p.program.Explain().String())
		return err
	}
	t := &tracing{env: env, o: o, config: p.config, program: p.program}
	for _, w := range p.expr.Warnings {
		fmt.Fprintln(env.Stderr, "bulwark: trace: "+w)
	}
	if err := t.prepare(); err != nil {
		return err
	}
	return t.run(ctx)
}

// prepare checks what can be checked before the sensor starts: afterwards
// nothing has happened yet that would have to be undone, but for the files.
func (t *tracing) prepare() (err error) {
	if _, err = t.o.newView(t.env, t.config); err != nil {
		return err
	}
	if t.o.command != nil {
		if t.child, err = newChild(t.env, t.o.command, t.config.OutFile == "" && t.config.Format != encode.None); err != nil {
			return err
		}
	}
	return t.files.prepare(t.config.OutFile, t.config.ErrFile, t.o.stats)
}

func (t *tracing) run(parent context.Context) error {
	ctx, stop := context.WithCancel(parent)
	defer stop()
	signals := t.listen()
	defer signal.Stop(signals)
	consumer := &watch.Consumer{Program: t.program, Event: t.event, Gap: t.gap, Flush: t.flush}
	if t.child != nil {
		consumer.Tree = kernel.TreeOfCommand
	}
	t.program.CountRejections(true) // until something matches: it is for explaining why nothing did
	t.table = workload.New()
	var err error
	t.watch, err = watch.Open(ctx, t.sensor(), t.table, consumer)
	if err != nil {
		t.files.undo()
		return err
	}
	t.table.Load(workload.FromProc("/proc")) // after the hooks, so that no process is missed between the two
	if err := t.begin(); err != nil {
		return errors.Join(err, t.watch.Stream().Close())
	}
	done := t.live(signals, stop)
	if err = t.ready(); err == nil {
		err = t.watch.Run()
		if t.out.failed != nil {
			err = t.out.failed // once, however often it was met
		}
	} else {
		err = errors.Join(err, t.watch.Stream().Close())
	}
	done()
	return t.end(err)
}

// begin opens the output and prints what stands before the first event.
func (t *tracing) begin() (err error) {
	if err := t.openFiles(); err != nil {
		return err
	}
	t.began, t.since = t.env.Now(), monotonic()
	if t.view, err = t.o.newView(t.env, t.config); err != nil { // times count from now
		return err
	}
	if s, ok := t.view.(*sumUp); ok {
		s.Trace(t.available()...)
	}
	t.out.buf = t.view.Begin(t.out.buf)
	t.out.ended()
	return nil
}

// available are the selected events that this host delivers.
func (t *tracing) available() []event.ID {
	var reasons map[event.ID]error
	if s, ok := t.watch.Stream().(interface{ Unavailable() map[event.ID]error }); ok {
		reasons = s.Unavailable()
	}
	return slices.DeleteFunc(slices.Clone(t.program.Events()), func(id event.ID) bool { return reasons[id] != nil })
}

func (t *tracing) sensor() sensor.Sensor {
	return kernel.New(kernel.Options{
		BufferSize:    int(t.o.buffer),
		IncludeSelf:   t.o.includeSelf,
		Stacks:        t.config.StackAddresses,
		ExecEnv:       t.config.ExecEnv,
		DetectSyscall: t.config.DetectSyscall,
		FDPaths:       t.config.ParseFDs,
	})
}

// openFiles opens what the output goes to.
func (t *tracing) openFiles() error {
	out, errs, err := t.files.open(t.env)
	if err != nil {
		return err
	}
	name := "standard output"
	if t.config.OutFile != "" {
		name = t.config.OutFile
	}
	t.talk = newTalk(t.env, out)
	t.out = newSink(name, out, t.talk.beside)
	t.errs = &stream{to: t.talk}
	if errs != nil {
		t.errs.replace(errs)
	}
	return nil
}

// ready says that everything is attached, and starts the command.
func (t *tracing) ready() error {
	if err := t.out.flush(); err != nil {
		return err
	}
	t.missing()
	selected := plural(len(t.program.Events()), "kind", "kinds") + " of event"
	if t.child == nil {
		t.talk.say("ready: %s on this host, Ctrl-C ends", selected)
		return nil
	}
	t.talk.say("ready: %s of %s and what it starts", selected, t.child.name)
	return t.child.start(t.watch.Stream())
}

// missing says which of the selected events this host does not deliver.
func (t *tracing) missing() {
	s, ok := t.watch.Stream().(interface{ Unavailable() map[event.ID]error })
	if !ok {
		return
	}
	reasons := s.Unavailable()
	var names []string
	for _, id := range t.program.Events() {
		if reasons[id] != nil {
			names = append(names, eventName(id))
		}
	}
	switch {
	case len(names) == 1:
		e := dictionary.Lookup(names[0])
		t.talk.say("%s is not to be had on this host: %s%s", e.Name, whyNot(e.ID, reasons[e.ID]), hinted("what would help: bulwark doctor"))
	case len(names) > 1:
		t.talk.say("not to be had on this host: %s%s", strings.Join(names, ", "), hinted("why: bulwark list "+strings.Join(names, " ")))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// event takes an event that matched.
func (t *tracing) event(e *event.Event) error {
	if t.printed == 0 {
		t.program.CountRejections(false)
	}
	buf, err := t.view.Append(t.out.buf, e)
	t.out.buf = buf
	if err != nil {
		t.errors++
		t.complain(err)
	}
	t.printed++
	t.out.ended()
	if t.o.count > 0 && t.printed == t.o.count {
		return watch.ErrStop
	}
	if t.out.full() {
		return t.out.flush()
	}
	return nil
}

// gap marks where events are missing.
func (t *tracing) gap(g sensor.Gap) error {
	t.out.buf = t.view.Gap(t.out.buf, encode.Gap{Lost: g.Lost, CPU: g.CPU, Cause: g.Cause})
	t.out.ended()
	return nil
}

func (t *tracing) flush() error { return t.out.flush() }

// complain writes to where --output err-file points, in the output's own form.
func (t *tracing) complain(err error) {
	_, _ = t.errs.Write(t.view.Error(nil, err)) // there is nobody left to tell
}

// end prints what stands at the end, whatever ended the run.
func (t *tracing) end(err error) error {
	account := t.watch.Account(0)
	ran := t.env.Now().Sub(t.began)
	t.out.buf = t.view.End(t.out.buf, encode.Stats{Events: t.printed, Errors: t.errors, Lost: account.Lost})
	t.out.ended()
	if flushed := t.out.flush(); err == nil {
		err = flushed
	}
	if t.child != nil {
		t.child.finish(t.talk)
	}
	t.talk.say("%s", balance(account, ran, t.o.buffer))
	if t.printed == 0 && err == nil {
		if why := t.whyNothing(account); why != "" {
			t.talk.say("%s", why)
		}
	}
	return errors.Join(err, t.writeStats(account), t.files.close())
}

func (t *tracing) writeStats(account event.Account) error {
	if t.files.stats == nil {
		return nil
	}
	b, err := statsJSON(account)
	if err != nil {
		return err
	}
	f, err := t.files.stats.open()
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		return broken("", "--stats %s: %w", t.o.stats, reason(err))
	}
	return nil
}
