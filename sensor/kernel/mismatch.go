package kernel

import (
	"bytes"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// pathArgs is, by slot, the argument whose path a call opens, -1 for the others.
var pathArgs = func() (args [slotCount]int8) {
	for i := range args {
		args[i] = -1
	}
	for name, r := range reach {
		e := dictionary.Lookup(name)
		if r != fileReturned || e == nil {
			continue
		}
		for i, a := range e.Args {
			if paths[a.Name] {
				args[slot(e.ID)] = int8(i)
			}
		}
	}
	return args
}()

// mismatched reports whether a call opened a file of another name than it was
// told: through a symbolic link, or because somebody changed the text or the
// descriptor meanwhile. Which of them it was, only the object can tell.
func mismatched(e *event.Event) bool {
	arg := pathArgs[slot(e.ID)]
	if arg < 0 || e.Ret < 0 {
		return false
	}
	object, flags, ok := e.Item(event.TagPath)
	if !ok || flags&event.ItemAnon != 0 {
		return false
	}
	said, _, ok := e.Item(uint8(arg))
	if !ok {
		return false
	}
	said = bytes.TrimRight(said, "/")
	said = said[bytes.LastIndexByte(said, '/')+1:]
	switch string(said) {
	case "", ".", "..":
		return false
	}
	if i := bytes.IndexByte(object, 0); i >= 0 {
		object = object[:i]
	}
	return !bytes.Equal(said, object)
}
