package encode

import (
	"encoding/binary"
	"net/netip"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// An objectKey is a key of the object: a fact, and which part of it.
type objectKey struct {
	fact uint8 // tag of its item
	part part
}

// The parts that a fact's value is spread over.
type part uint8

const (
	value part = iota
	exact      // KEYRaw
	marks      // KEYFlags
	open       // KEYUnterminated
	numParts
)

// A fact is the values of one text fact or vector.
type fact [numParts]span

// objectKeys are the texts and vectors of an object by key, in lower case.
var objectKeys = func() map[string]objectKey {
	keys := map[string]objectKey{}
	add := func(name string, tag uint8) {
		keys[name] = objectKey{tag, value}
		keys[name+"raw"] = objectKey{tag, exact}
		keys[name+"flags"] = objectKey{tag, marks}
		keys[name+"unterminated"] = objectKey{tag, open}
	}
	for i := range paths {
		add(paths[i].field.String(), paths[i].tag)
	}
	add("argv", event.TagArgv)
	add("env", event.TagEnv)
	add("bytes", event.TagBytes)
	return keys
}()

// object reads the key object into items.
func (d *Decoder) object() {
	v := d.keys[keyObject]
	if !d.is(v, '{') {
		d.fail(v, "want an object, have %s", d.text(v))
		return
	}
	var facts [lastTag - firstTag + 1]fact
	file, socket := fileItem{}, socketItem{}
	s := scanner{text: d.line, pos: v.from}
	s.object(func(key []byte, v span) {
		var b [24]byte
		low := fold(&b, key)
		if k, ok := objectKeys[string(low)]; ok {
			facts[k.fact-firstTag][k.part] = v
			return
		}
		if d.fileKey(&file, string(low), v) || d.socketKey(&socket, string(low), v) {
			return
		}
		if string(low) == "child" {
			d.child(v)
		}
	})
	d.take(&s)
	for i := range facts {
		if facts[i][value].ok() {
			d.fact(firstTag+uint8(i), &facts[i])
		}
	}
	if file.known {
		d.file(&file)
	}
	if socket.known {
		d.socket(&socket)
	}
}

// fact makes the item of a text, a vector or bytes.
func (d *Decoder) fact(tag uint8, f *fact) {
	var from, to int
	flags := d.itemFlags(f[marks])
	switch tag {
	case event.TagArgv, event.TagEnv:
		if f[exact].ok() {
			from, to = d.base64(f[exact])
		} else {
			from, to = d.vector(f[value], false, d.isTrue(f[open]))
		}
	case event.TagBytes:
		from, to = d.base64(f[value])
	default:
		flags |= event.ItemText
		if f[exact].ok() {
			from, to = d.base64(f[exact])
		} else {
			from, to = d.string(f[value])
		}
	}
	d.items = append(d.items, item{tag, flags, from, to})
}

func (d *Decoder) itemFlags(v span) (flags uint8) {
	if d.null(v) {
		return 0
	}
	s := scanner{text: d.line, pos: v.from}
	s.array(func(word span) {
		for _, w := range itemWords {
			if string(d.text(word)) == w.text[:len(w.text)-1] {
				flags |= w.bit
			}
		}
	})
	d.take(&s)
	return flags
}

// fileItem is a TagFile item while its keys are read.
type fileItem struct {
	event.File
	known  bool
	fstype span
	raw    span
}

// fileKey reads a key that is about a file.
func (d *Decoder) fileKey(f *fileItem, key string, v span) bool {
	switch key {
	case "inode":
		f.Inode = d.unsigned(v)
	case "dev":
		f.Dev = uint32(d.limited(v, 32))
	case "mode":
		f.Mode = uint32(d.limited(v, 32))
	case "uid":
		f.UID = uint32(d.limited(v, 32))
	case "gid":
		f.GID = uint32(d.limited(v, 32))
	case "flags":
		f.Flags = uint32(d.limited(v, 32))
	case "fstype":
		f.fstype = v
	case "fstyperaw":
		f.raw = v
	default:
		return false
	}
	f.known = true
	return true
}

func (d *Decoder) file(f *fileItem) {
	f.SBMagic = uint32(d.fieldNumber(event.FieldFSType, f.fstype, f.raw))
	from := len(d.buf)
	b := binary.LittleEndian.AppendUint64(d.buf, f.Inode)
	for _, n := range [...]uint32{f.Dev, f.Mode, f.UID, f.GID, f.Flags, f.SBMagic} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	d.buf = b
	d.items = append(d.items, item{event.TagFile, 0, from, len(b)})
}

// fieldNumber reads a fact that is printed by name; raw says the number where
// the name does not.
func (d *Decoder) fieldNumber(f event.Field, v, raw span) uint64 {
	if raw.ok() {
		return d.unsigned(raw)
	}
	if d.null(v) {
		return 0
	}
	from, to := d.string(v)
	text := string(d.buf[from:to])
	d.buf = d.buf[:from]
	n, ok := uint64(0), false
	if by := f.Decoder(); by != nil {
		n, ok = by.Parse(d.e.Arch, text)
	} else {
		n, ok = parseNumber(text)
	}
	if !ok {
		d.fail(v, "%q is no %s", text, f)
	}
	return n
}

// socketItem is a TagSocket item while its keys are read.
type socketItem struct {
	known               bool
	words               [4]span // family, type, protocol, state
	raws                [4]span
	inode               uint64
	local, remote       address
	localRaw, remoteRaw span
	hasLocal, hasRemote bool
	localCut, remoteCut bool
}

// socketWords are the named facts of a socket, in the order of its item.
var socketWords = [4]event.Field{event.FieldFamily, event.FieldSockType, event.FieldProtocol, event.FieldState}

// socketKey reads a key that is about a socket.
func (d *Decoder) socketKey(s *socketItem, key string, v span) bool {
	for i, f := range socketWords {
		switch key {
		case f.String():
			s.words[i], s.known = v, true
			return true
		case f.String() + "raw":
			s.raws[i], s.known = v, true
			return true
		}
	}
	switch key {
	case "socketinode":
		s.inode = d.unsigned(v)
	case "local":
		s.hasLocal = true
		s.localRaw, s.localCut = d.endpoint(v, &s.local)
	case "remote":
		s.hasRemote = true
		s.remoteRaw, s.remoteCut = d.endpoint(v, &s.remote)
	default:
		return false
	}
	s.known = true
	return true
}

// endpoint reads one end of a socket.
func (d *Decoder) endpoint(v span, a *address) (raw span, cut bool) {
	a.length = -1
	if !d.is(v, '{') {
		d.fail(v, "want an end of a socket, have %s", d.text(v))
		return
	}
	s := scanner{text: d.line, pos: v.from}
	s.object(func(key []byte, v span) {
		switch string(key) {
		case "family", "address":
			from, to := d.string(v)
			text := d.buf[from:to]
			ok := true
			if key[0] == 'f' {
				a.family, ok = familyNames.Parse(dictionary.Host, string(text))
			} else {
				var err error
				a.ip, err = netip.ParseAddr(string(text))
				ok = err == nil
			}
			if !ok {
				d.fail(v, "%q is no %s", text, key)
			}
		case "path":
			from, to := d.string(v)
			a.path = d.buf[from:to]
		case "port":
			a.port = d.limited(v, 16)
		case "flowinfo":
			a.flow = d.limited(v, 32)
		case "scope":
			a.scope = d.limited(v, 32)
		case "length":
			a.length = int(d.limited(v, 12))
		case "raw":
			raw = v
		case "cut":
			cut = d.isTrue(v)
		}
	})
	d.take(&s)
	return raw, cut
}

// socket makes the item of a socket, and those of the names of its ends.
func (d *Decoder) socket(s *socketItem) {
	var b [72]byte
	for i, f := range socketWords {
		n := d.fieldNumber(f, s.words[i], s.raws[i])
		binary.LittleEndian.PutUint16(b[2*i:], uint16(n))
	}
	binary.LittleEndian.PutUint64(b[8:], s.inode)
	if s.hasLocal {
		d.end(b[16:44], &s.local, s.localRaw, s.localCut, event.TagSunPath)
	}
	if s.hasRemote {
		d.end(b[44:72], &s.remote, s.remoteRaw, s.remoteCut, event.TagSunPeer)
	}
	from := len(d.buf)
	d.buf = append(d.buf, b[:]...)
	d.items = append(d.items, item{event.TagSocket, 0, from, len(d.buf)})
}

// end puts an address into its place in a socket item. The names of UNIX sockets
// have items of their own.
func (d *Decoder) end(place []byte, a *address, raw span, cut bool, tag uint8) {
	from := len(d.buf)
	if raw.ok() {
		d.base64(raw)
	} else {
		d.buf = a.bytes(d.buf)
	}
	bytes := d.buf[from:]
	if event.Sockaddr(bytes).Family() != afUnix {
		copy(place, bytes)
		return
	}
	copy(place, bytes[:2])
	var flags uint8
	if cut {
		flags = event.ItemCut
	}
	d.items = append(d.items, item{tag, flags, from + 2, len(d.buf)})
}

// child reads the context of a new process.
func (d *Decoder) child(v span) {
	if !d.is(v, '{') {
		d.fail(v, "want an object, have %s", d.text(v))
		return
	}
	var b [contextSize]byte
	var raw, comm, uts span
	s := scanner{text: d.line, pos: v.from}
	s.object(func(key []byte, v span) {
		for _, f := range childFacts {
			if string(key) != f.key[1:len(f.key)-2] {
				continue
			}
			if f.size == 8 {
				binary.LittleEndian.PutUint64(b[f.at:], d.unsigned(v))
			} else {
				binary.LittleEndian.PutUint32(b[f.at:], uint32(d.limited(v, 32)))
			}
			return
		}
		switch string(key) {
		case "processName":
			comm = v
		case "hostName":
			uts = v
		case "raw":
			raw = v
		}
	})
	d.take(&s)
	from := len(d.buf)
	to := from
	if raw.ok() {
		from, to = d.base64(raw)
	} else {
		d.name(b[80:96], comm, span{})
		d.name(b[96:112], uts, span{})
		d.buf = append(d.buf, b[:]...)
		to = len(d.buf)
	}
	d.items = append(d.items, item{event.TagChild, 0, from, to})
}
