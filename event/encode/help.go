package encode

import (
	"fmt"
	"strings"
)

// Help is the text of `--output help`.
func Help() string {
	var b strings.Builder
	b.WriteString(`--output says in which form events are printed, and where. It can be given
several times; later values override earlier ones.

  [format:]FORMAT   one of the formats below
  out-file:PATH     print events to this file instead of standard output
  err-file:PATH     print errors to this file instead of standard error
  option:NAME       switch an option on; one option a value

Formats:
`)
	for _, f := range formats {
		name := string(f.Format)
		if f.Format == GoTemplate {
			name += "=PATH"
		}
		fmt.Fprintf(&b, "  %-21s %s\n", name, f.help)
	}
	b.WriteString("\nOptions:\n")
	for _, s := range switches {
		fmt.Fprintf(&b, "  %-21s %s\n", s.name, s.help)
	}
	b.WriteString(`
Files are made anew at the start, together with the folders above them.

Examples:
  --output json                                   one object a line
  --output json --output out-file:/tmp/events     the same, to a file
  --output out-file:/tmp/out err-file:/tmp/err    a table and its errors, to files
  --output gotemplate=/tmp/my.tmpl                what your template makes of an event
  --output table-verbose --output option:parse-arguments
`)
	return b.String()
}

// Words are what a value of --output can begin with or be, for completion.
func Words() (words []string) {
	for _, f := range formats {
		if f.Format == GoTemplate {
			words = append(words, string(f.Format)+"=")
			continue
		}
		words = append(words, string(f.Format))
	}
	words = append(words, "out-file:", "err-file:")
	for _, s := range switches {
		words = append(words, "option:"+s.name)
	}
	return words
}
