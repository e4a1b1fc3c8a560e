package encode

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// ErrEnd is returned for the record that option eot asks for.
var ErrEnd = errors.New("end of the stream of events")

// A GapError is a line that says that events are missing here.
type GapError struct{ Gap }

func (g *GapError) Error() string {
	return fmt.Sprintf("%d events lost: %s", g.Lost, g.Cause)
}

// Decode makes e the event that a JSON line describes, its record built with b:
// it is valid until b is used again. Lines of Tracee are read too: keys match
// without regard to case, numbers are converted by their `type`. The error is a
// *SyntaxError, a *GapError, or ErrEnd.
func Decode(line []byte, e *event.Event, b *event.Builder) error {
	d := Decoder{b: b}
	return d.Decode(line, e)
}

// A Decoder decodes many lines. Events of one process share their actors, and
// the buffers are used again: an event is valid until the next call.
type Decoder struct {
	b      *event.Builder
	own    event.Builder
	line   []byte
	keys   [numKeys]span
	info   *dictionary.Event
	e      *event.Event
	words  [dictionary.MaxArgs]uint64
	buf    []byte // data of the items
	items  []item
	err    *SyntaxError
	actors [64]actors
	offset int64
	timed  bool
}

// An item waits until all words are in the record.
type item struct {
	tag, flags uint8
	from, to   int // in buf
}

// Decode is the function Decode, with what the Decoder remembers.
func (d *Decoder) Decode(line []byte, e *event.Event) error {
	if d.b == nil {
		d.b = &d.own
	}
	d.line, d.e, d.err = line, e, nil
	d.keys = [numKeys]span{}
	d.words = [dictionary.MaxArgs]uint64{}
	d.buf, d.items = d.buf[:0], d.items[:0]
	s := scanner{text: line}
	s.object(func(key []byte, value span) {
		if k := keyOf(key); k >= 0 {
			d.keys[k] = value
		}
	})
	if s.err == nil && s.peek() != 0 {
		s.fail(s.pos, "want the end of the line, have %s", s.have())
	}
	if s.err != nil {
		return s.err
	}
	if d.keys[keyGap].ok() {
		return d.gap()
	}
	if name := d.keys[keyEventName]; name.ok() && d.stringIs(name, endOfTransmission) {
		return ErrEnd
	}
	d.event()
	if d.err != nil {
		return d.err
	}
	return nil
}

// Offset is wall time minus event time in ns, as the last line that told both
// has it. It reports whether there was such a line.
func (d *Decoder) Offset() (int64, bool) { return d.offset, d.timed }

// event builds the record, then adds what stands outside of it.
func (d *Decoder) event() {
	stack := d.e.Stack[:0]
	*d.e = event.Event{Arch: d.arch()}
	d.info = d.which()
	if d.err != nil {
		return
	}
	flags, bits := d.flags()
	d.e.Flags = flags // the width of arguments depends on it
	at := d.time()
	ret := d.signed(d.keys[keyReturnValue])
	nargs := 0
	if d.keys[keyArgs].ok() && d.line[d.keys[keyArgs].from] == '[' {
		nargs = len(d.info.Args)
	}
	d.b.Begin(d.info.ID, at, ret, nargs)
	d.b.SetFlags(flags)
	if nargs > 0 {
		d.args()
	}
	if d.keys[keyObject].ok() {
		d.object()
	}
	if d.err != nil {
		return
	}
	for _, i := range d.items {
		d.b.Item(i.tag, i.flags, d.buf[i.from:i.to])
	}
	if !d.e.SetRaw(d.b.End()) {
		d.fail(span{}, "the record would be too large")
	}
	d.e.CPU = uint16(d.unsigned(d.keys[keyCPU]))
	d.e.Stack = d.stack(stack)
	d.context(bits)
	d.attach()
}

func (d *Decoder) fail(at span, format string, args ...any) {
	if d.err == nil {
		d.err = &SyntaxError{at.from, fmt.Sprintf(format, args...)}
	}
}

