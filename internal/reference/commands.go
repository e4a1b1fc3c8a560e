package reference

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Commands is the command reference as Markdown: every command and topic of the
// tree, from the same texts as the help.
func Commands(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\nGenerated from the commands by `make generate`; the same text as `bulwark help COMMAND`.\n\n")
	for _, c := range tree(root) {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", title(c), strings.ReplaceAll(title(c), " ", "-"), c.Short)
	}
	for _, c := range tree(root) {
		fmt.Fprintf(&b, "\n## %s\n\n", title(c))
		if topic(c) {
			fmt.Fprintf(&b, "```\n%s\n```\n", strings.TrimSpace(c.Long))
			continue
		}
		fmt.Fprintf(&b, "%s\n\n```\n%s\n```\n", long(c), c.UseLine())
		if c.Example != "" {
			fmt.Fprintf(&b, "\nExamples:\n\n```sh\n%s\n```\n", unindented(c.Example))
		}
		flagTable(&b, c)
		if see := c.Annotations["see"]; see != "" {
			fmt.Fprintf(&b, "\nSee also: %s\n", see)
		}
	}
	return b.Bytes()
}

// tree is the root, its commands and then its topics.
func tree(root *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{root}
	for _, want := range []bool{false, true} {
		for _, c := range root.Commands() {
			if topic(c) == want && !c.Hidden {
				list = append(list, c)
			}
		}
	}
	return list
}

func topic(c *cobra.Command) bool { return c.IsAdditionalHelpTopicCommand() }

// title is what a user types to read the text.
func title(c *cobra.Command) string {
	if topic(c) {
		return "bulwark help " + c.Name()
	}
	return c.CommandPath()
}

func long(c *cobra.Command) string {
	if c.Long != "" {
		return strings.TrimSpace(c.Long)
	}
	return c.Short + "."
}

func unindented(example string) string {
	var lines []string
	for line := range strings.Lines(example) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

func flagTable(b *bytes.Buffer, c *cobra.Command) {
	b.WriteString("\n| flag | meaning |\n|---|---|\n")
	eachFlag(c, func(f *pflag.Flag, name, value, usage string) {
		if value != "" {
			name += " " + value
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`))
	})
}

// eachFlag calls with the names of a flag, what its value is called, and its
// meaning with the default.
func eachFlag(c *cobra.Command, do func(f *pflag.Flag, name, value, usage string)) {
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		value, usage := pflag.UnquoteUsage(f)
		switch f.DefValue {
		case "", "0", "0s", "[]", "false":
		default:
			usage += " (default " + f.DefValue + ")"
		}
		do(f, name, value, usage)
	})
}
