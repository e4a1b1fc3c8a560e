package event

import (
	"encoding/binary"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// Field is a fact about the object of an event: what the kernel really reached.
type Field uint8

// The fields. Append only: they are numbered in recordings.
const (
	FieldPath     Field = iota // path of the file
	FieldPath2                 // second path of a link or rename
	FieldDir                   // directory that the path of the call was relative to
	FieldDev                   // device, major<<20|minor
	FieldInode                 // inode number; of a socket too
	FieldMode                  // type and permissions
	FieldUID                   // owner
	FieldGID                   // group
	FieldFlags                 // flags of the open file
	FieldFSType                // file system
	FieldExe                   // executed file
	FieldInterp                // its interpreter
	FieldArgv                  // arguments of the new program
	FieldEnv                   // its environment
	FieldCwd                   // working directory
	FieldLocal                 // own address of the socket
	FieldRemote                // address of the other end
	FieldFamily                // address family
	FieldSockType              // socket type
	FieldProtocol              // protocol number
	FieldState                 // state of a TCP socket
	FieldPrev                  // path before the call
	FieldBytes                 // first bytes of a buffer
	FieldDir2                  // directory that the call's second path was relative to
	numFields
)

// fields say of each Field how it is called, read and printed.
var fields = [numFields]struct {
	name    string
	class   dictionary.Class
	tag     uint8
	decoder string
}{
	FieldPath:     {"path", dictionary.String, TagPath, ""},
	FieldPath2:    {"path2", dictionary.String, TagPath2, ""},
	FieldDir:      {"dir", dictionary.String, TagDir, ""},
	FieldDev:      {"dev", dictionary.Uint, TagFile, ""},
	FieldInode:    {"inode", dictionary.Ulong, TagFile, ""},
	FieldMode:     {"mode", dictionary.Uint, TagFile, "inode_mode"},
	FieldUID:      {"uid", dictionary.Uint, TagFile, ""},
	FieldGID:      {"gid", dictionary.Uint, TagFile, ""},
	FieldFlags:    {"flags", dictionary.Uint, TagFile, "open_flags"},
	FieldFSType:   {"fstype", dictionary.Uint, TagFile, "fs_magic"},
	FieldExe:      {"exe", dictionary.String, TagExe, ""},
	FieldInterp:   {"interp", dictionary.String, TagInterp, ""},
	FieldArgv:     {"argv", dictionary.Strings, TagArgv, ""},
	FieldEnv:      {"env", dictionary.Strings, TagEnv, ""},
	FieldCwd:      {"cwd", dictionary.String, TagCwd, ""},
	FieldLocal:    {"local", dictionary.Sockaddr, TagSocket, ""},
	FieldRemote:   {"remote", dictionary.Sockaddr, TagSocket, ""},
	FieldFamily:   {"family", dictionary.Uint, TagSocket, "socket_domain"},
	FieldSockType: {"socktype", dictionary.Uint, TagSocket, "socket_type"},
	FieldProtocol: {"protocol", dictionary.Uint, TagSocket, "ip_protocols"},
	FieldState:    {"state", dictionary.Uint, TagSocket, "tcp_states"},
	FieldPrev:     {"prev", dictionary.String, TagPrev, ""},
	FieldBytes:    {"bytes", dictionary.Bytes, TagBytes, ""},
	FieldDir2:     {"dir2", dictionary.String, TagDir2, ""},
}

// decoders of the fields, found once.
var fieldDecoders = func() (d [numFields]*dictionary.Decoder) {
	for f := range d {
		d[f] = dictionary.Decoders(fields[f].decoder)
	}
	return d
}()

var fieldNames = func() (names []string) {
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}()

// Fields are the names of all fields, by number.
func Fields() []string { return fieldNames }

// FieldByName finds a field.
func FieldByName(name string) (Field, bool) {
	for i := range fields {
		if fields[i].name == name {
			return Field(i), true
		}
	}
	return 0, false
}

// String is the name of the field.
func (f Field) String() string { return fields[f].name }

// Class is the class of the field's values.
func (f Field) Class() dictionary.Class { return fields[f].class }

// Decoder names the field's numbers; nil if they are plain numbers.
func (f Field) Decoder() *dictionary.Decoder { return fieldDecoders[f] }

// Object reads a fact of the object. It returns false when the event has no
// such object, or the kernel could not tell.
func (e *Event) Object(f Field, v *Value) bool {
	if f >= numFields {
		return false
	}
	switch d := &fields[f]; {
	case d.tag == TagFile:
		return e.fileNumber(f, v) || f == FieldInode && e.socketNumber(f, v)
	case d.tag == TagSocket && d.class.Word():
		return e.socketNumber(f, v)
	case d.tag == TagSocket:
		return e.socketAddress(f, v)
	case d.class == dictionary.String && d.tag != TagInterp:
		return e.path(d.tag, v)
	default:
		return e.item(d.tag, d.class, v)
	}
}

// Sizes of the items.
const (
	fileSize    = 32
	socketSize  = 72
	addressSize = 28
	localAt     = 16
	remoteAt    = localAt + addressSize
)

func (e *Event) fileNumber(f Field, v *Value) bool {
	var file File
	if !e.file(&file) {
		return false
	}
	v.Class, v.Bytes, v.Cut = fields[f].class, nil, false
	switch f {
	case FieldDev:
		v.Num = uint64(file.Dev)
	case FieldInode:
		v.Num = file.Inode
	case FieldMode:
		v.Num = uint64(file.Mode)
	case FieldUID:
		v.Num = uint64(file.UID)
	case FieldGID:
		v.Num = uint64(file.GID)
	case FieldFlags:
		v.Num = uint64(file.Flags)
	case FieldFSType:
		v.Num = uint64(file.SBMagic)
	}
	return true
}

func (e *Event) socketNumber(f Field, v *Value) bool {
	b, _, ok := e.Item(TagSocket)
	if !ok || len(b) < socketSize {
		return false
	}
	v.Class, v.Bytes, v.Cut = fields[f].class, nil, false
	switch f {
	case FieldFamily:
		v.Num = uint64(binary.LittleEndian.Uint16(b))
	case FieldSockType:
		v.Num = uint64(binary.LittleEndian.Uint16(b[2:]))
	case FieldProtocol:
		v.Num = uint64(binary.LittleEndian.Uint16(b[4:]))
	case FieldState:
		v.Num = uint64(binary.LittleEndian.Uint16(b[6:]))
	case FieldInode:
		v.Num = binary.LittleEndian.Uint64(b[8:])
		return v.Num != 0
	}
	return true
}

// socketAddress reads one end of the socket. An end that is not bound has none.
func (e *Event) socketAddress(f Field, v *Value) bool {
	b, _, ok := e.Item(TagSocket)
	if !ok || len(b) < socketSize {
		return false
	}
	v.Class, v.Num, v.Cut = dictionary.Sockaddr, 0, false
	at, sun := localAt, uint8(TagSunPath)
	if f == FieldRemote {
		at, sun = remoteAt, TagSunPeer
	}
	switch binary.LittleEndian.Uint16(b) {
	case afUnix:
		name, flags, ok := e.Item(sun)
		if !ok {
			return false
		}
		v.buf = append(append(v.buf[:0], afUnix, 0), name...)
		v.Bytes, v.Cut = v.buf, flags&ItemCut != 0
	case afInet:
		v.Bytes = b[at : at+inetSize]
	case afInet6:
		v.Bytes = b[at : at+addressSize]
	default:
		return false
	}
	return anySet(v.Bytes[2:])
}

func anySet(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return true
		}
	}
	return false
}
