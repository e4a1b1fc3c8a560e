// Package encode prints events, in the forms that --output names, and reads
// them back.
//
//	config, err := encode.ParseOutput([]string{"json", "option:eot"})
//	p, err := encode.New(config, encode.Env{Offset: wallMinusMonotonic})
//	out := p.Begin(nil)
//	for … { out, err = p.Append(out, &e) }
//	out = p.End(out, encode.Stats{Events: n})
//
// Printers append to the caller's buffer, always whole lines or records, and
// allocate nothing per event in the table and JSON formats. They keep caches, so
// one printer serves one goroutine. The format gotemplate is in a package of its
// own below this one, because of what it imports.
//
// A JSON line is complete: Decode makes an event of it that answers every
// argument, every field of the object and every fact of its actors as the
// printed one did. What its first keys look like is Tracee's of 2021; see
// json.go for those that follow.
package encode

import (
	"fmt"
	"strings"

	"github.com/bulwark-security/bulwark/event"
)

// A Printer turns events into bytes of one format.
type Printer interface {
	// Begin appends what stands before the first event.
	Begin(dst []byte) []byte
	// Append appends an event. On an error dst comes back as it was.
	Append(dst []byte, e *event.Event) ([]byte, error)
	// Gap appends a mark that events are missing here.
	Gap(dst []byte, g Gap) []byte
	// End appends what stands after the last event.
	End(dst []byte, s Stats) []byte
	// Error appends an error as it goes to the error stream.
	Error(dst []byte, err error) []byte
}

// Env is what a printer must know beside the events.
type Env struct {
	Offset int64      // wall time minus event.Time, ns
	Start  event.Time // zero of relative times
	Color  bool       // the output is a terminal
	// FDPath is the path behind a descriptor of a process, "" if it is not
	// known. May be nil.
	FDPath func(pid uint32, fd int32) string
	// ExecHash is the SHA-256 of the file that the event executed, in hex, ""
	// if it executed none. May be nil.
	ExecHash func(*event.Event) string
}

// Stats are the counts of the last line of a table.
type Stats struct {
	Events, Errors, Lost, LostWrites uint64
}

// A Gap is a place in the stream where events were lost.
type Gap struct {
	Lost  uint64
	CPU   int
	Cause string
}

// New makes the printer that a configuration asks for; gotemplate.New makes
// those of format gotemplate.
func New(c Config, env Env) (Printer, error) {
	switch c.Format {
	case Table, TableVerbose:
		return newTable(c, env), nil
	case JSON:
		return newJSON(c, env), nil
	case Gob:
		return newGob(c, env), nil
	case None:
		return silence{}, nil
	}
	return nil, fmt.Errorf("print events: no printer for format %q", c.Format)
}

// mode is how arguments are put into words.
func (c *Config) mode() event.Mode {
	switch {
	case c.RawArguments:
		return event.ModeRaw
	case c.ParseArguments:
		return event.ModeAll
	}
	return event.Mode2021
}

// silence prints nothing.
type silence struct{}

func (silence) Begin(dst []byte) []byte                           { return dst }
func (silence) Append(dst []byte, _ *event.Event) ([]byte, error) { return dst, nil }
func (silence) Gap(dst []byte, _ Gap) []byte                      { return dst }
func (silence) End(dst []byte, _ Stats) []byte                    { return dst }
func (silence) Error(dst []byte, err error) []byte                { return AppendError(dst, err) }

// AppendError writes an error as lines of text, fit for a terminal.
func AppendError(dst []byte, err error) []byte {
	for i, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = AppendText(dst, line)
	}
	return append(dst, '\n')
}

// at is the time that is printed in seconds.
func (c *Config) at(t, start event.Time) event.Time {
	if !c.RelativeTime {
		return t
	}
	if t < start {
		return 0
	}
	return t - start
}
