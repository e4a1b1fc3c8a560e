// Package cmd is the command line of bulwark, a file per verb: flags in, calls
// to the other packages, output out.
//
//	os.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
//
// Data goes to standard output, everything else to standard error. Nothing here
// is a library: a verb holds no logic that a user of the packages would miss.
package cmd

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Env is what the verbs have of the world outside.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time
	Getenv         func(string) string
}

// Main runs one command line, without the program's name, and returns the exit
// code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	// A signal that is caught is the default again in a command that is started;
	// one that is ignored would stay ignored there. The write fails with EPIPE.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	env := &Env{Stdin: stdin, Stdout: stdout, Stderr: stderr, Now: time.Now, Getenv: os.Getenv}
	return env.run(args)
}

func (env *Env) run(args []string) int {
	root := New(env)
	root.SetArgs(normalise(args, root))
	ran, err := root.ExecuteC()
	if err == nil {
		return exitFine
	}
	return env.report(strings.TrimPrefix(ran.CommandPath(), "bulwark "), err)
}

// New is the tree of commands. It is exported for what is derived from it:
// man pages, the command reference and their tests.
func New(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:     "bulwark COMMAND",
		Version: versionLine(),
		Short:   "See what happens on a Linux host, filtered, at a small cost",
		Long: "bulwark is one program for Linux security. It sees system calls and kernel events with eBPF\n" +
			"and prints those that a filter selects. It needs no kernel headers, no compiler and no driver.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(c, args[0])
			}
			return nil
		},
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		Example: examples(
			"sudo bulwark trace", "the default events of every process, a line each",
			"sudo bulwark trace -- ls /", "everything that one command does",
			"bulwark list --set fs", "the events of a set",
			"sudo bulwark doctor", "what this host offers, and what to do about the rest",
		),
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _, _ = io.WriteString(env.Stdout, helpText(c)) })
	root.SetHelpCommand(newHelp())
	root.AddCommand(newTrace(env), newList(env), newDoctor(env), newVersion(env), newCompletion(env))
	root.AddCommand(topics()...)
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = "print the version"
	for _, c := range append(root.Commands(), root) {
		c.InitDefaultHelpFlag()
		c.Flags().Lookup("help").Usage = "print this help"
		c.Flags().SortFlags = false
		c.DisableFlagsInUseLine = true
	}
	return root
}

// examples makes the Example text of a command from pairs of command line and
// comment. Tests parse every line of it.
func examples(pairs ...string) string {
	width := 0
	for i := 0; i < len(pairs); i += 2 {
		width = max(width, len(pairs[i]))
	}
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "  %-*s  # %s\n", width, pairs[i], pairs[i+1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}
