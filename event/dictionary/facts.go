package dictionary

import (
	"fmt"
	"strings"
)

// A Sighting is a test that triggers an event and sees it.
type Sighting struct {
	Where string // "here": on the machine that runs the tests; "vm": in a virtual machine
	Test  string
}

// Sightings are the tests that trigger an event that is not a system call.
func (e *Event) Sightings() []Sighting { return tables.seen[e.ID] }

// SetHelp is what a set is about, "" if there is no such set.
func SetHelp(set string) string { return tables.setHelp[set] }

// facts reads the texts about events and sets that say nothing of their shape.
func (x *index) facts() error {
	err := eachRow("sets.txt", 2, func(cells []string) error {
		if x.sets[cells[0]] == nil {
			return fmt.Errorf("no set %s", cells[0])
		}
		x.setHelp[cells[0]] = cells[1]
		return nil
	})
	if err != nil {
		return err
	}
	return eachRow("seen.txt", 3, func(cells []string) error {
		e := x.names[cells[0]]
		if e == nil || cells[1] != "here" && cells[1] != "vm" || cells[2] == "" {
			return fmt.Errorf("want an event, here or vm, and a test, have %q", cells)
		}
		x.seen[e.ID] = append(x.seen[e.ID], Sighting{cells[1], cells[2]})
		return nil
	})
}

// eachRow reads the rows of a text that have that many cells.
func eachRow(name string, cells int, do func([]string) error) error {
	return eachLine(name, func(line string) error {
		row := strings.Split(line, "\t")
		if len(row) != cells {
			return fmt.Errorf("want %d cells, have %d", cells, len(row))
		}
		return do(row)
	})
}
