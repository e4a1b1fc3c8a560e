package kernel

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// hooks are the optional programs. Each is attached when an event is selected
// that needs it; what the kernel refuses is remembered, and the next way of the
// event is tried.
type hooks struct {
	spec    *ebpf.CollectionSpec
	maps    map[string]*ebpf.Map
	refused map[string]error // by program
	kinds   map[string]error // by kind of program, once it was needed

	mu           sync.Mutex // guards the following
	running      map[string]runningHook
	missedBefore map[event.ID]uint64 // by programs that run no more
}

// A runningHook is a program that is attached.
type runningHook struct {
	program *ebpf.Program
	link    link.Link
	event   event.ID // the only event that it makes, 0: several
}

// withoutKinds are kinds of program that are taken for refused: tests set it.
var withoutKinds []string

func newHooks(spec *ebpf.CollectionSpec, shared map[string]*ebpf.Map) *hooks {
	return &hooks{
		spec: spec, maps: shared, refused: map[string]error{}, kinds: map[string]error{},
		running: map[string]runningHook{}, missedBefore: map[event.ID]uint64{},
	}
}

// noHook is why an event cannot be had: what each of its ways lacks.
func noHook(e *dictionary.Event, ways []way, errs []error) error {
	whys := make([]string, len(errs))
	for i, err := range errs {
		whys[i] = fmt.Sprintf("%s: %v", ways[i].hook, err)
	}
	return &Unsupported{
		What: e.Name,
		Why:  strings.Join(whys, "; "),
		Hint: "bulwark doctor shows what this kernel offers, and what would help",
		Err:  errors.Join(errs...),
	}
}

// attach makes the selected events come, and only them, as far as this kernel
// can; what it cannot is reported by event. Credentials and namespaces are
// always watched where a program can stand at the kernel's own functions.
func (h *hooks) attach(selected []event.ID) map[event.ID]error {
	for {
		ways, failed := h.choose(selected)
		missing := h.missing(ways)
		if len(missing) == 0 {
			h.apply(ways)
			return failed
		}
		h.start(missing)
	}
}

// watched events keep user space's tables current even when nobody selects them.
var watched = map[string]bool{"commit_creds": true, "switch_task_ns": true}

// choose gives each event the first of its ways that was not refused yet.
func (h *hooks) choose(selected []event.ID) (chosen map[event.ID]way, failed map[event.ID]error) {
	chosen, failed = map[event.ID]way{}, map[event.ID]error{}
	for _, e := range dictionary.All() {
		wanted := slices.Contains(selected, e.ID)
		if e.Kind == dictionary.Syscall || !wanted && !watched[e.Name] {
			continue
		}
		w, err := h.firstWay(e)
		switch {
		case err != nil && wanted:
			failed[e.ID] = err
		case err == nil && (wanted || w.hook != derivedHook):
			chosen[e.ID] = w
		}
	}
	return chosen, failed
}

// firstWay is the best way of an event that was not refused. Most events of the
// life cycle have an empty one: their programs are attached in any case.
func (h *hooks) firstWay(e *dictionary.Event) (way, error) {
	all := ways(e)
	if len(all) == 0 || isLifecycle(&all[0]) {
		return way{}, nil
	}
	var errs []error
	for i := range all {
		err := h.refusal(&all[i])
		if err == nil {
			return all[i], nil
		}
		errs = append(errs, err)
	}
	return way{}, noHook(e, all, errs)
}

// refusal is why a way cannot be taken, as far as it is known.
func (h *hooks) refusal(w *way) error {
	if err := h.kindRefusal(w.kind()); err != nil {
		return err
	}
	for _, name := range w.programs {
		if err := h.refused[name]; err != nil {
			return err
		}
	}
	return nil
}

// missing are the programs of the ways that are neither attached nor refused.
func (h *hooks) missing(ways map[event.ID]way) (names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range ways {
		for _, name := range append(slices.Clone(w.programs), w.also...) {
			_, runs := h.running[name]
			if !runs && h.refused[name] == nil && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// start loads programs together, which is faster, and if that fails one by one;
// each of them then runs or is refused.
func (h *hooks) start(names []string) {
	if err := h.load(names...); err == nil {
		return
	}
	for _, name := range names {
		if err := h.load(name); err != nil {
			h.refused[name] = err
		}
	}
}

// isLifecycle reports whether the programs of a way are always attached.
func isLifecycle(w *way) bool {
	for _, name := range w.programs {
		if !slices.Contains(lifecyclePrograms, name) {
			return false
		}
	}
	return true
}

// apply tells the programs of derived events which calls matter, and takes off
// what is needed no more.
func (h *hooks) apply(ways map[event.ID]way) {
	var calls derivedCalls
	need := map[string]event.ID{}
	for id, w := range ways {
		calls.add(id, &w)
		only := id
		if w.derived {
			only = 0
		}
		for _, name := range append(slices.Clone(w.programs), w.also...) {
			need[name] = only
		}
	}
	calls.store(h.maps)
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, r := range h.running {
		only, ok := need[name]
		if !ok {
			h.stop(name)
			continue
		}
		r.event = only
		h.running[name] = r
	}
}

// watchesState reports whether programs stand where credentials and namespaces
// change. If not, the exits of the calls that can change them must tell.
func (h *hooks) watchesState() bool {
	for name := range watched {
		w, err := h.firstWay(dictionary.Lookup(name))
		if err != nil || w.hook == derivedHook {
			return false
		}
	}
	return true
}

// missed counts by event how often the kernel did not run its program because
// that was running on the same CPU already: a task was preempted in it.
func (h *hooks) missed() map[event.ID]uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := maps.Clone(h.missedBefore)
	for _, r := range h.running {
		r.addMissed(counts)
	}
	return counts
}

func (r runningHook) addMissed(counts map[event.ID]uint64) {
	if r.event == 0 {
		return
	}
	if stats, err := r.program.Stats(); err == nil && stats.RecursionMisses > 0 {
		counts[r.event] += stats.RecursionMisses
	}
}

// stop takes a program off. The lock is held.
func (h *hooks) stop(name string) error {
	r := h.running[name]
	delete(h.running, name)
	err := r.link.Close()
	r.addMissed(h.missedBefore)
	return errors.Join(err, r.program.Close())
}

// Close takes all programs off.
func (h *hooks) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for name := range h.running {
		errs = append(errs, h.stop(name))
	}
	return errors.Join(errs...)
}
