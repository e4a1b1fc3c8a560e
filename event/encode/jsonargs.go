package encode

import (
	"bytes"
	"slices"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// appendArgs writes the elements of args and returns their number.
func (p *jsonPrinter) appendArgs(dst []byte, e *event.Event, r *row) ([]byte, int) {
	n := 0
	for i := range r.args {
		if r.hide>>i&1 != 0 || !e.Arg(i, &p.v) {
			continue
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		n++
		dst = append(dst, r.args[i]...)
		switch p.v.Class {
		case dictionary.String:
			dst = p.appendStringArg(dst)
		case dictionary.Strings:
			dst = p.appendStringsArg(dst, e, i)
		case dictionary.Sockaddr:
			dst = p.appendSockaddrArg(dst, r.info.Args[i].Decoded)
		case dictionary.Bytes:
			dst = appendBase64(dst, p.v.Bytes)
		case dictionary.Cred:
			dst = appendCred(dst, p.v.Bytes)
		default:
			dst = p.appendWordArg(dst, e, &r.info.Args[i], i)
		}
		if p.v.Cut {
			dst = append(dst, `,"cut":true`...)
		}
		dst = append(dst, '}')
	}
	return dst, n
}

// alerts are the one decoder whose text says more than the number: where the
// memory is saved.
var alerts = dictionary.Decoders("alert")

// appendWordArg writes a number, or the names for it.
func (p *jsonPrinter) appendWordArg(dst []byte, e *event.Event, a *dictionary.Arg, i int) []byte {
	item, _, hasItem := e.Item(uint8(i))
	switch d := e.Decoder(i, p.mode); {
	case d != nil && d == alerts:
		dst = p.appendSpoken(dst, e, i)
	case d != nil:
		exact := false
		dst, exact = p.names.append(append(dst, '"'), int(e.ID)<<4|i, d, e.Arch, &p.v)
		dst = append(dst, '"')
		if !exact {
			dst = appendNumber(append(dst, `,"raw":`...), &p.v)
		}
	case p.v.Class == dictionary.Pointer && hasItem && p.mode == event.ModeAll:
		dst = p.appendSpoken(dst, e, i)
	case p.v.Class == dictionary.Pointer:
		dst = append(appendHex(append(dst, '"'), p.v.Num), '"')
	case a.FD && p.ParseFDs:
		dst = p.appendFD(dst, e, i)
	default:
		dst = appendNumber(dst, &p.v)
		if e.Word(i)&event.AlertSaved != 0 && e.Decoder(i, event.ModeAll) == alerts {
			dst = appendUint(append(dst, `,"raw":`...), e.Word(i))
		}
	}
	if hasItem {
		dst = appendBase64(append(dst, `,"bytes":`...), item)
	}
	return dst
}

// appendSpoken writes the text that the event itself makes of an argument whose
// word alone does not say everything, and the word beside it.
func (p *jsonPrinter) appendSpoken(dst []byte, e *event.Event, i int) []byte {
	at := len(dst) + 1
	dst = escapeFrom(e.AppendText(append(dst, '"'), i, &p.v, p.mode), at)
	return appendUint(append(dst, `","raw":`...), e.Word(i))
}

// appendFD writes a descriptor with the path behind it.
func (p *jsonPrinter) appendFD(dst []byte, e *event.Event, i int) []byte {
	path := p.env.behind(e, i, int32(p.v.Num))
	if path == "" {
		return appendNumber(dst, &p.v)
	}
	dst = appendInt(append(dst, '"'), p.v.Int())
	dst = append(dst, '=')
	dst, _ = appendEscaped(dst, path)
	return append(dst, '"')
}

// behind is the path behind a descriptor argument: what the kernel saw there when
// the call ran, else what the process has there now.
func (env *Env) behind(e *event.Event, i int, fd int32) string {
	if fd < 0 {
		return ""
	}
	var v event.Value
	if objectIsBehind(e, i) && e.Object(event.FieldPath, &v) {
		return string(v.Bytes)
	}
	if env.FDPath == nil {
		return ""
	}
	return env.FDPath(e.HostPID, fd)
}

// objectIsBehind reports whether the event's object is what argument i stands
// for: its first descriptor, unless that only names the directory of a path.
func objectIsBehind(e *event.Event, i int) bool {
	args := e.Info().Args
	first := slices.IndexFunc(args, func(a dictionary.Arg) bool { return a.FD })
	return i == first && args[i].Decoder != "at_fd"
}

func appendNumber(dst []byte, v *event.Value) []byte {
	if v.Class.Signed() {
		return appendInt(dst, v.Int())
	}
	return appendUint(dst, v.Num)
}

func (p *jsonPrinter) appendStringArg(dst []byte) []byte {
	dst, exact := appendString(dst, p.v.Bytes)
	if !exact {
		dst = appendBase64(append(dst, `,"raw":`...), p.v.Bytes)
	}
	return dst
}

// appendStringsArg writes a vector, null when it has no element, as Tracee does.
// One that was cut has the further element "...".
func (p *jsonPrinter) appendStringsArg(dst []byte, e *event.Event, i int) []byte {
	if len(p.v.Bytes) == 0 && !p.v.Cut {
		dst = append(dst, "null"...)
	} else {
		exact := false
		dst, exact = appendVector(dst, p.v.Bytes, p.v.Cut)
		if !exact {
			dst = appendBase64(append(dst, `,"raw":`...), p.v.Bytes)
		}
	}
	if n := len(p.v.Bytes); n > 0 && p.v.Bytes[n-1] != 0 {
		dst = append(dst, `,"unterminated":true`...)
	}
	if _, flags, ok := e.Item(uint8(i)); ok && flags&event.ItemHole != 0 {
		dst = append(dst, `,"hole":true`...)
	}
	return dst
}

// appendVector writes strings that stand one after the other, each with its NUL.
func appendVector(dst, vector []byte, cut bool) (_ []byte, exact bool) {
	exact = true
	dst = append(dst, '[')
	for len(vector) > 0 {
		s := vector
		if end := bytes.IndexByte(vector, 0); end >= 0 {
			s, vector = vector[:end], vector[end+1:]
		} else {
			vector = nil
		}
		ok := false
		dst, ok = appendString(dst, s)
		dst = append(dst, ',')
		exact = exact && ok
	}
	if cut {
		dst = append(dst, `"..."`...)
	}
	return closeList(dst, ']'), exact
}

// appendCred writes credentials as an object of numbers.
func appendCred(dst, raw []byte) []byte {
	dst = append(dst, '{')
	for i, key := range event.CredKeys() {
		dst = append(append(append(dst, '"'), key...), '"', ':')
		dst = append(appendUint(dst, event.CredField(raw, i)), ',')
	}
	dst = closeList(dst, '}')
	if len(raw) != event.CredSize {
		dst = appendBase64(append(dst, `,"raw":`...), raw)
	}
	return dst
}
