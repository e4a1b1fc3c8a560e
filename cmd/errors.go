package cmd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/event/encode"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/sensor/kernel"
)

// The exit codes, the same for every verb.
const (
	exitFine   = 0
	exitNo     = 1 // the answer is "no"
	exitUsage  = 2 // wrong usage or input
	exitHost   = 3 // this host cannot do it
	exitBroken = 4 // it started and could not go on
)

// A failure ends the program with a code, and says what would mend it.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(hint, format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), hint}
}

func broken(hint, format string, args ...any) error {
	return &failure{exitBroken, fmt.Errorf(format, args...), hint}
}

// classify finds the exit code of an error, and its hint. What is not known to be
// somebody's mistake broke while it ran.
func classify(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return &failure{f.code, err, f.hint}
	}
	var option *encode.OptionError
	var expr *filter.Error
	switch {
	case errors.As(err, &option):
		return &failure{exitUsage, err, option.Hint}
	case errors.As(err, &expr):
		return &failure{exitUsage, err, ""} // its text ends with the hint
	case errors.Is(err, kernel.ErrUnsupported):
		return &failure{exitHost, err, ""} // as well
	}
	return &failure{exitBroken, err, ""}
}

// report prints the error of a verb and returns the exit code.
func (env *Env) report(verb string, err error) int {
	if errors.Is(err, syscall.EPIPE) {
		return exitFine // whoever read the output has had enough
	}
	f := classify(err)
	where := "bulwark: "
	if verb != "" && verb != "bulwark" {
		where += verb + ": "
	}
	for line := range strings.Lines(f.Error()) {
		fmt.Fprintln(env.Stderr, where+strings.TrimSpace(line))
		where = "  "
	}
	if f.hint != "" {
		fmt.Fprintln(env.Stderr, "  hint: "+f.hint)
	}
	return f.code
}

// flagError turns what pflag says into the form of all errors.
func flagError(c *cobra.Command, err error) error {
	see := "see: " + c.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown, see)
	case errors.As(err, &missing):
		f := missing.GetFlag()
		return usage(see, "--%s: needs a value, %s", f.Name, valueName(f))
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return usage(see, "--%s %s: %s", f.Name, invalid.GetValue(), reasonOf(f, invalid.Unwrap()))
	}
	return usage(see, "%w", err)
}

func unknownFlag(c *cobra.Command, e *pflag.NotExistError, see string) error {
	name := e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() != "" {
		return usage(see, "unknown flag -%s", name)
	}
	if why, ok := retired[name]; ok {
		return usage("leave it out", "--%s: %s", name, why)
	}
	for _, sub := range c.Commands() {
		if f := sub.Flags().Lookup(name); f != nil {
			return usage("this is a flag of "+sub.CommandPath()+": "+sub.CommandPath()+" --"+name, "unknown flag --%s", name)
		}
	}
	if near := nearest(name, flagNames(c)); near != "" {
		see = "did you mean --" + near + "? " + see
	}
	return usage(see, "unknown flag --%s", name)
}

// retired are flags of Tracee in 2021 that mean nothing here, with the reason.
var retired = map[string]string{
	"build-policy":          "there is nothing to build, the programs are compiled and part of bulwark",
	"install-path":          "there is nothing to install, the programs are compiled and part of bulwark",
	"blob-perf-buffer-size": "bulwark has one buffer per processor, see --buffer-size",
	"debug":                 "bulwark leaves no build products and has no debug chatter",
}

func flagNames(c *cobra.Command) (names []string) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// valueName is what the help calls the value of a flag.
func valueName(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	return name
}

// reasonOf says in a few words what a value should have been.
func reasonOf(f *pflag.Flag, err error) string {
	switch f.Value.Type() {
	case "duration":
		return "not a duration, write a number and a unit: 10s, 5m, 1h30m"
	case "uint64", "uint32":
		return "not a whole number"
	case "bool":
		return "neither true nor false"
	}
	return err.Error()
}

func unknownVerb(c *cobra.Command, word string) error {
	titles := map[string]string{}
	for _, sub := range c.Commands() {
		titles[sub.Name()] = sub.CommandPath()
		if sub.IsAdditionalHelpTopicCommand() {
			titles[sub.Name()] = "bulwark help " + sub.Name()
		}
	}
	hint := "see: bulwark --help"
	if near := nearest(word, slices.Sorted(maps.Keys(titles))); near != "" {
		hint = "did you mean " + titles[near] + "? " + hint
	}
	return usage(hint, "unknown command %q", word)
}

// noWords is the Args of verbs that take none.
func noWords(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("see: "+c.CommandPath()+" --help", "unexpected word %q", args[0])
	}
	return nil
}

// nearest is the name that a misspelt word most likely means, "" if none is.
func nearest(word string, names []string) string {
	return dictionary.Nearest(word, names)
}
