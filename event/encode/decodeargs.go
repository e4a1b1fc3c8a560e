package encode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// argument is one element of args, by the places of its values.
type argument struct {
	name, ctype, value, raw, length, cut, hole, open, bytes span
}

// args reads the elements of args into words and items.
func (d *Decoder) args() {
	s := scanner{text: d.line, pos: d.keys[keyArgs].from}
	s.array(func(element span) {
		if d.err != nil {
			return
		}
		if !d.is(element, '{') {
			d.fail(element, "want an argument, have %s", d.text(element))
			return
		}
		var a argument
		members := scanner{text: d.line, pos: element.from}
		members.object(func(key []byte, value span) { a.set(key, value) })
		d.take(&members)
		d.arg(element, &a)
	})
	d.take(&s)
}

func (a *argument) set(key []byte, value span) {
	var b [24]byte
	switch string(fold(&b, key)) {
	case "name":
		a.name = value
	case "type":
		a.ctype = value
	case "value":
		a.value = value
	case "raw":
		a.raw = value
	case "length":
		a.length = value
	case "cut":
		a.cut = value
	case "hole":
		a.hole = value
	case "unterminated":
		a.open = value
	case "bytes":
		a.bytes = value
	}
}

// arg puts one argument into the record.
func (d *Decoder) arg(element span, a *argument) {
	if !a.value.ok() || !a.name.ok() {
		d.fail(element, "an argument needs a name and a value")
		return
	}
	from, to := d.string(a.name)
	i := d.info.ArgIndex(string(d.buf[from:to]))
	d.buf = d.buf[:from]
	if i < 0 {
		d.fail(a.name, "event %s has no argument %s", d.info.Name, d.text(a.name))
		return
	}
	row := &d.info.Args[i]
	var flags uint8
	if d.isTrue(a.cut) {
		flags |= event.ItemCut
	}
	if d.isTrue(a.hole) {
		flags |= event.ItemHole
	}
	if row.Kernel != dictionary.KernelNothing {
		flags |= event.ItemText
	}
	switch row.Class {
	case dictionary.String:
		from, to = d.stringValue(a)
	case dictionary.Strings:
		from, to = d.stringsValue(a)
	case dictionary.Sockaddr:
		from, to = d.sockaddr(a)
	case dictionary.Bytes:
		from, to = d.base64(a.value)
	case dictionary.Cred:
		from, to = d.cred(a)
	default:
		d.words[i] = d.word(a, row)
		d.b.Word(i, d.words[i])
		if a.bytes.ok() {
			from, to = d.base64(a.bytes)
			d.items = append(d.items, item{uint8(i), 0, from, to})
		}
		return
	}
	d.items = append(d.items, item{uint8(i), flags, from, to})
}

func (d *Decoder) stringValue(a *argument) (from, to int) {
	if a.raw.ok() {
		return d.base64(a.raw)
	}
	return d.string(a.value)
}

// stringsValue reads a vector: each string with its NUL.
func (d *Decoder) stringsValue(a *argument) (from, to int) {
	if a.raw.ok() {
		return d.base64(a.raw)
	}
	return d.vector(a.value, d.isTrue(a.cut), d.isTrue(a.open))
}

// vector reads strings into buf. dots: the last one only says that others are
// missing. open: the last one has lost its end.
func (d *Decoder) vector(v span, dots, open bool) (from, to int) {
	from = len(d.buf)
	if d.null(v) {
		return from, from
	}
	last := from
	s := scanner{text: d.line, pos: v.from}
	s.array(func(element span) {
		last = len(d.buf)
		d.string(element)
		d.buf = append(d.buf, 0)
	})
	d.take(&s)
	if dots {
		d.buf = d.buf[:last]
	}
	if open && len(d.buf) > from {
		d.buf = d.buf[:len(d.buf)-1]
	}
	return from, len(d.buf)
}