func (d *Decoder) text(v span) []byte { return d.line[v.from:v.to] }

// is reports whether a value begins with the byte, as its kind is told by.
func (d *Decoder) is(v span, first byte) bool { return v.ok() && d.line[v.from] == first }

// null reports whether a value is not there.
func (d *Decoder) null(v span) bool { return !v.ok() || d.line[v.from] == 'n' }

func (d *Decoder) isTrue(v span) bool { return v.ok() && d.line[v.from] == 't' }

// unsigned reads a number that must not be negative, 0 if it is not there. A
// number in a string is accepted.
func (d *Decoder) unsigned(v span) uint64 {
	if d.null(v) {
		return 0
	}
	text := d.text(v)
	if text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	var n uint64
	for _, c := range text {
		c -= '0'
		if c > 9 || n > (1<<64-1)/10 || n*10 > 1<<64-1-uint64(c) {
			d.fail(v, "want a whole number of 64 bits, have %s", d.text(v))
			return 0
		}
		n = n*10 + uint64(c)
	}
	return n
}

// limited is unsigned, for a field of so many bits. Tracee writes some of them
// as signed numbers.
func (d *Decoder) limited(v span, bits int) uint64 {
	if d.is(v, '-') {
		return uint64(d.signed(v)) & (1<<bits - 1)
	}
	n := d.unsigned(v)
	if bits < 64 && n>>bits != 0 {
		d.fail(v, "%d does not fit into %d bits", n, bits)
	}
	return n
}

func (d *Decoder) signed(v span) int64 {
	if !d.is(v, '-') {
		n := d.unsigned(v)
		if int64(n) < 0 {
			d.fail(v, "%d does not fit into 63 bits", n)
		}
		return int64(n)
	}
	n, err := strconv.ParseInt(string(d.text(v)), 10, 64)
	if err != nil {
		d.fail(v, "want a whole number of 64 bits, have %s", d.text(v))
	}
	return n
}

// string appends what a string means to buf, and returns where.
func (d *Decoder) string(v span) (from, to int) {
	from = len(d.buf)
	switch {
	case d.null(v):
	case d.is(v, '"'):
		d.buf = unquote(d.buf, d.text(v))
	default:
		d.fail(v, "want a string, have %s", d.text(v))
	}
	return from, len(d.buf)
}

// base64 appends the bytes that a string means to buf, and returns where.
func (d *Decoder) base64(v span) (from, to int) {
	from = len(d.buf)
	if !d.is(v, '"') {
		d.fail(v, "want a string in base64, have %s", d.text(v))
		return from, from
	}
	var err error
	if d.buf, err = unbase64(d.buf, d.text(v)); err != nil {
		d.fail(v, "want a string in base64: %v", err)
	}
	return from, len(d.buf)
}

// stringIs compares a string without keeping it.
func (d *Decoder) stringIs(v span, want string) bool {
	if !d.is(v, '"') {
		return false
	}
	at := len(d.buf)
	d.buf = unquote(d.buf, d.text(v))
	same := string(d.buf[at:]) == want
	d.buf = d.buf[:at]
	return same
}

// keep makes a string of what a value means; the exact bytes stand in raw, if
// it was not UTF-8.
func (d *Decoder) keep(v, raw span) string {
	at := len(d.buf)
	if raw.ok() {
		d.base64(raw)
	} else {
		d.string(v)
	}
	s := string(d.buf[at:])
	d.buf = d.buf[:at]
	return s
}

func (d *Decoder) arch() dictionary.Arch {
	switch v := d.keys[keyArch]; {
	case !v.ok():
		return dictionary.Host
	case d.stringIs(v, "x86_64"):
		return dictionary.AMD64
	case d.stringIs(v, "arm64"):
		return dictionary.ARM64
	default:
		d.fail(v, "unknown architecture %s", d.text(v))
		return dictionary.Host
	}
}

