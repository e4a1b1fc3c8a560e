package event_test

import (
	"fmt"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

func Example() {
	info := dictionary.Lookup("openat")
	var b event.Builder
	b.Begin(info.ID, 1_000_000, 3, len(info.Args))
	b.Word(2, 0o2000001)
	b.Item(1, 0, []byte("/etc/passwd"))

	var e event.Event
	var v event.Value // one for all: it owns a buffer
	if !e.SetRaw(b.End()) {
		return
	}
	for i := range info.Args {
		if e.Arg(i, &v) {
			fmt.Printf("%s: %s\n", info.Args[i].Name, e.AppendText(nil, i, &v, event.Mode2021))
		}
	}
	// Output:
	// pathname: /etc/passwd
	// flags: O_WRONLY|O_CLOEXEC
}
