package encode

import (
	"strconv"
	"unsafe"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A row is the constant text of an event's JSON line, made once.
type row struct {
	info *dictionary.Event
	head [2]string // by architecture: from eventId to argsNum
	args []string  // the start of each argument, up to its value
	hide uint16    // bit i: argument i is printed only on request
}

// makeRows prepares every event of the dictionary, by id.
func makeRows(c Config) []row {
	all := dictionary.All()
	rows := make([]row, int(all[len(all)-1].ID)+1)
	for _, info := range all {
		r := &rows[info.ID]
		r.info = info
		r.hide = hidden16(c, info)
		for arch := range r.head {
			r.head[arch] = `,"eventId":"` + strconv.Itoa(number(info, dictionary.Arch(arch))) +
				`","eventName":"` + info.Name + `","argsNum":`
		}
		for _, a := range info.Args {
			r.args = append(r.args, `{"name":"`+a.Name+`","type":"`+a.Type+`","value":`)
		}
	}
	return rows
}

// number is what JSON calls an event: the system call's native number, as
// Tracee does, or the dictionary's where the architecture has none.
func number(info *dictionary.Event, arch dictionary.Arch) int {
	if info.Kind == dictionary.Syscall && info.Number[arch&1] >= 0 {
		return info.Number[arch&1]
	}
	return int(info.ID)
}

// hidden16 marks the arguments that are there only on request: the environment,
// and the call during which a capability was asked for.
func hidden16(c Config, info *dictionary.Event) (bits uint16) {
	for i, a := range info.Args {
		switch {
		case (a.Name == "envp" || a.Name == "env") && a.Class == dictionary.Strings && !c.ExecEnv,
			info.Name == "cap_capable" && a.Name == "syscall" && !c.DetectSyscall:
			bits |= 1 << i
		}
	}
	return bits
}

// names keeps the text of numbers that a decoder has put into words: few values
// make up nearly all. Two that share a place push each other out.
type names struct {
	entries [512]name
}

type name struct {
	decoder *dictionary.Decoder
	raw     uint64
	arch    dictionary.Arch
	class   dictionary.Class
	exact   bool // the text says the number
	n       uint8
	text    [86]byte
}

// append writes the text of a number, and says whether the number can be told
// from it. The salt keeps apart who asks, so that the zeros of all decoders do
// not share one place.
func (w *names) append(dst []byte, salt int, d *dictionary.Decoder, arch dictionary.Arch, v *event.Value) (_ []byte, exact bool) {
	h := (v.Num ^ uint64(salt)<<48) * 0x9e3779b97f4a7c15
	e := &w.entries[h>>55]
	if e.decoder == d && e.raw == v.Num && e.arch == arch && e.class == v.Class {
		return append(dst, e.text[:e.n]...), e.exact
	}
	at := len(dst)
	dst = d.Append(dst, arch, v.Num)
	text := dst[at:]
	n, ok := d.Parse(arch, unsafe.String(unsafe.SliceData(text), len(text))) // read only, and only here
	exact = ok && n == v.Num
	if ok && (v.Class == dictionary.Int || v.Class == dictionary.Uint) {
		exact = uint32(n) == uint32(v.Num)
	}
	if len(text) <= len(e.text) {
		e.decoder, e.raw, e.arch, e.class, e.exact = d, v.Num, arch, v.Class, exact
		e.n = uint8(copy(e.text[:], text))
	}
	return dst, exact
}
