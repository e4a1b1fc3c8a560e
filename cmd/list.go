package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/sensor/kernel"
)

type listOptions struct {
	sets   []string
	json   bool
	names  []string
	events []*dictionary.Event
}

func newList(env *Env) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use:   "list [flags] [EVENT...]",
		Short: "List events, their sets and arguments, and whether this host delivers them",
		Long: "List the events that can be traced, with their sets and arguments. As root it also says which\n" +
			"of them this host delivers, through which hook, and why not the others.",
		Example: examples(
			"bulwark list", "every event",
			"bulwark list openat", "one event: what it means, its arguments, how to filter it",
			"bulwark list --set fs", "the events of a set",
			"sudo bulwark list --json", "for programs, with what this host delivers",
		),
		ValidArgsFunction: completeEvents,
		RunE: func(_ *cobra.Command, args []string) error {
			o.names = args
			return runList(env, &o)
		},
		Annotations: map[string]string{"see": "bulwark help filters, bulwark doctor"},
	}
	c.Flags().StringArrayVar(&o.sets, "set", nil, "only the events of this `SET`; can be given several times")
	c.Flags().BoolVar(&o.json, "json", false, "print JSON")
	_ = c.RegisterFlagCompletionFunc("set", completeSets) // fails only for an unknown flag
	return c
}

func runList(env *Env, o *listOptions) error {
	if err := o.choose(); err != nil {
		return err
	}
	here := deliveries()
	switch {
	case o.json:
		return printJSON(env.Stdout, listJSON(o.events, here))
	case len(o.names) > 0:
		return eachWhole(env.Stdout, o.events, here)
	}
	if here == nil {
		defer fmt.Fprintln(env.Stderr, "bulwark: list: run as root to see which of these this host delivers")
	}
	_, err := io.WriteString(env.Stdout, listText(o.events, here))
	return err
}

// choose finds the events that names and sets ask for; without any, all of this
// architecture.
func (o *listOptions) choose() error {
	wanted := map[*dictionary.Event]bool{}
	for _, name := range o.names {
		e := dictionary.Lookup(name)
		if e == nil {
			return unknownName("event", name)
		}
		wanted[e] = true
	}
	for _, set := range o.sets {
		members := dictionary.Members(set)
		if members == nil {
			return unknownName("set", set)
		}
		for _, e := range members {
			wanted[e] = true
		}
	}
	all := len(o.names)+len(o.sets) == 0
	for _, e := range dictionary.All() {
		if wanted[e] || all && e.On(dictionary.Host) {
			o.events = append(o.events, e)
		}
	}
	return nil
}

func unknownName(what, name string) error {
	hint := "see: bulwark list"
	if near := dictionary.Suggest(name); near != "" {
		hint = "did you mean " + near + "? see: bulwark list"
		if dictionary.Lookup(near) == nil {
			hint = "did you mean the set " + near + "? see: bulwark list --set " + near
		}
	}
	if what == "event" && dictionary.Members(name) != nil {
		hint = "this is a set: bulwark list --set " + name
	}
	return usage(hint, "unknown %s %q", what, name)
}

// A delivery says whether this host delivers an event.
type delivery struct {
	Available bool   `json:"available"`
	Hook      string `json:"hook,omitempty"`
	Why       string `json:"why,omitempty"`
}

// deliveries asks the kernel, by trying. It is nil when that is not allowed.
func deliveries() map[dictionary.ID]delivery {
	hooks, err := kernel.Availability()
	if err != nil {
		return nil
	}
	here := map[dictionary.ID]delivery{}
	for id, hook := range hooks {
		d := delivery{Available: hook.Err == nil, Hook: hook.Via}
		if hook.Err != nil {
			d.Why = whyNot(id, hook.Err)
		}
		here[id] = d
	}
	return here
}

