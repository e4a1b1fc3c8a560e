// Package tracee reads the expressions of Tracee's --trace flag, as they were in
// January 2021, and lowers them into the filter's tree.
//
//	expr, err := tracee.Parse([]string{"comm=bash", "follow", "openat.pathname=/tmp*"}, tracee.Options{})
//	program, err := expr.Compile(filter.Events)
//
// The values of all --trace flags of a command make one expression:
//
//	expr   = ["!"] "container" | "not-container" | "follow"
//	       | field operator value {"," value}
//	field  = "event" | "set" | "pid" | "uid" | "container" | "comm" | "uts" | "mntns" | "pidns"
//	       | EVENT "." ARGUMENT | EVENT ".retval" | EVENT ".object." FIELD
//	operator = "=" | "!=" | "<" | ">"
//
// event, set, pid, uid, container and follow may be shortened to any beginning
// of the word. Beyond 2021: not-container, container=NAME (or the first 8 digits
// or more of an id), the object, values by name (kill.sig=SIGKILL), numbers in
// hexadecimal, and addresses as people write them (connect.addr=10.0.0.1:443).
//
// Errors are *filter.Error, with the place and what to write instead.
package tracee

import "github.com/bulwark-security/bulwark/filter"

// Options say what is selected when no expression does.
type Options struct {
	All            bool // every system call and life-cycle event instead of the default set
	SecurityAlerts bool // mem_prot_alert too
	Capabilities   bool // cap_capable too, unless expressions select
}

// Parse reads the values of all --trace flags of one command.
func Parse(exprs []string, o Options) (*filter.Expr, error) {
	s := newSelection()
	for _, x := range exprs {
		if err := s.add(x); err != nil {
			return nil, err
		}
	}
	return s.lower(o)
}
