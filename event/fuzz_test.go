package event

import (
	"testing"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// readAll reads everything that an event can be asked, and returns how many
// bytes of text that made.
func readAll(e *Event, v *Value, buf []byte) int {
	n := 0
	for i := -1; i <= dictionary.MaxArgs; i++ {
		e.Word(i)
		if !e.Arg(i, v) {
			continue
		}
		for _, m := range []Mode{Mode2021, ModeAll, ModeRaw} {
			n += len(e.AppendText(buf[:0], i, v, m))
		}
		n += len(AppendRaw(buf[:0], v))
		e.AlertTime(i)
	}
	for f := Field(0); f <= numFields; f++ {
		if e.Object(f, v) {
			n += len(e.AppendObject(buf[:0], f, v, ModeAll)) + len(AppendPlain(buf[:0], v))
		}
	}
	return n + len(e.AppendRet(buf[:0], ModeAll))
}

// FuzzRecord reads arbitrary bytes as a record, and as a record of every event
// with those bytes behind its header. Nothing may panic; the bytes stand at the
// end of their memory, so reading on would.
func FuzzRecord(f *testing.F) {
	f.Add(openat(f).Raw(), uint16(257))
	f.Add(made(f, "connect", 0, func(b *Builder) {
		b.Word(0, 3)
		b.Item(1, 0, inet)
		b.Item(TagSocket, 0, socket(1, 1, 6, 1, inet, inet))
		b.Item(TagSunPath, 0, []byte("\x00abstract"))
	}).Raw(), uint16(42))
	f.Add(made(f, "execve", 0, func(b *Builder) {
		b.Item(1, ItemCut, words("ls", ""))
		b.Item(TagExe, ItemAnon, words("memfd:x"))
		b.Item(TagCwd, ItemCut, []byte("\x00\x00a"))
	}).Raw(), uint16(59))
	f.Add([]byte{}, uint16(3003))
	f.Fuzz(func(t *testing.T, data []byte, id uint16) {
		var e Event
		var v Value
		buf := make([]byte, 0, 256)
		if e.SetRaw(data[:len(data):len(data)]) {
			readAll(&e, &v, buf)
			e.ID = ID(id)
			readAll(&e, &v, buf)
		}
		raw := append(make([]byte, HeaderSize), data...)
		raw[8], raw[9], raw[10] = byte(len(raw)), byte(len(raw)>>8), byte(len(raw)>>16)
		raw[12], raw[13] = byte(id), byte(id>>8)
		if len(data) > 0 {
			raw[14] = data[0] % 17
		}
		if e.SetRaw(raw[:len(raw):len(raw)]) {
			readAll(&e, &v, buf)
		}
	})
}

func FuzzSockaddr(f *testing.F) {
	f.Add(inet)
	f.Add([]byte{1, 0, 0, 'a', 0})
	f.Add([]byte{10})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Sockaddr(data[:len(data):len(data)])
		AppendSockaddr(nil, s)
		appendRawSockaddr(nil, s)
		s.AppendField(nil, -1)
		s.Addr()
		s.Port()
	})
}

func FuzzContainerOf(f *testing.F) {
	f.Add("/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	f.Fuzz(func(t *testing.T, path string) {
		if id, ok := ContainerOf(path); ok == (id == "") {
			t.Errorf("id of %q is %q, %t", path, id, ok)
		}
	})
}
