package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// eachWhole prints all that is known of each event.
func eachWhole(w io.Writer, events []*dictionary.Event, here map[dictionary.ID]delivery) error {
	for i, e := range events {
		if i > 0 {
			fmt.Fprintln(w)
		}
		d, known := here[e.ID]
		if _, err := io.WriteString(w, eventText(e, d, known)); err != nil {
			return err
		}
	}
	return nil
}

func eventText(e *dictionary.Event, d delivery, known bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", e.Name, e.Help)
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", key, fmt.Sprintf(format, args...))
	}
	line("id", "%d", e.ID)
	if len(e.Aliases) > 0 {
		line("also", "%s", strings.Join(e.Aliases, " "))
	}
	line("sets", "%s", strings.Join(e.Sets, " "))
	switch {
	case !e.On(dictionary.Host):
		line("here", "no: not on this architecture")
	case !known:
		line("here", "run as root to know")
	case d.Available:
		line("here", "yes, through %s", d.Hook)
	default:
		line("here", "no: %s", d.Why)
	}
	names, types := 0, 0
	for _, a := range e.Args {
		names, types = max(names, len(a.Name)), max(types, len(a.Type))
	}
	for i, a := range e.Args {
		key := ""
		if i == 0 {
			key = "arguments"
		}
		note := ""
		if a.Decoder != "" {
			note = "printed as " + strings.ReplaceAll(a.Decoder, "_", " ")
		}
		line(key, "%s", strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", names, a.Name, types, a.Type, note), " "))
	}
	line("filter", "--trace event=%s", e.Name)
	if len(e.Args) > 0 {
		telling := max(slices.IndexFunc(e.Args, func(a dictionary.Arg) bool { return a.Class == dictionary.String }), 0)
		line("", "--trace %s.%s=VALUE", e.Name, e.Args[telling].Name)
	}
	line("", "--trace '%s.retval<0'", e.Name)
	return b.String()
}
