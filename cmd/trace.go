package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwark-security/bulwark/event/encode"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/tracee"
)

// defaultBuffer is the ring of each processor: it holds 20 ms of the fastest
// stream that two processors were seen to make.
const defaultBuffer size = 8 << 20

type traceOptions struct {
	trace, output  []string
	list           bool
	duration       time.Duration
	count          uint64
	stats          string
	summary        bool
	explain        bool
	buffer         size
	securityAlerts bool
	includeSelf    bool
	command        []string // nil: every process of the host
}

func newTrace(env *Env) *cobra.Command {
	o := &traceOptions{buffer: defaultBuffer}
	c := &cobra.Command{
		Use:   "trace [flags] [-- COMMAND [ARGUMENT...]]",
		Short: "Print what happens on this host, filtered",
		Long: "Print system calls and kernel events as they happen, those that the filter selects. Without a\n" +
			"filter these are the events of the set \"default\"; with a command, all that it and its children\n" +
			"do, and nothing else of the host.\n\n" +
			"Events go to standard output; the account of what was seen and lost, and what the command prints,\n" +
			"to standard error. A command that outlives the trace is asked to end. SIGUSR1 prints the account\n" +
			"so far, SIGHUP opens the output files anew.",
		Example: examples(
			"sudo bulwark trace", "the default events of every process, a line each",
			"sudo bulwark trace -- curl -s http://127.0.0.1", "everything that a command does",
			"sudo bulwark trace --trace comm=bash --trace follow", "a shell and all it starts",
			"sudo bulwark trace --trace s=fs --trace e!=open,openat", "file events but these two",
			"sudo bulwark trace --trace openat.pathname=/tmp* --trace 'uid>0'", "opens below /tmp by users",
			"sudo bulwark trace --output json --output out-file:/tmp/events.json", "JSON, to a file",
			"sudo bulwark trace --summary -- make", "what a build ran, read and wrote, on one screen",
			"bulwark trace --explain-filter --trace container --trace s=net", "what a filter means, without tracing",
		),
		Args: func(c *cobra.Command, args []string) error {
			if n := c.ArgsLenAtDash(); n < 0 && len(args) > 0 || n > 0 {
				return strayWord(args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("buffer-size") && c.Flags().Changed("perf-buffer-size") {
				return usage("keep one of them", "--buffer-size, --perf-buffer-size: both say how large the buffer is")
			}
			if c.ArgsLenAtDash() >= 0 {
				if len(args) == 0 {
					return usage("for example: bulwark trace -- ls /", "--: a command must follow")
				}
				o.command = args
			}
			return runTrace(c.Context(), env, o)
		},
		Annotations: map[string]string{"see": "bulwark help filters, bulwark help output, bulwark list, bulwark doctor"},
	}
	f := c.Flags()
	f.StringArrayVarP(&o.trace, "trace", "t", nil, "select events by `EXPRESSION`, can be given several times; --trace help explains")
	f.StringArrayVarP(&o.output, "output", "o", nil, "`FORM` of the output, or out-file:PATH, err-file:PATH, option:NAME, several times; --output help explains")
	f.BoolVarP(&o.list, "list", "l", false, "list the events instead of tracing, like bulwark list")
	f.DurationVar(&o.duration, "duration", 0, "end after this `TIME`: 10s, 5m")
	f.Uint64Var(&o.count, "count", 0, "end after `N` events")
	f.StringVar(&o.stats, "stats", "", "write the account to this `FILE` at the end, as JSON")
	f.BoolVar(&o.summary, "summary", false, "instead of events print one screen at the end: programs, files, peers, capabilities, failures")
	f.BoolVar(&o.explain, "explain-filter", false, "print what the filter means and where it is decided, instead of tracing")
	f.Var(&o.buffer, "buffer-size", "`SIZE` of the buffer of each processor, in bytes or with K, M, G")
	f.VarP(pages{&o.buffer}, "perf-buffer-size", "b", "the same as a number of `PAGES`, a power of two, as Tracee has it")
	f.BoolVar(&o.securityAlerts, "security-alerts", false, "also trace mem_prot_alert")
	f.BoolVar(&o.includeSelf, "include-self", false, "show the events of bulwark itself too")
	_ = c.RegisterFlagCompletionFunc("trace", completeTrace) // these fail only for an unknown flag
	_ = c.RegisterFlagCompletionFunc("output", completeOutput)
	return c
}

func strayWord(word string) error {
	return usage(fmt.Sprintf("to trace a command put -- before it: bulwark trace -- %s; a filter follows --trace", word), "unexpected word %q", word)
}

func completeOutput(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if key, path, ok := strings.Cut(typed, ":"); ok && strings.HasSuffix(key, "-file") && path != "" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return encode.Words(), cobra.ShellCompDirectiveNoFileComp
}

// parsed is what the words of the command line mean.
type parsed struct {
	config  encode.Config
	expr    *filter.Expr
	program *filter.Program
}

// parse reads the values of --output and --trace. Nothing is touched by it.
func (o *traceOptions) parse() (p parsed, err error) {
	if p.config, err = encode.ParseOutput(o.output); err != nil {
		return p, err
	}
	if o.summary && p.config.Format != encode.Table && p.config.Format != encode.JSON {
		return p, usage("use --output table or json", "--summary: cannot be printed as %s", p.config.Format)
	}
	if o.duration < 0 {
		return p, usage("", "--duration %s: is in the past", o.duration)
	}
	p.expr, err = tracee.Parse(o.trace, tracee.Options{
		All: o.command != nil, SecurityAlerts: o.securityAlerts, Capabilities: o.summary,
	})
	if err != nil {
		return p, err
	}
	p.program, err = p.expr.Compile(filter.Events)
	return p, err
}

// help is the text that --trace help or --output help asks for, "" without one.
func (o *traceOptions) help() string {
	if len(o.trace) == 1 && o.trace[0] == "help" {
		return filtersHelp()
	}
	if len(o.output) == 1 && o.output[0] == "help" {
		return encode.Help()
	}
	return ""
}
