package kernel

import (
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// describe derives from the dictionary how the programs read one system call:
// which arguments point to something, and which object is behind it.
func describe(e *dictionary.Event, o Options) desc {
	d := desc{ID: uint16(e.ID), NArgs: uint8(min(len(e.Args), 6))}
	args := e.Args[:d.NArgs]
	n := 0
	for i := range args {
		p := putOf(args, i)
		if p.Kind == putStrings && i > 0 && args[i].Name == "envp" && !o.ExecEnv {
			d.Absent |= 1 << i
			continue
		}
		if p.Kind != putNone && n < putCount {
			d.Put[n] = p
			n++
		}
	}
	r := reach[e.Name]
	d.Object, d.ObjectArg, d.Flags = r.object, r.from, r.flags
	if d.Object == objectNone && o.FDPaths {
		d.reachDescriptor(e)
	}
	if d.Object == objectNone {
		d.findBases(e, args)
	}
	if e.Name == "sethostname" || changesState(e.Name) {
		d.Flags |= descFresh
	}
	if n > 0 || d.Object != objectNone || d.Dir[0] != 0 {
		d.Flags |= descItems
	}
	return d
}

// putOf is how an argument that points to something is read.
func putOf(args []dictionary.Arg, i int) put {
	a := &args[i]
	p := put{Arg: uint8(i), Length: fromRet}
	next := i + 1
	switch {
	case a.Class == dictionary.Strings && a.Out:
		p.Kind = putBufferOut
	case a.Class == dictionary.Strings:
		p.Kind = putStrings
	case a.Class == dictionary.Sockaddr:
		p.Kind, p.Length = putSockaddr, uint8(next)
		if a.Out {
			p.Kind = putSockaddrOut
		}
	case a.Class == dictionary.String && a.Length == dictionary.LengthRet:
		p.Kind = putBufferOut
	case a.Class == dictionary.String && a.Length >= 0:
		p.Kind, p.Length = putBuffer, uint8(a.Length)
	case a.Class == dictionary.String && a.Out && next < len(args) && strings.HasPrefix(args[next].Type, "int"):
		p.Kind, p.Length = putSockaddrOut, uint8(next)
	case a.Class == dictionary.String && a.Out:
		p.Kind = putStringOut
	case a.Class == dictionary.String:
		p.Kind = putString
	case a.Struct != nil && a.Struct.Size < 256:
		p.Kind, p.Most = putStruct, uint8(a.Struct.Size)
		if a.Out {
			p.Kind = putStructOut
		}
		if a.Length >= 0 {
			p.Length = uint8(a.Length)
		}
	case a.Type == "int[2]" || a.Name == "pipefd":
		p.Kind, p.Most = putStructOut, 8
	}
	return p
}

// reachDescriptor makes the object of a call that of its first descriptor. Close
// takes it away, so it is looked up before.
func (d *desc) reachDescriptor(e *dictionary.Event) {
	for i := range e.Args[:d.NArgs] {
		if e.Args[i].FD && !isBase(e, i) {
			d.Object, d.ObjectArg = objectFile, uint8(i)
			if e.Name == "close" {
				d.Flags |= descStash
			}
			return
		}
	}
}

// Arguments that are descriptors of a base directory, and paths that the call
// resolves.
var (
	directories = map[string]bool{
		"dirfd": true, "dfd": true, "olddirfd": true, "newdirfd": true, "from_dfd": true, "to_dfd": true,
	}
	paths = map[string]bool{
		"pathname": true, "path": true, "filename": true, "oldpath": true, "newpath": true, "linkpath": true,
		"from_path": true, "to_path": true, "library": true, "new_root": true, "put_old": true,
	}
)

// isBase tells whether argument i is the descriptor of a base directory.
// faccessat2 alone calls its own by another name.
func isBase(e *dictionary.Event, i int) bool {
	return directories[e.Args[i].Name] || (e.Name == "faccessat2" && i == 0)
}

// findBases asks for the directories that relative paths of the call begin at.
func (d *desc) findBases(e *dictionary.Event, args []dictionary.Arg) {
	n := 0
	for i := range args {
		if n == len(d.Dir) || args[i].Class != dictionary.String || args[i].Out || !paths[args[i].Name] {
			continue
		}
		d.Dir[n], d.DirFD[n] = uint8(i+1), fromRet
		if i > 0 && isBase(e, i-1) {
			d.DirFD[n] = uint8(i - 1)
		}
		n++
	}
}
