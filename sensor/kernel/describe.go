package kernel

import (
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// describe derives from the dictionary how the programs read one system call:
// which arguments point to something, and which object is behind it.
func describe(e *dictionary.Event, o Options) desc {
	d := desc{ID: uint16(e.ID), NArgs: uint8(min(len(e.Args), 6))}
	n := 0
	for i := range e.Args[:d.NArgs] {
		if kind := putKind(&e.Args[i], o); kind != putNone && n < putCount {
			d.Put[n] = put{Arg: uint8(i), Kind: kind, Length: putLength(&e.Args[i], i)}
			n++
		}
	}
	r := reach[e.Name]
	d.Object, d.ObjectArg = r.object, r.from
	d.Flags |= r.flags
	if n > 0 || d.Object != objectNone {
		d.Flags |= descItems
	}
	return d
}

func putKind(a *dictionary.Arg, o Options) uint8 {
	switch {
	case a.Class == dictionary.Strings:
		return putStrings
	case a.Class == dictionary.String && a.Out:
		return putBufferOut
	case a.Class == dictionary.String:
		return putString
	case a.Class == dictionary.Sockaddr && a.Out:
		return putSockaddrOut
	case a.Class == dictionary.Sockaddr:
		return putSockaddr
	case a.Type == "int[2]" || a.Name == "pipefd":
		return putPair
	}
	return putNone
}

// putLength is where the size of what argument i points to stands: as the
// dictionary says, or in the argument after it.
func putLength(a *dictionary.Arg, i int) uint8 {
	switch {
	case a.Length == dictionary.LengthRet:
		return fromRet
	case a.Length >= 0:
		return uint8(a.Length)
	case a.Class == dictionary.String:
		return fromRet
	}
	return uint8(i + 1)
}
