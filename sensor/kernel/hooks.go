package kernel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// hooks are the optional programs. Each is loaded and attached alone, when an
// event is selected that needs it; what the kernel refuses is remembered and the
// next way of the event is tried.
type hooks struct {
	spec     *ebpf.CollectionSpec
	maps     map[string]*ebpf.Map
	attached map[string]link.Link
	refused  map[string]error // by program
	calls    derivedCalls
}

func newHooks(spec *ebpf.CollectionSpec, maps map[string]*ebpf.Map) *hooks {
	return &hooks{spec: spec, maps: maps, attached: map[string]link.Link{}, refused: map[string]error{}}
}

// errNoHook is why an event cannot be delivered when none of its ways works.
type errNoHook struct {
	name string
	errs []error // by way
}

func (e *errNoHook) Error() string {
	return fmt.Sprintf("%s: no hook works here: %v", e.name, errors.Join(e.errs...))
}

func (e *errNoHook) Unwrap() []error { return e.errs }

// attach makes the selected events come, and only them, as far as this kernel
// can; what it cannot is reported by event. Credentials and namespaces are
// always watched where a program can stand at the kernel's own functions.
func (h *hooks) attach(selected []event.ID) map[event.ID]error {
	failed := map[event.ID]error{}
	need := map[string]bool{}
	var calls derivedCalls
	for _, e := range dictionary.All() {
		wanted := slices.Contains(selected, e.ID)
		if e.Kind == dictionary.Syscall || !wanted && !watched[e.Name] {
			continue
		}
		w, err := h.choose(e)
		if err != nil {
			if wanted {
				failed[e.ID] = err
			}
			continue
		}
		if w == nil || !wanted && w.hook == derivedHook {
			continue
		}
		for _, name := range append(w.programs, w.also...) {
			need[name] = true
		}
		calls.add(e.ID, w)
	}
	h.apply(need, &calls)
	return failed
}

// watched events keep user space's tables current even when nobody selects them.
var watched = map[string]bool{"commit_creds": true, "switch_task_ns": true}

// choose attaches the programs of the first way that works. nil: the event
// needs no optional program.
func (h *hooks) choose(e *dictionary.Event) (*way, error) {
	all := ways(e)
	if len(all) == 0 || isLifecycle(&all[0]) {
		return nil, nil
	}
	no := &errNoHook{name: e.Name}
	for i := range all {
		err := h.start(&all[i])
		if err == nil {
			return &all[i], nil
		}
		no.errs = append(no.errs, fmt.Errorf("%s: %w", all[i].hook, err))
	}
	return nil, no
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

// start attaches what a way needs.
func (h *hooks) start(w *way) error {
	for _, name := range w.programs {
		if err := h.startProgram(name); err != nil {
			return err
		}
	}
	for _, name := range w.also {
		h.startProgram(name) // what it would add is missing, the rest is there
	}
	return nil
}

func (h *hooks) startProgram(name string) error {
	if h.attached[name] != nil {
		return nil
	}
	if err := h.refused[name]; err != nil {
		return err
	}
	l, err := h.loadAndAttach(name)
	if err != nil {
		h.refused[name] = err
		return err
	}
	h.attached[name] = l
	return nil
}

// apply tells the programs of derived events which calls matter, and takes off
// what is needed no more.
func (h *hooks) apply(need map[string]bool, calls *derivedCalls) {
	calls.store(h.maps)
	h.calls = *calls
	for name, l := range h.attached {
		if !need[name] {
			l.Close()
			delete(h.attached, name)
		}
	}
}

// watchesState reports whether programs stand where credentials and namespaces
// change. If not, the exits of the calls that can change them must tell.
func (h *hooks) watchesState() bool {
	for name := range watched {
		e := dictionary.Lookup(name)
		if w, err := h.choose(e); err != nil || w != nil && w.hook == derivedHook {
			return false
		}
	}
	return true
}

// Close takes all programs off.
func (h *hooks) Close() error {
	var errs []error
	for name, l := range h.attached {
		errs = append(errs, l.Close())
		delete(h.attached, name)
	}
	return errors.Join(errs...)
}
