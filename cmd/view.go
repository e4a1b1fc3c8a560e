package cmd

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/encode"
	"github.com/bulwark-security/bulwark/event/encode/gotemplate"
	"github.com/bulwark-security/bulwark/event/encode/summary"
	"github.com/bulwark-security/bulwark/internal/terminal"
)

// newView makes the printer of the run: of events, or of what they sum up to.
func (o *traceOptions) newView(env *Env, config encode.Config) (encode.Printer, error) {
	if o.summary {
		return newSummary(env, config), nil
	}
	now := monotonic()
	e := encode.Env{
		Offset: env.Now().UnixNano() - int64(now),
		Start:  now,
		Color:  config.OutFile == "" && terminal.Colour(env.Stdout, env.Getenv),
		FDPath: fdPath,
	}
	if config.ExecHash {
		e.ExecHash = newHasher().hash
	}
	if config.Format != encode.GoTemplate {
		return encode.New(config, e)
	}
	p, err := gotemplate.New(config, e)
	if err != nil {
		return nil, usage("see: bulwark help output", "--output gotemplate=%s: %w", config.Template, reason(err))
	}
	return p, nil
}

// monotonic is the time that events count in.
func monotonic() event.Time {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // no Linux is without this clock
	}
	return event.Time(t.Nano())
}

// fdPath is the path behind a descriptor of a process that still has it.
func fdPath(pid uint32, fd int32) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	if err != nil {
		return ""
	}
	return path
}

// sumUp is the printer of --summary: it prints nothing until the end.
type sumUp struct {
	*summary.Summary
	json   bool
	width  int
	colour bool
	errors encode.Printer
}

func newSummary(env *Env, config encode.Config) *sumUp {
	silent, _ := encode.New(encode.Config{Format: encode.None}, encode.Env{}) // this format has no way to fail
	s := &sumUp{Summary: summary.New(), json: config.Format == encode.JSON, errors: silent}
	if config.OutFile == "" && terminal.Is(env.Stdout) {
		s.width = terminal.Width(env.Stdout)
		s.colour = terminal.Colour(env.Stdout, env.Getenv)
	}
	return s
}

func (s *sumUp) Begin(dst []byte) []byte { return dst }

func (s *sumUp) Append(dst []byte, e *event.Event) ([]byte, error) {
	s.Observe(e)
	return dst, nil
}

func (s *sumUp) Gap(dst []byte, _ encode.Gap) []byte { return dst }

func (s *sumUp) End(dst []byte, _ encode.Stats) []byte {
	if s.json {
		return s.AppendJSON(dst)
	}
	return s.AppendText(dst, s.width, s.colour)
}

func (s *sumUp) Error(dst []byte, err error) []byte { return s.errors.Error(dst, err) }
