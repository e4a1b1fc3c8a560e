package kernel

import (
	"runtime"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A Hook is how this host delivers an event.
type Hook struct {
	Via string // the hook, as the dictionary names it
	Err error  // why not, when none works
}

// Availability tries every event of this architecture: through which hook this
// host delivers it, or why not. Programs are really loaded and attached, one by
// one, and taken off again. Without the privileges for that there is an error.
func Availability() (map[event.ID]Hook, error) {
	p, err := load(Options{BufferSize: smallestRing}, chooseHierarchy())
	if err != nil {
		return nil, err
	}
	defer p.close()
	h := newHooks(p.spec, p.coll.Maps)
	defer h.Close()
	all := map[event.ID]Hook{}
	for _, e := range dictionary.All() {
		if e.Kind == dictionary.Syscall {
			all[e.ID] = callHook(e)
		} else {
			all[e.ID] = h.tryWays(e)
		}
	}
	return all, nil
}

// callHook is the hook of a system call, which is the same for all that this
// architecture has.
func callHook(e *dictionary.Event) Hook {
	if e.Number[dictionary.Host] < 0 && e.Number32[dictionary.Host] < 0 {
		return Hook{Err: &Unsupported{What: e.Name, Why: runtime.GOARCH + " has no such system call"}}
	}
	return Hook{Via: "tp:sys_exit"}
}

// tryWays is the first way of an event that works, kind and program both.
func (h *hooks) tryWays(e *dictionary.Event) Hook {
	if len(ways(e)) == 0 { // the sensor's own programs make it, or user space
		via, _, _ := strings.Cut(e.Hook, " ")
		return Hook{Via: via}
	}
	for {
		w, err := h.firstWay(e)
		if err != nil {
			return Hook{Err: err}
		}
		missing := h.missing(map[event.ID]way{e.ID: w})
		if len(missing) == 0 {
			if w.hook == "" { // attached in any case
				w.hook, _, _ = strings.Cut(e.Hook, " ")
			}
			return Hook{Via: w.hook}
		}
		h.start(missing)
	}
}
