package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
)

// whyNothing explains a run that printed no event: the term of the filter that
// rejected most, and the live value that was perhaps meant. Terms about
// processes are asked of every process that lives now, since the kernel does not
// tell which of them it was that let nothing through.
func (t *tracing) whyNothing(a event.Account) string {
	living := t.table.Living()
	if term, ok := t.deaf(living); ok {
		text := fmt.Sprintf("no event: %s is true of none of the %d processes that live now", term.Text, len(living))
		return text + hinted(nearestLive(term, living))
	}
	if term, ok := strictest(t.program.Terms()); ok {
		return fmt.Sprintf("no event: %s rejected most, %d of %d", term.Text, term.Rejected, a.Generated)
	}
	switch {
	case a.Generated == 0:
		return "no event: none of the selected kinds happened" + hinted("bulwark list says which of them this host delivers")
	case a.Lost > 0:
		return "no event: those that might have matched were lost"
	}
	return fmt.Sprintf("no event: %d happened, and the filter matched none", a.Generated)
}

func hinted(hint string) string {
	if hint == "" {
		return ""
	}
	return "\nhint: " + hint
}

// contextOf is what the kernel would say of a process.
func contextOf(p *event.Process) event.Context {
	c := event.Context{
		Start: p.Start, Cgroup: p.Cgroup, HostPID: p.PID, HostTID: p.PID, HostPPID: p.PPID,
		UID: p.UID, EUID: p.EUID, GID: p.GID, Cap: p.Cap, MntNS: p.MntNS, PidNS: p.PidNS,
	}
	copy(c.Comm[:], p.Comm)
	return c
}

// deaf finds a term that is about processes and true of none of the living.
func (t *tracing) deaf(living []*event.Process) (filter.Term, bool) {
	events := make([]event.Event, len(living))
	for i, p := range living {
		events[i].Context = contextOf(p)
	}
	for i, term := range t.program.Terms() {
		if !term.Process {
			continue
		}
		if !slices.ContainsFunc(events, func(e event.Event) bool { return t.program.Test(i, &e) }) {
			return term, true
		}
	}
	return filter.Term{}, false
}

// strictest is the term that rejected most events.
func strictest(terms []filter.Term) (filter.Term, bool) {
	if len(terms) == 0 {
		return filter.Term{}, false
	}
	most := slices.MaxFunc(terms, func(a, b filter.Term) int { return cmp.Compare(a.Rejected, b.Rejected) })
	return most, most.Rejected > 0
}

// nearestLive names the value of a process that lives and is nearest to one that
// the term asks for.
func nearestLive(term filter.Term, living []*event.Process) string {
	values := map[string]bool{}
	for _, p := range living {
		switch term.Field {
		case "comm":
			values[p.Comm] = true
		case "uid":
			values[strconv.FormatUint(uint64(p.UID), 10)] = true
		case "mntns":
			values[strconv.FormatUint(uint64(p.MntNS), 10)] = true
		case "pidns":
			values[strconv.FormatUint(uint64(p.PidNS), 10)] = true
		}
	}
	delete(values, "0")
	names := slices.Sorted(maps.Keys(values))
	for _, asked := range term.Values {
		switch near := nearest(asked, names); {
		case term.Field == "comm" && near != "":
			return near + " is running: --trace comm=" + near
		case term.Field == "uid":
			return "processes run as user 0" + strings.Join(append([]string{""}, names...), ", ")
		case term.Field == "pid":
			return "no process " + asked + " is running"
		case len(names) > 0 && len(names) <= 8 && term.Field != "comm":
			return "the live ones are " + strings.Join(names, ", ")
		}
	}
	return ""
}
