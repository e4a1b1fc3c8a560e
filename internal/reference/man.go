package reference

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Man is the manual pages by file name: section 1 for commands, 7 for topics.
func Man(root *cobra.Command) map[string][]byte {
	pages := map[string][]byte{}
	for _, c := range tree(root) {
		section := 1
		if topic(c) {
			section = 7
		}
		pages[fmt.Sprintf("%s.%d", pageName(c), section)] = page(root, c, section)
	}
	return pages
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func page(root, c *cobra.Command, section int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".\\\" Generated from the commands by make generate.\n.TH %s %d \"\" bulwark \"bulwark manual\"\n",
		strings.ToUpper(pageName(c)), section)
	head := func(title string) { fmt.Fprintf(&b, ".SH %s\n", title) }
	head("NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(pageName(c)), roff(strings.ToLower(c.Short[:1])+c.Short[1:]))
	if section == 7 {
		head("DESCRIPTION")
		literally(&b, c.Long)
	} else {
		head("SYNOPSIS")
		fmt.Fprintf(&b, ".B %s\n", roff(c.UseLine()))
		head("DESCRIPTION")
		paragraphs(&b, long(c))
		if c.HasAvailableSubCommands() {
			head("COMMANDS")
			for _, sub := range tree(root)[1:] {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(sub.Name()), roff(sub.Short))
			}
		}
		options(&b, c)
		if c.Example != "" {
			head("EXAMPLES")
			literally(&b, unindented(c.Example))
		}
	}
	seeAlso(&b, root, c)
	return b.Bytes()
}

func options(b *bytes.Buffer, c *cobra.Command) {
	b.WriteString(".SH OPTIONS\n")
	eachFlag(c, func(_ *pflag.Flag, name, value, usage string) {
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR", roff(name))
		if value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
		}
		fmt.Fprintf(b, "\n%s\n", roff(usage))
	})
}

// seeAlso names all other pages: there are few.
func seeAlso(b *bytes.Buffer, root, c *cobra.Command) {
	b.WriteString(".SH SEE ALSO\n")
	var names []string
	for _, other := range tree(root) {
		if other == c {
			continue
		}
		section := 1
		if topic(other) {
			section = 7
		}
		names = append(names, fmt.Sprintf(".BR %s (%d)", roff(pageName(other)), section))
	}
	b.WriteString(strings.Join(names, " ,\n") + "\n")
}

func paragraphs(b *bytes.Buffer, text string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			b.WriteString(".PP\n")
			continue
		}
		b.WriteString(roff(line) + "\n")
	}
}

// literally keeps the lines as they are.
func literally(b *bytes.Buffer, text string) {
	b.WriteString(".nf\n")
	for line := range strings.Lines(strings.TrimSpace(text)) {
		b.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
	}
	b.WriteString(".fi\n")
}

// roff makes plain text of a line: no character of it is a command.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}