// word reads an argument that is a number: as one, or by its names.
func (d *Decoder) word(a *argument, row *dictionary.Arg) uint64 {
	v := a.value
	if a.raw.ok() {
		v = a.raw
	}
	switch c := d.line[v.from]; {
	case c == '"':
		return d.spoken(v, row)
	case c == '-' || c >= '0' && c <= '9':
		if a.raw.ok() { // the whole register, whatever the type
			if c == '-' {
				return uint64(d.signed(v))
			}
			return d.unsigned(v)
		}
		return d.typed(a, row)
	}
	d.fail(v, "want a number or its name, have %s", d.text(v))
	return 0
}

// widths are the types whose numbers Tracee reads back, by their bits; negative
// for signed ones.
var widths = map[string]int{
	"int": -32, "pid_t": -32, "uid_t": -32, "gid_t": -32, "mqd_t": -32, "clockid_t": -32, "const clockid_t": -32,
	"key_t": -32, "key_serial_t": -32, "timer_t": -32, "long": -64,
	"unsigned int": 32, "u32": 32, "mode_t": 32, "dev_t": 32,
	"unsigned long": 64, "u64": 64, "off_t": 64, "size_t": 64, "void*": 64,
}

// typed converts a number by the type that stands beside it.
func (d *Decoder) typed(a *argument, row *dictionary.Arg) uint64 {
	width := 0
	if d.is(a.ctype, '"') {
		var b [32]byte
		width = widths[string(unquote(b[:0], d.text(a.ctype)))]
	}
	if width == 0 {
		if a.ctype.ok() && !d.stringIs(a.ctype, row.Type) || row.Class == dictionary.Pointer {
			d.fail(a.value, "a number cannot be of type %s", d.text(a.ctype))
			return 0
		}
		width = classWidth(row.Class)
	}
	if width > 0 && !d.is(a.value, '-') {
		return d.limited(a.value, width)
	}
	n := d.signed(a.value)
	if width > 0 || width == -32 && n != int64(int32(n)) {
		d.fail(a.value, "%d does not fit into %s", n, d.text(a.ctype))
	}
	return uint64(n)
}

func classWidth(c dictionary.Class) int {
	switch c {
	case dictionary.Int:
		return -32
	case dictionary.Uint:
		return 32
	case dictionary.Long:
		return -64
	}
	return 64
}

// spoken reads a number from text: a pointer, a descriptor with its path, or
// names.
func (d *Decoder) spoken(v span, row *dictionary.Arg) uint64 {
	from, to := d.string(v)
	text := string(d.buf[from:to])
	d.buf = d.buf[:from]
	if row.FD {
		text, _, _ = strings.Cut(text, "=")
	}
	for i := range row.Choices {
		if c := &row.Choices[i]; c.When < 0 || d.holds(c) {
			return d.named(v, c.Decoder, text)
		}
	}
	n, ok := parseNumber(text)
	if !ok {
		d.fail(v, "%q is no number", text)
	}
	return n
}

