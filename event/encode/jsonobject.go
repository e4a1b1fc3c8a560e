package encode

import (
	"encoding/binary"

	"github.com/bulwark-security/bulwark/event"
)

// The object of a line has a key for every fact that the record carries:
//
//	path path2 prev exe interp cwd dir dir2    text; KEYFlags: cut detached deleted anon
//	argv env                                   arrays; KEYFlags: cut hole unterminated
//	dev inode mode uid gid flags fstype        of the file; numbers, fstype a name
//	family socktype protocol state             of the socket; names
//	socketInode local remote                   its number and its two ends
//	bytes                                      first bytes of a buffer, base64
//	child                                      the new process of a fork, its ids and names
//	sha256                                     of the executed file, on request

// An itemSet says which items a record has: bit tag-firstTag.
type itemSet uint64

// The tags of what the object is made of.
const (
	firstTag = event.TagPath
	lastTag  = firstTag + 63
)

func (s itemSet) has(tag uint8) bool { return s>>(tag-firstTag)&1 != 0 }

// items walks over a record once.
func items(e *event.Event) (s itemSet) {
	raw := e.Raw()
	if len(raw) < event.HeaderSize {
		return 0
	}
	b := raw[event.HeaderSize+8*int(raw[14]):]
	for len(b) >= event.ItemSize {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n > uint64(len(b)-event.ItemSize) {
			return s
		}
		if tag := b[0]; tag >= firstTag && tag <= lastTag {
			s |= 1 << (tag - firstTag)
		}
		step := event.ItemSize + int((n+7)&^7)
		if step > len(b) {
			return s
		}
		b = b[step:]
	}
	return s
}

// paths are the text facts in the order of printing.
var paths = [...]struct {
	tag   uint8
	field event.Field
	key   string // with comma and colon
	more  string // KEYFlags, KEYRaw without the last word
}{
	{event.TagPath, event.FieldPath, `"path":`, `"path`},
	{event.TagPath2, event.FieldPath2, `"path2":`, `"path2`},
	{event.TagPrev, event.FieldPrev, `"prev":`, `"prev`},
	{event.TagExe, event.FieldExe, `"exe":`, `"exe`},
	{event.TagInterp, event.FieldInterp, `"interp":`, `"interp`},
	{event.TagCwd, event.FieldCwd, `"cwd":`, `"cwd`},
	{event.TagDir, event.FieldDir, `"dir":`, `"dir`},
	{event.TagDir2, event.FieldDir2, `"dir2":`, `"dir2`},
}

// appendObject writes the key object, if there is anything to say.
func (p *jsonPrinter) appendObject(dst []byte, e *event.Event) []byte {
	have := items(e)
	hash := ""
	if p.ExecHash && p.env.ExecHash != nil {
		hash = p.env.ExecHash(e)
	}
	if have == 0 && hash == "" {
		return dst
	}
	dst = append(dst, `,"object":{`...)
	for i := range paths {
		if have.has(paths[i].tag) {
			dst = p.appendPath(dst, e, i)
		}
	}
	if have.has(event.TagArgv) {
		dst = p.appendVectorFact(dst, e, event.TagArgv, `"argv`)
	}
	if have.has(event.TagEnv) && p.ExecEnv {
		dst = p.appendVectorFact(dst, e, event.TagEnv, `"env`)
	}
	if have.has(event.TagFile) {
		dst = p.appendFile(dst, e)
	}
	if have.has(event.TagSocket) {
		dst = p.appendSocket(dst, e)
	}
	if data, flags, ok := e.Item(event.TagBytes); ok && have.has(event.TagBytes) {
		dst = append(appendBase64(append(dst, `"bytes":`...), data), ',')
		dst = appendItemFlags(dst, `"bytes`, flags&event.ItemCut)
	}
	if have.has(event.TagChild) {
		dst = appendChild(dst, e)
	}
	if hash != "" {
		dst, _ = appendString(append(dst, `"sha256":`...), hash)
	}
	return closeList(dst, '}')
}

// appendPath writes a text fact and what the kernel noted of it.
func (p *jsonPrinter) appendPath(dst []byte, e *event.Event, i int) []byte {
	if !e.Object(paths[i].field, &p.v) {
		return dst
	}
	dst, exact := appendString(append(dst, paths[i].key...), p.v.Bytes)
	dst = append(dst, ',')
	if !exact {
		dst = append(append(dst, paths[i].more...), `Raw":`...)
		dst = append(appendBase64(dst, p.v.Bytes), ',')
	}
	if _, flags, _ := e.Item(paths[i].tag); flags&^event.ItemText != 0 {
		dst = appendItemFlags(dst, paths[i].more, flags)
	}
	return dst
}

// itemWords are the words of KEYFlags.
var itemWords = [...]struct {
	bit  uint8
	text string
}{
	{event.ItemCut, `"cut",`}, {event.ItemDetached, `"detached",`}, {event.ItemDeleted, `"deleted",`},
	{event.ItemAnon, `"anon",`}, {event.ItemHole, `"hole",`},
}

func appendItemFlags(dst []byte, key string, flags uint8) []byte {
	if flags == 0 {
		return dst
	}
	dst = append(append(dst, key...), `Flags":[`...)
	for i := range itemWords {
		if flags&itemWords[i].bit != 0 {
			dst = append(dst, itemWords[i].text...)
		}
	}
	return append(closeList(dst, ']'), ',')
}

