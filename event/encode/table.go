package encode

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// tablePrinter writes the columns of Tracee's table for containers: with the
// node name, and ids both as the process sees them and as the host does. Every
// value of an event has its place in them, so there is no narrower layout.
type tablePrinter struct {
	Config
	env  Env
	mode event.Mode
	rows []row
	slot [64]columnText
	v    event.Value
	text []byte
}

// columnText is the columns that only the context decides, ready to be copied.
type columnText struct {
	context event.Context
	who     []byte // UTS_NAME to PID, TID and so on
}

func newTable(c Config, env Env) *tablePrinter {
	return &tablePrinter{Config: c, env: env, mode: c.mode(), rows: makeRows(c)}
}

// Colours, where the output is a terminal.
const (
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	red     = "\x1b[31m"
	cyan    = "\x1b[36m"
	yellow  = "\x1b[33m"
	plainly = "\x1b[0m"
)

func (p *tablePrinter) paint(dst []byte, colour string) []byte {
	if p.env.Color {
		return append(dst, colour...)
	}
	return dst
}

// Begin writes the names of the columns.
func (p *tablePrinter) Begin(dst []byte) []byte {
	dst = p.paint(dst, bold)
	if p.Format == TableVerbose {
		dst = append(dst, "TIME(s)        UTS_NAME         MNT_NS       PID_NS       UID    COMM             PID/host        TID/host        PPID/host       RET              EVENT                ARGS"...)
	} else {
		dst = append(dst, "TIME(s)        UTS_NAME         UID    COMM             PID/host        TID/host        RET              EVENT                ARGS"...)
	}
	return append(p.paint(dst, plainly), '\n')
}

// Append writes one line.
func (p *tablePrinter) Append(dst []byte, e *event.Event) ([]byte, error) {
	dst = p.paint(dst, dim)
	at := len(dst)
	dst = padTo(appendMicros(dst, p.at(e.Time, p.env.Start)), at, 14)
	dst = append(p.paint(dst, plainly), ' ')
	dst = append(dst, p.columns(e)...)

	failed := e.Ret < 0 && e.Ret > -4096
	if failed {
		dst = p.paint(dst, red)
	}
	at = len(dst)
	if failed && p.mode == event.ModeAll {
		dst = e.AppendRet(dst, p.mode)
	} else {
		dst = appendInt(dst, e.Ret)
	}
	dst = padTo(dst, at, 16)
	if failed {
		dst = p.paint(dst, plainly)
	}
	dst = p.paint(append(dst, ' '), cyan)
	at = len(dst)
	r := &unknown
	if int(e.ID) < len(p.rows) && p.rows[e.ID].info != nil {
		r = &p.rows[e.ID]
		dst = append(dst, r.info.Name...)
	} else {
		dst = appendUint(append(dst, '#'), uint64(e.ID))
	}
	dst = append(p.paint(padTo(dst, at, 20), plainly), ' ')
	dst = p.appendArgs(dst, e, r)
	return append(dst, '\n'), nil
}

// columns is the text between the time and the return value.
func (p *tablePrinter) columns(e *event.Event) []byte {
	t := &p.slot[e.HostTID%uint32(len(p.slot))]
	if len(t.who) > 0 && t.context == e.Context {
		return t.who
	}
	t.context = e.Context
	t.who = p.appendColumns(t.who[:0], &t.context)
	return t.who
}

func (p *tablePrinter) appendColumns(dst []byte, c *event.Context) []byte {
	verbose := p.Format == TableVerbose
	dst = appendColumn(dst, event.Text(&c.UTS), 16)
	if verbose {
		dst = appendUintColumn(dst, c.MntNS, 12)
		dst = appendUintColumn(dst, c.PidNS, 12)
	}
	dst = appendUintColumn(dst, c.UID, 6)
	dst = appendColumn(dst, event.Text(&c.Comm), 16)
	dst = appendBoth(dst, c.PID, c.HostPID)
	dst = appendBoth(dst, c.TID, c.HostTID)
	if verbose {
		dst = appendBoth(dst, c.PPID, c.HostPPID)
	}
	return dst
}

func appendUintColumn(dst []byte, u uint32, width int) []byte {
	at := len(dst)
	return append(padTo(appendUint(dst, uint64(u)), at, width), ' ')
}

func appendColumn(dst, text []byte, width int) []byte {
	at := len(dst)
	return append(padTo(AppendText(dst, text), at, width), ' ')
}

