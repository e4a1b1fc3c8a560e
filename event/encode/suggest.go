package encode

import (
	"strconv"
	"strings"
)

// unknownFormat says what was probably meant by a word that is no format.
func unknownFormat(word string) *OptionError {
	e := &OptionError{Reason: UnknownFormat, Msg: "unknown format " + strconv.Quote(word)}
	words := make([]string, 0, len(formats))
	for _, f := range formats {
		words = append(words, string(f.Format))
	}
	name, _, _ := strings.Cut(word, "=")
	switch {
	case word == "":
		e.Msg = "the format is missing"
	case name == string(GoTemplate):
		e.Msg = "gotemplate needs the path of a template"
		e.Hint = "write --output gotemplate=FILE"
		return e
	case word == "help":
		e.Hint = "give help as the only value: --output help"
		return e
	}
	for _, s := range switches {
		if s.name == word {
			e.Hint = "this is an option: --output option:" + word
			return e
		}
	}
	e.Hint = "formats are " + strings.Join(words, ", ")
	if near := nearest(word, words); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	return e
}

func unknownOption(name string) *OptionError {
	e := &OptionError{Reason: UnknownOption, Msg: "unknown option " + strconv.Quote(name)}
	if name == "" {
		e.Msg = "the option is missing"
	}
	words := make([]string, 0, len(switches))
	for _, s := range switches {
		words = append(words, s.name)
	}
	near := nearest(name, words)
	switch {
	case strings.Contains(name, ","):
		e.Hint = "one option a value: --output option:" + strings.ReplaceAll(name, ",", " --output option:")
	case strings.HasPrefix(name, "stack"):
		e.Hint = "did you mean option:stack-addresses?"
	case near != "":
		e.Hint = "did you mean option:" + near + "?"
	default:
		e.Hint = "options are " + strings.Join(words, ", ")
	}
	return e
}

func unknownKey(key, rest string) *OptionError {
	e := &OptionError{Reason: UnknownKey, Msg: "unknown key " + strconv.Quote(key)}
	if key == "" {
		e.Msg = "a word must stand before the colon"
	}
	e.Hint = "keys are format, option, out-file, err-file"
	if strings.HasPrefix(key, string(GoTemplate)+"=") {
		e.Hint = "a path with a colon needs the key: format:" + key + ":" + rest
		return e
	}
	if near := nearest(key, []string{"format", "option", "out-file", "err-file"}); near != "" {
		e.Hint = "did you mean " + near + ":" + rest + "?"
	}
	return e
}

// nearest is the word that at most a third of its letters tell from the given
// one, without regard to case; "" if there is none.
func nearest(given string, words []string) string {
	best, found := len(given)+1, ""
	for _, w := range words {
		if d := distance(strings.ToLower(given), w); d < best && 3*d <= len(w)+2 {
			best, found = d, w
		}
	}
	return found
}

// distance is the number of letters to insert, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