// whyNot is why an event is not to be had, on one line: the name stands before it
// already, and the hint would be the same for each.
func whyNot(id dictionary.ID, err error) string {
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(err.Error(), eventName(id)+": ")) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "hint:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// listText is the two blocks that Tracee's users know, with the event's id and,
// where known, how this host delivers it.
func listText(events []*dictionary.Event, here map[dictionary.ID]delivery) string {
	var b strings.Builder
	for _, block := range []struct {
		title string
		kind  dictionary.Kind
	}{{"System Calls:", dictionary.Syscall}, {"Other Events:", dictionary.Other}} {
		rows := slices.DeleteFunc(slices.Clone(events), func(e *dictionary.Event) bool { return e.Kind != block.kind })
		if len(rows) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		listRow(&b, here != nil, block.title, "Id:", "Here:", "Sets:", "Arguments:")
		listRow(&b, here != nil, "____________", "___", "_____", "____", "_________")
		b.WriteByte('\n')
		for _, e := range rows {
			via := here[e.ID].Hook
			if !here[e.ID].Available {
				via = "no"
			}
			listRow(&b, here != nil, e.Name, fmt.Sprint(e.ID), via, "["+strings.Join(e.Sets, " ")+"]", prototype(e))
		}
	}
	b.WriteString(missing(events, here))
	return b.String()
}

func listRow(b *strings.Builder, withHere bool, name, id, here, sets, args string) {
	if withHere {
		id = fmt.Sprintf("%-6s %-28s", id, here)
	}
	fmt.Fprintf(b, "%-30s %-6s %-44s %s\n", name, id, sets, args)
}

func prototype(e *dictionary.Event) string {
	var args []string
	for _, a := range e.Args {
		args = append(args, a.Type+" "+a.Name)
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// missing lists what this host does not deliver, by reason.
func missing(events []*dictionary.Event, here map[dictionary.ID]delivery) string {
	names := map[string][]string{}
	var reasons []string
	for _, e := range events {
		d, known := here[e.ID]
		if !known || d.Available {
			continue
		}
		if names[d.Why] == nil {
			reasons = append(reasons, d.Why)
		}
		names[d.Why] = append(names[d.Why], e.Name)
	}
	var b strings.Builder
	for _, why := range reasons {
		if b.Len() == 0 {
			b.WriteString("\nNot on this host:\n\n")
		}
		fmt.Fprintf(&b, "%s: %s\n", strings.Join(names[why], ", "), why)
	}
	return b.String()
}

// listed is the JSON of the list verb.
type listed struct {
	V      int           `json:"v"`
	Arch   string        `json:"arch"`
	Events []listedEvent `json:"events"`
}

type listedEvent struct {
	ID        int         `json:"id"`
	Name      string      `json:"name"`
	Aliases   []string    `json:"aliases,omitempty"`
	Kind      string      `json:"kind"`
	Sets      []string    `json:"sets"`
	Arguments []listedArg `json:"arguments"`
	Help      string      `json:"help"`
	Here      *delivery   `json:"here"` // null: not asked, for want of privilege
}

type listedArg struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Decoder string `json:"decoder,omitempty"`
}

func listJSON(events []*dictionary.Event, here map[dictionary.ID]delivery) listed {
	l := listed{V: 1, Arch: archNames[dictionary.Host], Events: []listedEvent{}}
	for _, e := range events {
		row := listedEvent{ID: int(e.ID), Name: e.Name, Aliases: e.Aliases, Kind: "event", Sets: e.Sets, Help: e.Help, Arguments: []listedArg{}}
		if e.Kind == dictionary.Syscall {
			row.Kind = "syscall"
		}
		for _, a := range e.Args {
			row.Arguments = append(row.Arguments, listedArg{a.Name, a.Type, a.Decoder})
		}
		if d, ok := here[e.ID]; ok {
			row.Here = &d
		}
		l.Events = append(l.Events, row)
	}
	return l
}

var archNames = map[dictionary.Arch]string{dictionary.AMD64: "amd64", dictionary.ARM64: "arm64"}
