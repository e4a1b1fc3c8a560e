package reference

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// tooMany is how many names of a table of values are printed at most.
const tooMany = 150

// Events is the event reference as Markdown: sets, the events of the kernel with
// the hooks that carry them and the tests that see them, the system calls, and
// the names of values.
func Events() []byte {
	var b bytes.Buffer
	b.WriteString("# Events\n\nGenerated from the dictionary (`event/dictionary`) by `make generate`. `bulwark list` also says what this host can deliver.\n\n")
	b.WriteString("Select events by name or set: `--trace event=openat,execve`, `--trace set=fs`, `--trace 'openat.pathname=/etc/*'`.\n")
	setTable(&b)
	kernelEvents(&b)
	systemCalls(&b)
	valueNames(&b)
	return b.Bytes()
}

func setTable(b *bytes.Buffer) {
	b.WriteString("\n## Sets\n\n| set | what | events |\n|---|---|---|\n")
	for _, set := range dictionary.SetNames() {
		fmt.Fprintf(b, "| `%s` | %s | %d |\n", set, dictionary.SetHelp(set), len(dictionary.Members(set)))
	}
}

func kernelEvents(b *bytes.Buffer) {
	b.WriteString("\n## Events that are not system calls\n\n")
	b.WriteString("Hooks stand in the order of preference: the first that the host has carries the event. `tp:sys_exit` means that the event is derived from the exit of system calls. ")
	b.WriteString("State depends on life-cycle events, so they reach user space whatever the filters say. The last line of an event says where the tests trigger and see it.\n")
	for _, e := range dictionary.All() {
		if e.Kind == dictionary.Syscall {
			continue
		}
		fmt.Fprintf(b, "\n### %s (%d)\n\n%s\n\n", e.Name, e.ID, e.Help)
		if len(e.Args) > 0 {
			fmt.Fprintf(b, "- arguments: %s\n", arguments(e))
		}
		if len(e.Sets) > 0 {
			fmt.Fprintf(b, "- sets: %s\n", strings.Join(e.Sets, ", "))
		}
		fmt.Fprintf(b, "- hooks: %s\n", code(strings.Fields(e.Hook)))
		if e.LifeCycle {
			b.WriteString("- life cycle: yes\n")
		}
		fmt.Fprintf(b, "- seen: %s\n", sightings(e))
	}
}

func sightings(e *dictionary.Event) string {
	var all []string
	for _, s := range e.Sightings() {
		where := "here"
		if s.Where == "vm" {
			where = "in a virtual machine"
		}
		all = append(all, fmt.Sprintf("%s, by `%s`", where, s.Test))
	}
	if all == nil {
		return "nowhere yet"
	}
	return strings.Join(all, "; ")
}

func systemCalls(b *bytes.Buffer) {
	b.WriteString("\n## System calls\n\nThe numbers are those of x86-64, arm64, i386 and arm EABI; a dash means that the architecture lacks the call. ")
	b.WriteString("Calls of 32-bit programs that do the same under another name or number are this event too; their names stand in brackets.\n\n")
	b.WriteString("| event | id | numbers | sets | arguments | what |\n|---|---|---|---|---|---|\n")
	for _, e := range dictionary.All() {
		if e.Kind != dictionary.Syscall {
			continue
		}
		name := "`" + e.Name + "`"
		if len(e.Aliases) > 0 {
			name += " (" + strings.Join(e.Aliases, ", ") + ")"
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s |\n", name, e.ID, numbers(e), strings.Join(e.Sets, " "), arguments(e), e.Help)
	}
}

func numbers(e *dictionary.Event) string {
	var all []string
	for _, n := range []int{e.Number[dictionary.AMD64], e.Number[dictionary.ARM64], e.Number32[dictionary.AMD64], e.Number32[dictionary.ARM64]} {
		text := "-"
		if n >= 0 {
			text = fmt.Sprint(n)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func arguments(e *dictionary.Event) string {
	var all []string
	for i := range e.Args {
		all = append(all, e.Args[i].Type+" "+e.Args[i].Name)
	}
	return code(all)
}

// code writes words as code, one after the other.
func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

func valueNames(b *bytes.Buffer) {
	b.WriteString("\n## Names of values\n\nA filter may use them: `--trace openat.flags=O_RDWR|O_CREAT`, `--trace kill.sig=SIGKILL`. Several names are joined by `|`.\n")
	for _, d := range dictionary.AllDecoders() {
		users := usersOf(d)
		names := d.Names(dictionary.AMD64)
		if len(users) == 0 || len(names) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n**%s**, of %s: ", d.Name(), strings.Join(users, ", "))
		more := ""
		if len(names) > tooMany {
			more = fmt.Sprintf(" and %d more, as the kernel's headers have them", len(names)-tooMany)
			names = names[:tooMany]
		}
		fmt.Fprintf(b, "%s%s\n", code(names), more)
	}
}

// usersOf are the arguments that a decoder prints.
func usersOf(d *dictionary.Decoder) (users []string) {
	for _, e := range dictionary.All() {
		for i := range e.Args {
			for j := range e.Args[i].Choices {
				if e.Args[i].Choices[j].Decoder == d {
					users = append(users, e.Name+"."+e.Args[i].Name)
				}
			}
		}
	}
	return users
}
