package encode

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A JSON line begins with the keys of Tracee's record, in their order, from
// timestamp to args. Then follow bulwark's own:
//
//	v            version of these keys, 1
//	time         wall time, RFC 3339 with nanoseconds, UTC
//	monotonicNs  the same moment, exact, in ns since boot
//	cpu, arch    where it happened
//	errno        name of the error that the system call returned
//	flags        array of words: compat entry cut mismatch more nested, and of the
//	             process: container new newContainer
//	cgroupId     cgroup in the hierarchy that names containers
//	object       what the kernel really reached (jsonobject.go)
//	process      who did it, with ancestors (jsonprocess.go)
//	container    id, name, image, started, new
//
// errno, flags, object and container are left out when there is nothing to say.
// Strings that are not UTF-8 have U+FFFD in place of the bad bytes, and the exact
// bytes in base64 in a key beside them: `raw` in an argument, else the string's
// own key with Raw after it. An argument has further keys where its value does
// not say everything: raw (the number behind names, the bytes of a string or
// address), length (of an address), cut, hole, unterminated, bytes.
type jsonPrinter struct {
	Config
	env      Env
	mode     event.Mode
	rows     []row
	names    names
	contexts contexts
	clock    wallClock
	v        event.Value
}

func newJSON(c Config, env Env) *jsonPrinter {
	return &jsonPrinter{Config: c, env: env, mode: c.mode(), rows: makeRows(c)}
}

func (p *jsonPrinter) Begin(dst []byte) []byte { return dst }

// Append writes one line.
func (p *jsonPrinter) Append(dst []byte, e *event.Event) ([]byte, error) {
	who := p.contexts.of(e)
	dst = append(dst, `{"timestamp":`...)
	dst = appendSeconds(dst, p.at(e.Time, p.env.Start))
	dst = append(dst, who.head...)
	r := p.row(e)
	dst = append(dst, r.head[e.Arch&1]...)
	digit := len(dst) // the number of arguments is known when they are written
	dst = append(dst, `0,"returnValue":`...)
	dst = appendInt(dst, e.Ret)
	dst = p.appendStack(dst, e)
	dst = append(dst, `,"args":[`...)
	dst, n := p.appendArgs(dst, e, r)
	dst = setCount(dst, digit, n)
	dst = append(dst, `],"v":1,"time":"`...)
	dst = p.clock.append(dst, p.env.Offset+int64(e.Time))
	dst = append(dst, `","monotonicNs":`...)
	dst = appendUint(dst, uint64(e.Time))
	dst = append(dst, `,"cpu":`...)
	dst = appendUint(dst, uint64(e.CPU))
	dst = append(dst, archKey[e.Arch&1]...)
	if e.Ret < 0 && e.Ret > -4096 && r.info != nil && r.info.Kind == dictionary.Syscall {
		dst = appendErrno(dst, e.Ret)
	}
	if e.Flags != 0 || e.Bits != 0 {
		dst = appendFlags(dst, e)
	}
	dst = p.appendObject(dst, e)
	dst = append(dst, who.tail...)
	who.release()
	return append(dst, '}', '\n'), nil
}

// unknown is the row of an event that the dictionary lacks.
var unknown = row{head: [2]string{
	`,"eventId":"0","eventName":"","argsNum":`,
	`,"eventId":"0","eventName":"","argsNum":`,
}}

func (p *jsonPrinter) row(e *event.Event) *row {
	if int(e.ID) < len(p.rows) && p.rows[e.ID].info != nil {
		return &p.rows[e.ID]
	}
	return &unknown
}

// setCount puts the number of arguments where one digit was left for it.
func setCount(dst []byte, at, n int) []byte {
	if n < 10 {
		dst[at] = byte('0' + n)
		return dst
	}
	dst = append(dst, 0)
	copy(dst[at+1:], dst[at:])
	dst[at], dst[at+1] = '1', byte('0'+n-10)
	return dst
}

func (p *jsonPrinter) appendStack(dst []byte, e *event.Event) []byte {
	if !p.StackAddresses {
		return append(dst, `,"stackAddresses":null`...)
	}
	dst = append(dst, `,"stackAddresses":[`...)
	for i, address := range e.Stack {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendUint(dst, address)
	}
	return append(dst, ']')
}

var archKey = [2]string{
	dictionary.AMD64: `,"arch":"x86_64"`,
	dictionary.ARM64: `,"arch":"arm64"`,
}

// The words of the key flags.
var (
	flagWords = [...]struct {
		bit  event.Flags
		text string
	}{
		{event.FlagCompat, `"compat"`}, {event.FlagEntry, `"entry"`}, {event.FlagCut, `"cut"`},
		{event.FlagMismatch, `"mismatch"`}, {event.FlagMore, `"more"`}, {event.FlagNested, `"nested"`},
	}
	bitWords = [...]struct {
		bit  event.Bits
		text string
	}{
		{event.BitContainer, `"container"`}, {event.BitNew, `"new"`}, {event.BitNewContainer, `"newContainer"`},
	}
)

func appendFlags(dst []byte, e *event.Event) []byte {
	dst = append(dst, `,"flags":[`...)
	for i := range flagWords {
		if e.Flags&flagWords[i].bit != 0 {
			dst = append(append(dst, flagWords[i].text...), ',')
		}
	}
	for i := range bitWords {
		if e.Bits&bitWords[i].bit != 0 {
			dst = append(append(dst, bitWords[i].text...), ',')
		}
	}
	return closeList(dst, ']')
}

func appendErrno(dst []byte, ret int64) []byte {
	name := dictionary.Errno(int(-ret))
	if name == "" {
		return dst
	}
	return append(append(append(dst, `,"errno":"`...), name...), '"')
}

// closeList ends an object or array, after a comma or nothing.
func closeList(dst []byte, end byte) []byte {
	if dst[len(dst)-1] == ',' {
		dst[len(dst)-1] = end
		return dst
	}
	return append(dst, end)
}

// Gap writes an object with the one key gap.
func (p *jsonPrinter) Gap(dst []byte, g Gap) []byte {
	dst = append(dst, `{"gap":{"lost":`...)
	dst = appendUint(dst, g.Lost)
	dst = append(dst, `,"cpu":`...)
	dst = appendInt(dst, int64(g.CPU))
	dst = append(dst, `,"cause":`...)
	dst, _ = appendString(dst, g.Cause)
	return append(dst, '}', '}', '\n')
}

// endOfTransmission is the name in the record that option eot asks for.
const endOfTransmission = "\x04"

func (p *jsonPrinter) End(dst []byte, _ Stats) []byte {
	if !p.EOT {
		return dst
	}
	return append(dst, `{"timestamp":0,"processId":0,"threadId":0,"parentProcessId":0,"hostProcessId":0,"hostThreadId":0,`+
		`"hostParentProcessId":0,"userId":0,"mountNamespace":0,"pidNamespace":0,"processName":"","hostName":"","eventId":"0",`+
		`"eventName":"\u0004","argsNum":0,"returnValue":0,"stackAddresses":null,"args":null}`+"\n"...)
}

// Error writes an object with the one key error.
func (p *jsonPrinter) Error(dst []byte, err error) []byte {
	dst, _ = appendString(append(dst, `{"error":`...), err.Error())
	return append(dst, '}', '\n')
}
