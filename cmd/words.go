package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalise rewrites a command line into what pflag reads, so that the lines
// that Tracee's users know keep working:
//
//	-output json                           one dash before a long name
//	--output out-file:/a err-file:/b       words after --output are further values of it
//
// What follows "--" is a command's and stays as it is.
func normalise(words []string, root *cobra.Command) []string {
	flags := root.Flags()
	var out []string
	if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		out = append(out, words[0])
		for _, c := range root.Commands() {
			if c.Name() == words[0] {
				flags = c.Flags()
			}
		}
		words = words[1:]
	}
	for len(words) > 0 && words[0] != "--" {
		var taken int
		out, taken = oneWord(out, words, flags)
		words = words[taken:]
	}
	return append(out, words...)
}

// oneWord appends the first of the words, with what belongs to it, and says how
// many words that were.
func oneWord(out, words []string, flags *pflag.FlagSet) ([]string, int) {
	flag, word, inline := whatFlag(words[0], flags)
	out = append(out, word)
	if flag == nil || flag.NoOptDefVal != "" {
		return out, 1
	}
	taken := 1
	if !inline {
		if len(words) == 1 {
			return out, 1
		}
		out, taken = append(out, words[1]), 2
	}
	for flag.Name == "output" && taken < len(words) && !strings.HasPrefix(words[taken], "-") {
		out = append(out, "--output", words[taken])
		taken++
	}
	return out, taken
}

// whatFlag finds the flag that a word gives, nil for any other word. A long name
// behind one dash gets its second. inline tells that the value is in the word.
func whatFlag(word string, flags *pflag.FlagSet) (flag *pflag.Flag, rewritten string, inline bool) {
	name, isFlag := strings.CutPrefix(word, "-")
	if !isFlag || name == "" {
		return nil, word, false
	}
	long, two := strings.CutPrefix(name, "-")
	long, _, inline = strings.Cut(long, "=")
	if f := flags.Lookup(long); f != nil && (two || len(long) > 1) {
		return f, "--" + strings.TrimPrefix(name, "-"), inline
	}
	if two {
		return nil, word, false
	}
	for i := range len(name) { // letters; the first that needs a value takes the rest
		f := flags.ShorthandLookup(name[i : i+1])
		if f == nil {
			return nil, word, false
		}
		if f.NoOptDefVal == "" {
			return f, word, i+1 < len(name)
		}
	}
	return nil, word, false
}
