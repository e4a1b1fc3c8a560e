package kernel

import (
	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// initNamespaces is the record of the event init_namespaces: the namespaces of
// the first process, in the order of the dictionary. One that cannot be read, or
// that this kernel does not have, is absent.
func initNamespaces(b *event.Builder, now event.Time) []byte {
	e := dictionary.Lookup("init_namespaces")
	b.Begin(e.ID, now, 0, len(e.Args))
	for i := range e.Args {
		if n := namespace(e.Args[i].Name); n != 0 {
			b.Word(i, uint64(n))
		}
	}
	return b.End()
}
