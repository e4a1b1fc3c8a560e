package event

import (
	"encoding/binary"
	"strconv"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// CredSize is the length of an argument of class Cred: ten numbers of 32 bits,
// then five of 64, little endian, in the order of CredKeys.
const CredSize = 10*4 + 5*8

// credKeys are the fields by the names that Tracee's records give them.
var credKeys = []string{
	"Uid", "Gid", "Suid", "Sgid", "Euid", "Egid", "Fsuid", "Fsgid", "UserNamespace", "SecureBits",
	"CapInheritable", "CapPermitted", "CapEffective", "CapBounding", "CapAmbient",
}

// credCaps is the first field that is a set of capabilities.
const credCaps = 10

// CredKeys are the names of the fields of a credential. The slice is shared: do
// not change it.
func CredKeys() []string { return credKeys }

// CredField is the i-th field of a credential.
func CredField(raw []byte, i int) uint64 {
	switch {
	case len(raw) < CredSize || i < 0 || i >= len(credKeys):
		return 0
	case i < credCaps:
		return uint64(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return binary.LittleEndian.Uint64(raw[4*credCaps+8*(i-credCaps):])
}

// appendRawCred appends a credential as its bare numbers.
func appendRawCred(dst, raw []byte) []byte {
	dst = append(dst, '{')
	for i := range credKeys {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendUint(dst, CredField(raw, i), 10)
	}
	return append(dst, '}')
}

var (
	capabilitySets = dictionary.Decoders("capability_set")
	secureBits     = dictionary.Decoders("securebits")
)

// appendCred appends a credential in words.
func appendCred(dst, raw []byte, arch dictionary.Arch) []byte {
	dst = append(dst, '{')
	for i, key := range credKeys {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(append(dst, key...), ": "...)
		switch n := CredField(raw, i); {
		case i >= credCaps:
			dst = capabilitySets.Append(dst, arch, n)
		case key == "SecureBits":
			dst = secureBits.Append(dst, arch, n)
		default:
			dst = strconv.AppendUint(dst, n, 10)
		}
	}
	return append(dst, '}')
}