// which finds the row of the event, by its name or else by its number.
func (d *Decoder) which() *dictionary.Event {
	var info *dictionary.Event
	switch name, id := d.keys[keyEventName], d.keys[keyEventID]; {
	case d.is(name, '"') && name.to-name.from > 2:
		from, to := d.string(name)
		if info = dictionary.Lookup(string(d.buf[from:to])); info == nil {
			d.fail(name, "unknown event %s", d.text(name))
		}
		d.buf = d.buf[:from]
	case id.ok():
		n := d.unsigned(id)
		if info = dictionary.Native(d.e.Arch, false, int(n%(1<<16))); info == nil || info.On(d.e.Arch) && n >= 1000 {
			info = dictionary.ByID(dictionary.ID(n))
		}
		if info == nil || n>>16 != 0 {
			d.fail(id, "no event has the number %d", n)
		}
	default:
		d.fail(span{}, "no key eventName: this is not an event")
	}
	return info
}

// time reads when the event happened.
func (d *Decoder) time() event.Time {
	at := event.Time(d.unsigned(d.keys[keyMonotonicNs]))
	if !d.keys[keyMonotonicNs].ok() {
		at = d.timestamp()
	}
	if v := d.keys[keyTime]; !d.null(v) {
		wall, err := time.Parse(time.RFC3339Nano, d.keep(v, span{}))
		if err != nil {
			d.fail(v, "want a time such as 2006-01-02T15:04:05.999999999Z, have %s", d.text(v))
		}
		d.offset, d.timed = wall.UnixNano()-int64(at), err == nil
	}
	return at
}

// timestamp reads seconds with a fraction, exactly.
func (d *Decoder) timestamp() event.Time {
	v := d.keys[keyTimestamp]
	if d.null(v) {
		return 0
	}
	var whole, fraction, unit uint64 = 0, 0, 1e9
	text, dot := d.text(v), false
	for _, c := range text {
		switch {
		case c == '.' && !dot:
			dot = true
		case c < '0' || c > '9' || whole > 1<<33:
			seconds, err := strconv.ParseFloat(string(text), 64)
			if err != nil || seconds < 0 || seconds > 1<<33 {
				d.fail(v, "want seconds since boot, have %s", text)
				return 0
			}
			return event.Time(seconds*1e6+0.5) * 1000
		case !dot:
			whole = whole*10 + uint64(c-'0')
		case unit > 1:
			unit /= 10
			fraction += uint64(c-'0') * unit
		}
	}
	return event.Time(whole*1e9 + fraction)
}

func (d *Decoder) flags() (flags event.Flags, bits event.Bits) {
	v := d.keys[keyFlags]
	if d.null(v) {
		return 0, 0
	}
	s := scanner{text: d.line, pos: v.from}
	s.array(func(word span) {
		for _, f := range flagWords {
			if string(d.text(word)) == f.text {
				flags |= f.bit
			}
		}
		for _, f := range bitWords {
			if string(d.text(word)) == f.text {
				bits |= f.bit
			}
		}
	})
	d.take(&s)
	return flags, bits
}

// take makes the scanner's mistake the line's.
func (d *Decoder) take(s *scanner) {
	if d.err == nil {
		d.err = s.err
	}
}

func (d *Decoder) stack(stack []uint64) []uint64 {
	v := d.keys[keyStackAddresses]
	if d.null(v) {
		return nil
	}
	if stack == nil {
		stack = []uint64{}
	}
	s := scanner{text: d.line, pos: v.from}
	s.array(func(address span) { stack = append(stack, d.unsigned(address)) })
	d.take(&s)
	return stack
}

func (d *Decoder) gap() error {
	g := &GapError{}
	s := scanner{text: d.line, pos: d.keys[keyGap].from}
	s.object(func(key []byte, value span) {
		switch string(key) {
		case "lost":
			g.Lost = d.unsigned(value)
		case "cpu":
			g.CPU = int(d.signed(value))
		case "cause":
			g.Cause = d.keep(value, span{})
		}
	})
	d.take(&s)
	if d.err != nil {
		return d.err
	}
	return g
}
