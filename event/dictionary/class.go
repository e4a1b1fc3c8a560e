package dictionary

import "strings"

// words are the C types that travel as a number. A type that is neither here nor
// one of the special ones below is a pointer, or opaque like one.
var words = map[string]Class{
	"int":             Int,
	"pid_t":           Int,
	"uid_t":           Int,
	"gid_t":           Int,
	"mqd_t":           Int,
	"clockid_t":       Int,
	"const clockid_t": Int,
	"key_t":           Int,
	"key_serial_t":    Int,
	"timer_t":         Int,
	"unsigned int":    Uint,
	"u32":             Uint,
	"mode_t":          Uint,
	"umode_t":         Uint,
	"dev_t":           Uint,
	"alert_t":         Uint,
	"long":            Long,
	"s64":             Long,
	"unsigned long":   Ulong,
	"u64":             Ulong,
	"off_t":           Ulong,
	"loff_t":          Ulong,
	"size_t":          Ulong,
}

// classOf is how an argument of that C type travels.
func classOf(ctype string) Class {
	if c, ok := words[ctype]; ok {
		return c
	}
	switch {
	case ctype == "struct sockaddr*":
		return Sockaddr
	case ctype == "slim_cred_t":
		return Cred
	case ctype == "bytes":
		return Bytes
	case ctype == "const char*const*", ctype == "const char**":
		return Strings
	case strings.TrimPrefix(ctype, "const ") == "char*":
		return String
	}
	return Pointer
}

// Word reports whether a value of the class is a number.
func (c Class) Word() bool { return c <= Pointer }

// Signed reports whether the number is a signed one.
func (c Class) Signed() bool { return c == Int || c == Long }

// Number brings a word to the width of the class: the raw value of an argument
// whose register, or whose text, gave that word.
func (c Class) Number(w uint64) uint64 {
	switch c {
	case Int:
		return uint64(int64(int32(w)))
	case Uint:
		return uint64(uint32(w))
	}
	return w
}
