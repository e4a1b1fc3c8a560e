package cmd

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// shells are the shells that cobra knows how to complete for.
var shells = []string{"bash", "zsh", "fish"}

func newCompletion(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of a shell",
		Long: "Print a script that makes bash, zsh or fish complete commands, flags, events and sets.\n" +
			"Load it in the shell's start file, or put it where your distribution keeps such scripts.",
		Example: examples(
			"source <(bulwark completion bash)", "in this shell",
			"bulwark completion bash > /etc/bash_completion.d/bulwark", "for everybody",
			"bulwark completion zsh > ~/.zfunc/_bulwark", "with ~/.zfunc in $fpath",
			"bulwark completion fish > ~/.config/fish/completions/bulwark.fish", "fish",
		),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("for example: bulwark completion bash", "name one shell: %s", strings.Join(shells, ", "))
			}
			switch args[0] {
			case "bash":
				return c.Root().GenBashCompletionV2(env.Stdout, true)
			case "zsh":
				return c.Root().GenZshCompletion(env.Stdout)
			case "fish":
				return c.Root().GenFishCompletion(env.Stdout, true)
			}
			return usage("shells are "+strings.Join(shells, ", "), "unknown shell %q", args[0])
		},
	}
}

// completeTrace completes a value of --trace: fields, then events and sets.
func completeTrace(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const more = cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	field, list, ok := strings.Cut(typed, "=")
	if !ok {
		return traceFields(typed), more
	}
	last := strings.LastIndexByte(list, ',') + 1
	stem := typed[:len(field)+1+last]
	var names []string
	switch name := strings.TrimSuffix(field, "!"); {
	case name != "" && strings.HasPrefix("event", name):
		for _, e := range dictionary.All() {
			names = append(names, stem+e.Name)
		}
	case name != "" && strings.HasPrefix("set", name):
		for _, set := range dictionary.SetNames() {
			names = append(names, stem+set)
		}
	case name != "" && (strings.HasPrefix("pid", name) || strings.HasPrefix("container", name)):
		names = append(names, stem+"new")
	}
	return names, more
}

// traceFields are the fields, and the arguments of the event whose name and dot
// were typed.
func traceFields(typed string) (words []string) {
	if name, _, dot := strings.Cut(typed, "."); dot {
		e := dictionary.Lookup(name)
		if e == nil {
			return nil
		}
		for _, a := range e.Args {
			words = append(words, name+"."+a.Name+"=")
		}
		return append(words, name+".retval", name+".object.")
	}
	words = []string{"event=", "set=", "pid=", "uid=", "comm=", "uts=", "mntns=", "pidns=", "container", "not-container", "follow"}
	if typed != "" {
		for _, e := range dictionary.All() {
			words = append(words, e.Name+".")
		}
	}
	return words
}

func completeEvents(*cobra.Command, []string, string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, e := range dictionary.All() {
		names = append(names, cobra.CompletionWithDesc(e.Name, e.Help))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completeSets(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return dictionary.SetNames(), cobra.ShellCompDirectiveNoFileComp
}