// appendVectorFact writes argv or env of a new program.
func (p *jsonPrinter) appendVectorFact(dst []byte, e *event.Event, tag uint8, key string) []byte {
	data, flags, _ := e.Item(tag)
	dst, exact := appendVector(append(append(dst, key...), '"', ':'), data, false)
	dst = append(dst, ',')
	if !exact {
		dst = append(append(dst, key...), `Raw":`...)
		dst = append(appendBase64(dst, data), ',')
	}
	if n := len(data); n > 0 && data[n-1] != 0 {
		dst = append(append(dst, key...), `Unterminated":true,`...)
	}
	return appendItemFlags(dst, key, flags&(event.ItemCut|event.ItemHole))
}

// The facts of files and sockets that are numbers: see event.File.
var (
	fileFacts = [...]struct {
		at  int // in the item
		key string
	}{
		{8, `,"dev":`}, {12, `,"mode":`}, {16, `,"uid":`}, {20, `,"gid":`}, {24, `,"flags":`},
	}
	socketFacts = [...]struct {
		field event.Field
		key   string
	}{
		{event.FieldFamily, `"family":"`}, {event.FieldSockType, `"socktype":"`},
		{event.FieldProtocol, `"protocol":"`}, {event.FieldState, `"state":"`},
	}
)

func (p *jsonPrinter) appendFile(dst []byte, e *event.Event) []byte {
	data, _, _ := e.Item(event.TagFile)
	if !e.Object(event.FieldFSType, &p.v) {
		return dst
	}
	dst = appendUint(append(dst, `"inode":`...), binary.LittleEndian.Uint64(data))
	for i := range fileFacts {
		dst = append(dst, fileFacts[i].key...)
		dst = appendUint(dst, uint64(binary.LittleEndian.Uint32(data[fileFacts[i].at:])))
	}
	return p.appendFact(append(dst, `,"fstype":"`...), e, event.FieldFSType)
}

// appendFact writes the name of a number that p.v holds, its closing quote and a
// comma.
func (p *jsonPrinter) appendFact(dst []byte, e *event.Event, f event.Field) []byte {
	d := f.Decoder()
	if d == nil {
		return append(appendUint(dst, p.v.Num), '"', ',')
	}
	dst, exact := p.names.append(dst, 0xf000|int(f), d, e.Arch, &p.v)
	dst = append(dst, '"', ',')
	if !exact {
		dst = append(append(append(dst, '"'), f.String()...), `Raw":`...)
		dst = append(appendUint(dst, p.v.Num), ',')
	}
	return dst
}

func (p *jsonPrinter) appendSocket(dst []byte, e *event.Event) []byte {
	data, _, _ := e.Item(event.TagSocket)
	if len(data) < 16 || !e.Object(event.FieldFamily, &p.v) {
		return dst
	}
	for i := range socketFacts {
		if e.Object(socketFacts[i].field, &p.v) {
			dst = p.appendFact(append(dst, socketFacts[i].key...), e, socketFacts[i].field)
		}
	}
	if inode := binary.LittleEndian.Uint64(data[8:]); inode != 0 {
		dst = append(appendUint(append(dst, `"socketInode":`...), inode), ',')
	}
	if e.Object(event.FieldLocal, &p.v) {
		dst = append(appendEndpoint(append(dst, `"local":`...), event.Sockaddr(p.v.Bytes), p.v.Cut), ',')
	}
	if e.Object(event.FieldRemote, &p.v) {
		dst = append(appendEndpoint(append(dst, `"remote":`...), event.Sockaddr(p.v.Bytes), p.v.Cut), ',')
	}
	return dst
}

// contextSize is the length of an item that holds a context (fork's child): the
// fields of event.Context in their order, little endian.
const contextSize = 112

// childFacts are the numbers of a context by place and key.
var childFacts = [...]struct {
	at, size int
	key      string
}{
	{0, 8, `"start":`}, {8, 8, `"cgroupId":`}, {16, 4, `"hostProcessId":`}, {20, 4, `"hostThreadId":`},
	{24, 4, `"hostParentProcessId":`}, {28, 4, `"processId":`}, {32, 4, `"threadId":`}, {36, 4, `"parentProcessId":`},
	{40, 4, `"userId":`}, {44, 4, `"mountNamespace":`}, {48, 4, `"pidNamespace":`}, {52, 4, `"euid":`},
	{56, 4, `"gid":`}, {60, 4, `"bits":`}, {64, 8, `"capEffective":`}, {72, 8, `"threadStart":`},
}

func appendChild(dst []byte, e *event.Event) []byte {
	data, _, _ := e.Item(event.TagChild)
	dst = append(dst, `"child":{`...)
	if len(data) != contextSize {
		dst = appendBase64(append(dst, `"raw":`...), data)
		return append(dst, '}', ',')
	}
	for _, f := range childFacts {
		n := uint64(binary.LittleEndian.Uint32(data[f.at:]))
		if f.size == 8 {
			n = binary.LittleEndian.Uint64(data[f.at:])
		}
		dst = append(appendUint(append(dst, f.key...), n), ',')
	}
	comm, uts := [16]byte(data[80:]), [16]byte(data[96:])
	dst, a := appendString(append(dst, `"processName":`...), event.Text(&comm))
	dst, b := appendString(append(dst, `,"hostName":`...), event.Text(&uts))
	if !a || !b {
		dst = appendBase64(append(dst, `,"raw":`...), data)
	}
	return append(dst, '}', ',')
}
