package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/event/encode"
)

// topics are the help texts that belong to no single verb.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "filters", Short: "The expressions of --trace", Long: filtersHelp()},
		{Use: "output", Short: "The values of --output", Long: encode.Help()},
		{Use: "exit-codes", Short: "What the exit codes mean", Long: exitHelp},
	}
}

// newHelp is the help verb: cobra's own would answer an unknown word with
// success.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "Print help about a command or a topic",
		ValidArgsFunction: func(c *cobra.Command, _ []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			for _, sub := range c.Root().Commands() {
				names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownVerb(c.Root(), strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

const exitHelp = `Exit codes, the same for every command:

  0  fine; also after Ctrl-C, SIGTERM, --duration, --count, and when the reader of a pipe is gone
  1  the answer is "no"
  2  wrong usage or input: nothing was started
  3  this host cannot do it, or you may not: see "bulwark doctor"
  4  it started and could not go on: the disk is full, the sensor was lost

"bulwark trace -- COMMAND" prints the exit status of the command and exits 0.`

// filtersHelp is the text of --trace help. The sets come from the dictionary.
func filtersHelp() string {
	var sets strings.Builder
	column := 0
	for _, name := range dictionary.SetNames() {
		if column+len(name) > 90 {
			sets.WriteString("\n  ")
			column = 0
		}
		fmt.Fprintf(&sets, " %s", name)
		column += len(name) + 1
	}
	return strings.Replace(filtersText, "SETS", strings.TrimSpace(sets.String()), 1)
}

const filtersText = `--trace EXPRESSION selects what is traced. It can be given several times: all
expressions must hold, but several values of one field are alternatives.

  event=openat,execve       events by name                          (also e, ev, ...)
  event!=close              without these
  set=fs                    all events of a set                     (also s, se)
  set!=fs_info              without these
  pid=510,1709              process ids, as the host sees them      (also p, pi)
  pid=new                   processes that began after the trace did
  uid=0  uid>999  uid!=33   user ids; numbers take = != < >         (also u, ui)
  comm=bash                 name of the thread, at most 15 bytes
  uts=web-1                 node name, in a container often its id
  mntns=N  pidns=N          namespaces by number: readlink /proc/PID/ns/mnt
  container                 processes in containers                 (also c, co, ...)
  !container                processes of the host                   (also not-container)
  container=new             containers that began after the trace did
  follow                    and all that the matching processes start (also f, fo, ...)
  openat.pathname=/tmp*     argument of an event; * at the end matches any rest
  openat.flags=O_RDWR       flags and signals by name or number
  openat.object.path=/etc/* what the kernel really reached, whatever user space passed
  close.retval<0            return value of an event

No event and no set: the set "default". With "-- COMMAND": all system calls and
life-cycle events of that command. An expression on an argument with =, or on
a return value, selects its event.

A field with = accepts its values whatever else is said of the field: "uid=0"
with "uid>1000" accepts 0 and all above 1000. What a != names is never accepted.

Quote expressions with * < > or ! so that the shell leaves them alone.

Sets:
  SETS

Examples:
  --trace comm=bash --trace follow                  a shell and all it starts
  --trace s=fs --trace e!=open,openat               file events but these two
  --trace openat.pathname=/tmp* --trace 'uid>0'     opens below /tmp, not by root
  --trace container=new                             only containers started from now on
  --trace 'close.fd=5'                              what happens to descriptor 5

See "bulwark list" for events and their arguments, and "bulwark trace
--explain-filter" for what an expression means.`
