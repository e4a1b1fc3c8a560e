package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
	if a.Generated == 0 {
		return "no event: none of the selected kinds happened" + hinted("bulwark list says which of them this host delivers")
	}
	living := liveContexts(t.table.Living(), t.since)
	if term, ok := t.deaf(living); ok {
		text := fmt.Sprintf("no event: %s is true of none of the %d processes that live now", term.Text, len(living))
		return text + hinted(nearestLive(term, living))
	}
	if a.Lost > 0 {
		return "no event: those that might have matched were lost"
	}
	if term, ok := strictest(t.program.Terms()); ok {
		return fmt.Sprintf("no event: %s rejected most of the %d that happened", term.Text, a.Generated) + hinted(nearestFile(term))
	}
	return fmt.Sprintf("no event: %d happened, and the filter matched none", a.Generated)
}

func hinted(hint string) string {
	if hint == "" {
		return ""
	}
	return "\nhint: " + hint
}

// deaf finds a term that is about processes and true of none of the living.
func (t *tracing) deaf(living []event.Event) (filter.Term, bool) {
	for i, term := range t.program.Terms() {
		if term.Process && !slices.ContainsFunc(living, func(e event.Event) bool { return t.program.Test(i, &e) }) {
			return term, true
		}
	}
	return filter.Term{}, false
}

// strictest is the term that rejected most events. What the kernel rejected is
// not counted by term: where nothing else was, it was the term that is left when
// those about processes are true.
func strictest(terms []filter.Term) (filter.Term, bool) {
	terms = slices.DeleteFunc(terms, func(t filter.Term) bool { return t.Process || t.Field == "event" })
	if len(terms) == 0 {
		return filter.Term{}, false
	}
	most := slices.MaxFunc(terms, func(a, b filter.Term) int { return cmp.Compare(a.Rejected, b.Rejected) })
	return most, most.Rejected > 0 || len(terms) == 1
}

// nearestLive names the value of a process that lives and is nearest to one that
// the term asks for.
func nearestLive(term filter.Term, living []event.Event) string {
	seen := map[string]bool{}
	for i := range living {
		if v := processValue(term.Field, &living[i].Context); v != "" {
			seen[v] = true
		}
	}
	values := slices.Sorted(maps.Keys(seen))
	for _, asked := range term.Values {
		near := nearest(asked, values)
		switch {
		case term.Field == "pid":
			return "no process " + asked + " is running"
		case near != "" && term.Field == "comm":
			return fmt.Sprintf("%s is running: --trace comm=%s", near, near)
		case len(values) > 0 && len(values) <= 12 && term.Field != "comm":
			return fmt.Sprintf("live values of %s: %s", term.Field, strings.Join(values, ", "))
		}
	}
	if strings.HasPrefix(term.Field, "container") {
		return "no such container is running"
	}
	return ""
}

// processValue is the column of a process as the filter's user writes it.
func processValue(field string, c *event.Context) string {
	number := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	switch field {
	case "comm":
		return string(event.Text(&c.Comm))
	case "uts":
		return string(event.Text(&c.UTS))
	case "uid":
		return number(c.UID)
	case "mntns":
		return number(c.MntNS)
	case "pidns":
		return number(c.PidNS)
	}
	return ""
}

// nearestFile names a file that is there, for a term that asks for a path.
func nearestFile(term filter.Term) string {
	for _, asked := range term.Values {
		if !strings.HasPrefix(asked, "/") {
			continue
		}
		if _, err := os.Lstat(asked); err == nil {
			continue
		}
		folder, name := filepath.Split(asked)
		entries, err := os.ReadDir(folder)
		if err != nil {
			return "there is no folder " + folder
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if near := nearest(name, names); near != "" {
			return "there is " + folder + near
		}
	}
	return ""
}
