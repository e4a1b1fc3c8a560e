package encode

import (
	"errors"
	"fmt"
	"strings"
)

// Format is a form in which events are printed.
type Format string

// The formats. The value of a Format is the word that selects it.
const (
	Table        Format = "table"         // one line an event, nine columns
	TableVerbose Format = "table-verbose" // with namespaces and parent
	JSON         Format = "json"          // one object a line
	Gob          Format = "gob"           // stream of package encoding/gob
	GoTemplate   Format = "gotemplate"    // text/template, see package gotemplate
	None         Format = "none"          // nothing: the account alone
)

// Config is what the values of --output ask for. The zero value is not usable:
// take it from ParseOutput, or set Format.
type Config struct {
	Format   Format
	Template string // path of the template, when Format is GoTemplate
	OutFile  string // "": standard output
	ErrFile  string // "": standard error

	EOT            bool // one more record says that the stream is complete
	StackAddresses bool // user stack of every event
	DetectSyscall  bool // cap_capable says during which system call
	ExecEnv        bool // environment of executed programs
	ExecHash       bool // SHA-256 of executed files
	RawArguments   bool // numbers instead of names
	ParseArguments bool // names wherever there are some, not only where Tracee had them
	ParseFDs       bool // descriptors with the path behind them
	RelativeTime   bool // seconds since the start instead of since boot
}

// Reason says in which way a value of --output is wrong.
type Reason string

// The reasons.
const (
	UnknownFormat Reason = "unknown-format"
	UnknownOption Reason = "unknown-option"
	UnknownKey    Reason = "unknown-key"
	MissingPath   Reason = "missing-path"
)

// ErrHelp is returned by ParseOutput when the only value is `help`: print Help.
var ErrHelp = errors.New("help asked for")

// An OptionError is a value of --output that means nothing.
type OptionError struct {
	Value  string // as given
	Reason Reason
	Msg    string
	Hint   string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("--output %q: %s", e.Value, e.Msg)
}

// switches are the options that are on or off.
var switches = []struct {
	name  string
	field func(*Config) *bool
	help  string
}{
	{"eot", func(c *Config) *bool { return &c.EOT }, "end with a record whose eventName is U+0004 (json, gob, gotemplate)"},
	{"stack-addresses", func(c *Config) *bool { return &c.StackAddresses }, "add the addresses of the user stack, at most 20"},
	{"detect-syscall", func(c *Config) *bool { return &c.DetectSyscall }, "say during which system call a capability was asked for"},
	{"exec-env", func(c *Config) *bool { return &c.ExecEnv }, "add the environment to execve and execveat"},
	{"exec-hash", func(c *Config) *bool { return &c.ExecHash }, "add the SHA-256 of the executed file"},
	{"raw-arguments", func(c *Config) *bool { return &c.RawArguments }, "print numbers, never names of flags"},
	{"parse-arguments", func(c *Config) *bool { return &c.ParseArguments }, "print names of every flag and error, also where Tracee prints numbers"},
	{"parse-arguments-fds", func(c *Config) *bool { return &c.ParseFDs }, "print the path behind every descriptor: 3=/etc/passwd"},
	{"relative-time", func(c *Config) *bool { return &c.RelativeTime }, "count seconds from the start instead of from boot"},
}

// formats are the words that select one; gotemplate needs a path as well.
var formats = []struct {
	Format
	help string
}{
	{Table, "one line an event, nine columns (default)"},
	{TableVerbose, "the same with namespaces and the parent process"},
	{JSON, "one JSON object a line"},
	{Gob, "binary stream for Go programs"},
	{GoTemplate, "text of your own, by a Go template file"},
	{None, "no events, only the account at the end"},
}

// ParseOutput reads the values of --output, in the order given: later ones
// override earlier ones. The error is an *OptionError, or ErrHelp.
func ParseOutput(values []string) (Config, error) {
	c := Config{Format: Table}
	if len(values) == 1 && values[0] == "help" {
		return c, ErrHelp
	}
	for _, value := range values {
		if err := c.set(value); err != nil {
			err.Value = value
			return c, err
		}
	}
	return c, nil
}

// set applies one value. A word without a colon is a format.
func (c *Config) set(value string) *OptionError {
	key, rest, ok := strings.Cut(value, ":")
	if !ok {
		return c.setFormat(value)
	}
	switch key {
	case "format":
		return c.setFormat(rest)
	case "option":
		return c.setOption(rest)
	case "out-file":
		c.OutFile = rest
	case "err-file":
		c.ErrFile = rest
	default:
		return unknownKey(key, rest)
	}
	if rest == "" {
		return &OptionError{Reason: MissingPath, Msg: "a path must follow " + key + ":",
			Hint: "for example --output " + key + ":/tmp/events"}
	}
	return nil
}

func (c *Config) setFormat(word string) *OptionError {
	if path, ok := strings.CutPrefix(word, string(GoTemplate)+"="); ok && path != "" {
		c.Format, c.Template = GoTemplate, path
		return nil
	}
	for _, f := range formats {
		if string(f.Format) == word && f.Format != GoTemplate {
			c.Format, c.Template = f.Format, ""
			return nil
		}
	}
	return unknownFormat(word)
}

// setOption switches an option on. Raw and parsed arguments exclude each
// other: the later one holds.
func (c *Config) setOption(name string) *OptionError {
	for _, s := range switches {
		if s.name != name {
			continue
		}
		*s.field(c) = true
		switch name {
		case "raw-arguments":
			c.ParseArguments = false
		case "parse-arguments":
			c.RawArguments = false
		}
		return nil
	}
	return unknownOption(name)
}
