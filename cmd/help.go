package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is what the meanings of flags are wrapped at.
const helpWidth = 100

// helpText is the help of a command, or the text of a topic.
func helpText(c *cobra.Command) string {
	var b strings.Builder
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	b.WriteString(strings.TrimSpace(text) + "\n")
	if c.IsAdditionalHelpTopicCommand() {
		return b.String()
	}
	fmt.Fprintf(&b, "\nUsage:\n  %s\n", c.UseLine())
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	namesOf(&b, "Commands", c, (*cobra.Command).IsAvailableCommand)
	flagsOf(&b, c)
	namesOf(&b, "Topics", c, (*cobra.Command).IsAdditionalHelpTopicCommand)
	if c.HasSubCommands() {
		b.WriteString("\nbulwark help COMMAND and bulwark help TOPIC say more.\n")
	}
	if see := c.Annotations["see"]; see != "" {
		fmt.Fprintf(&b, "\nSee also: %s\n", see)
	}
	return b.String()
}

// namesOf lists the sub-commands of one kind.
func namesOf(b *strings.Builder, title string, c *cobra.Command, kind func(*cobra.Command) bool) {
	for _, sub := range c.Commands() {
		if !kind(sub) || sub.Name() == "help" {
			continue
		}
		if title != "" {
			fmt.Fprintf(b, "\n%s:\n", title)
			title = ""
		}
		fmt.Fprintf(b, "  %-12s %s\n", sub.Name(), sub.Short)
	}
}

func flagsOf(b *strings.Builder, c *cobra.Command) {
	var names, meanings []string
	width := 0
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, meaning := pflag.UnquoteUsage(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		if f.NoOptDefVal == "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "false" {
			meaning += " (default " + f.DefValue + ")"
		}
		names, meanings = append(names, name), append(meanings, meaning)
		width = max(width, len(name))
	})
	b.WriteString("\nFlags:\n")
	for i := range names {
		indent := strings.Repeat(" ", width+5)
		fmt.Fprintf(b, "  %-*s   %s\n", width, names[i], strings.Join(wrap(meanings[i], helpWidth-width-5), "\n"+indent))
	}
}

// wrap breaks a text into lines at blanks.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