// parseNumber reads 0x1F, 31 and -31.
func parseNumber(text string) (uint64, bool) {
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 64)
		return n, err == nil
	}
	if strings.HasPrefix(text, "-") {
		n, err := strconv.ParseInt(text, 10, 64)
		return uint64(n), err == nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// named reads names through their decoder.
func (d *Decoder) named(v span, by *dictionary.Decoder, text string) uint64 {
	if by == alerts {
		return d.alert(v, text)
	}
	n, ok := by.Parse(d.e.Arch, text)
	if !ok && (text != "" || !by.Flags()) { // "": only bits without a name, which are lost
		d.fail(v, "%q is no name of %s", text, by.Name())
	}
	return n
}

// savedText stands in an alert before the time that names the file in which the
// memory was saved.
const savedText = " Saving data to bin."

func (d *Decoder) alert(v span, text string) uint64 {
	text, at, saved := strings.Cut(text, savedText)
	n, ok := alerts.Parse(d.e.Arch, text)
	if !ok {
		d.fail(v, "%q is no alert", text)
	}
	if !saved {
		return n
	}
	us, err := strconv.ParseUint(at, 10, 64)
	if err != nil {
		d.fail(v, "%q is no time in microseconds", at)
	}
	from := len(d.buf)
	d.buf = binary.LittleEndian.AppendUint64(d.buf, us)
	d.items = append(d.items, item{0, 0, from, len(d.buf)})
	return n | event.AlertSaved
}

// holds reports whether the argument that a decoder depends on, which stands
// before, has one of its values.
func (d *Decoder) holds(c *dictionary.Choice) bool {
	n := d.words[c.When]
	if d.info.Args[c.When].Class == dictionary.Int {
		n = uint64(int64(int32(n)))
	}
	for _, want := range c.Values {
		if n == want {
			return true
		}
	}
	return false
}

// cred reads credentials.
func (d *Decoder) cred(a *argument) (from, to int) {
	if a.raw.ok() {
		return d.base64(a.raw)
	}
	from = len(d.buf)
	d.buf = pad(d.buf, from+event.CredSize)
	if !d.is(a.value, '{') {
		d.fail(a.value, "want an object of credentials, have %s", d.text(a.value))
		return from, from
	}
	keys := event.CredKeys()
	s := scanner{text: d.line, pos: a.value.from}
	s.object(func(key []byte, value span) {
		for i := range keys {
			if !bytes.EqualFold(key, []byte(keys[i])) {
				continue
			}
			n := d.unsigned(value)
			if wide := len(keys) - 5; i < wide {
				binary.LittleEndian.PutUint32(d.buf[from+4*i:], uint32(n))
			} else {
				binary.LittleEndian.PutUint64(d.buf[from+4*wide+8*(i-wide):], n)
			}
		}
	})
	d.take(&s)
	return from, len(d.buf)
}

// sockaddr reads an address: the decoded text, or an object of its fields.
func (d *Decoder) sockaddr(a *argument) (from, to int) {
	if a.raw.ok() {
		return d.base64(a.raw)
	}
	at := address{length: -1}
	if a.length.ok() {
		at.length = int(d.limited(a.length, 12))
	}
	switch {
	case d.is(a.value, '{'):
		s := scanner{text: d.line, pos: a.value.from}
		s.object(func(key []byte, value span) {
			from, to := d.string(value)
			d.field(value, &at, key, d.buf[from:to])
		})
		d.take(&s)
	case d.is(a.value, '"'):
		from, to := d.string(a.value)
		d.fields(a.value, &at, d.buf[from:to])
	default:
		d.fail(a.value, "want an address, have %s", d.text(a.value))
	}
	from = len(d.buf)
	d.buf = at.bytes(d.buf)
	return from, len(d.buf)
}

// fields reads {'key': 'value','key': 'value'}.
func (d *Decoder) fields(v span, a *address, text []byte) {
	text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("{'")), []byte("'}"))
	for len(text) > 0 {
		key, rest, ok := bytes.Cut(text, []byte("': '"))
		if !ok {
			d.fail(v, "want an address such as {'sa_family': 'AF_INET',…}, have %s", d.text(v))
			return
		}
		value, next, _ := bytes.Cut(rest, []byte("','"))
		d.field(v, a, key, value)
		text = next
	}
}

// field sets a field of an address.
func (d *Decoder) field(v span, a *address, key, value []byte) {
	ok := true
	number := func() uint64 {
		n, err := strconv.ParseUint(string(value), 10, 32)
		ok = err == nil
		return n
	}
	switch string(key) {
	case "sa_family":
		a.family, ok = familyNames.Parse(dictionary.Host, string(value))
	case "sun_path":
		a.path = value
	case "sin_addr", "sin6_addr":
		var err error
		a.ip, err = netip.ParseAddr(string(value))
		ok = err == nil
	case "sin_port", "sin6_port":
		a.port = number()
	case "sin6_flowinfo":
		a.flow = number()
	case "sin6_scopeid":
		a.scope = number()
	}
	if !ok {
		d.fail(v, "%q is no %s", value, key)
	}
}