// appendBoth writes an id as the process sees it and as the host does.
func appendBoth(dst []byte, own, host uint32) []byte {
	at := len(dst)
	dst = append(padTo(appendUint(dst, uint64(own)), at, 7), '/')
	at = len(dst)
	return append(padTo(appendUint(dst, uint64(host)), at, 7), ' ')
}

// padTo fills what was written since at to a width in characters. That text is
// valid UTF-8, so its characters are the bytes that do not continue one.
func padTo(dst []byte, at, width int) []byte {
	n := 0
	for _, c := range dst[at:] {
		if c&0xc0 != 0x80 {
			n++
		}
	}
	for ; n < width; n++ {
		dst = append(dst, ' ')
	}
	return dst
}

// appendArgs writes name: value, name: value.
func (p *tablePrinter) appendArgs(dst []byte, e *event.Event, r *row) []byte {
	first := true
	for i := range r.args {
		if r.hide>>i&1 != 0 || !e.Arg(i, &p.v) {
			continue
		}
		if !first {
			dst = append(dst, ',', ' ')
		}
		first = false
		a := &r.info.Args[i]
		dst = p.paint(dst, dim)
		dst = append(append(dst, a.Name...), ':')
		dst = append(p.paint(dst, plainly), ' ')
		at := len(dst)
		dst = e.AppendText(dst, i, &p.v, p.mode)
		if a.FD && p.ParseFDs {
			if path := p.env.behind(e, i, int32(p.v.Num)); path != "" {
				dst = append(append(dst, '='), path...)
			}
		}
		if p.v.Cut && p.v.Class != dictionary.Strings {
			dst = append(dst, "..."...)
		}
		dst = p.clean(dst, at)
	}
	if p.ExecHash && p.env.ExecHash != nil {
		dst = p.appendHash(dst, e, first)
	}
	return p.appendMarks(dst, e)
}

// clean escapes what was written since at, if it could act on a terminal.
func (p *tablePrinter) clean(dst []byte, at int) []byte {
	for _, c := range dst[at:] {
		if c < 0x20 || c >= 0x7f {
			p.text = append(p.text[:0], dst[at:]...)
			return AppendText(dst[:at], p.text)
		}
	}
	return dst
}

func (p *tablePrinter) appendHash(dst []byte, e *event.Event, first bool) []byte {
	hash := p.env.ExecHash(e)
	if hash == "" {
		return dst
	}
	if !first {
		dst = append(dst, ',', ' ')
	}
	dst = p.paint(dst, dim)
	dst = append(dst, "sha256:"...)
	dst = append(p.paint(dst, plainly), ' ')
	return AppendText(dst, hash)
}

// appendMarks warns where the arguments are not the whole truth.
func (p *tablePrinter) appendMarks(dst []byte, e *event.Event) []byte {
	if e.Flags&event.FlagMismatch != 0 {
		dst = p.paint(append(dst, ' '), yellow)
		dst = append(dst, "[really "...)
		at := len(dst)
		if e.Object(event.FieldPath, &p.v) {
			dst = p.clean(append(dst, p.v.Bytes...), at)
		} else {
			dst = append(dst, "another object"...)
		}
		dst = p.paint(append(dst, ']'), plainly)
	}
	if p.StackAddresses {
		dst = append(dst, " stack:["...)
		for i, address := range e.Stack {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = appendHex(dst, address)
		}
		dst = append(dst, ']')
	}
	return dst
}

// Gap writes a line of its own.
func (p *tablePrinter) Gap(dst []byte, g Gap) []byte {
	dst = p.paint(dst, yellow)
	dst = append(dst, "-- "...)
	dst = appendUint(dst, g.Lost)
	dst = append(dst, " events lost here"...)
	if g.CPU >= 0 {
		dst = appendUint(append(dst, " on CPU "...), uint64(g.CPU))
	}
	if g.Cause != "" {
		dst = AppendText(append(dst, ": "...), g.Cause)
	}
	return append(p.paint(dst, plainly), '\n')
}

// End writes the epilogue.
func (p *tablePrinter) End(dst []byte, s Stats) []byte {
	dst = append(dst, "\nEnd of events stream\nStats: {eventCounter:"...)
	dst = appendUint(dst, s.Events)
	dst = appendUint(append(dst, " errorCounter:"...), s.Errors)
	dst = appendUint(append(dst, " lostEvCounter:"...), s.Lost)
	dst = appendUint(append(dst, " lostWrCounter:"...), s.LostWrites)
	return append(dst, '}', '\n')
}

func (p *tablePrinter) Error(dst []byte, err error) []byte { return AppendError(dst, err) }
