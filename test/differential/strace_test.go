package differential

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// A line is one call as strace saw it.
type line struct {
	text string
	tid  int
	name string
	args []string
	ret  string // what stands behind "= "
}

// parseLog reads a log of strace -f. Calls are in the order in which they
// ended; one that never did (exit) stands where it began.
func parseLog(log string) ([]line, error) {
	var lines []line
	begun := map[int]string{} // by thread: what stands before <unfinished ...>
	for text := range strings.Lines(log) {
		text = strings.TrimSuffix(text, "\n")
		number, rest, ok := strings.Cut(text, " ")
		tid, err := strconv.Atoi(number)
		if !ok || err != nil {
			return nil, fmt.Errorf("strace: no thread in %q", text)
		}
		rest = strings.TrimLeft(rest, " ")
		switch {
		case strings.HasPrefix(rest, "+++"), strings.HasPrefix(rest, "---"), strings.HasPrefix(rest, "[ Process"):
			continue
		case strings.HasSuffix(rest, "<unfinished ...>"):
			begun[tid] = strings.TrimSuffix(rest, "<unfinished ...>")
			continue
		case strings.HasPrefix(rest, "<... "):
			_, after, _ := strings.Cut(rest, " resumed>")
			rest = begun[tid] + after
			delete(begun, tid)
		}
		l, err := parseLine(tid, rest)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	for tid, rest := range begun {
		l, err := parseLine(tid, rest+") = ?")
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// parseLine cuts NAME(ARG, ARG) = RET.
func parseLine(tid int, text string) (line, error) {
	l := line{text: text, tid: tid}
	name, rest, ok := strings.Cut(text, "(")
	at := strings.LastIndex(rest, " = ")
	if !ok || at < 0 {
		return l, fmt.Errorf("strace: not a call: %q", text)
	}
	// A comment of the return value may hold " = " too, but never a bracket
	// that is left open.
	for !balanced(rest[:at]) {
		if at = strings.LastIndex(rest[:at], " = "); at < 0 {
			return l, fmt.Errorf("strace: no return value: %q", text)
		}
	}
	l.name, l.ret = name, rest[at+3:]
	inner := strings.TrimSuffix(strings.TrimRight(rest[:at], " "), ")")
	l.args = cut(inner, ',')
	return l, nil
}

// balanced reports whether the text closes exactly the call's own bracket.
func balanced(text string) bool {
	depth := 1
	scan(text, func(_ int, c byte, _ int) {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
	})
	return depth == 0
}

// scan visits the bytes outside quotes and comments, with the depth of brackets
// around each.
func scan(text string, visit func(at int, c byte, depth int)) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			i++
			continue
		case c == '"':
			quoted = !quoted
			continue
		case quoted:
			continue
		case strings.HasPrefix(text[i:], "/*"):
			i += comment(text[i:]) - 1
			continue
		case c == ')' || c == ']' || c == '}':
			depth--
		}
		visit(i, c, depth)
		if c == '(' || c == '[' || c == '{' {
			depth++
		}
	}
}

// comment is the length of the comment that the text begins with. Comments of
// strace have comments in them.
func comment(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// cut splits at a separator outside brackets, quotes and comments.
func cut(text string, separator byte) []string {
	var parts []string
	begin := 0
	scan(text, func(at int, c byte, depth int) {
		if c == separator && depth == 0 {
			parts = append(parts, strings.TrimSpace(text[begin:at]))
			begin = at + 1
		}
	})
	if rest := strings.TrimSpace(text[begin:]); rest != "" {
		parts = append(parts, rest)
	}
	return parts
}

// A token is what strace printed of one argument.
type token struct {
	text   string
	number uint64
	isNum  bool
	names  []string // of the comments, those with an unknown part left out
	str    string
	isStr  bool
	list   []token // [a, b]
	isList bool
	fields map[string]string // {a=b}, values as printed
}

// parseToken makes sense of an argument.
func parseToken(text string) token {
	t := token{text: text}
	switch {
	case text == "NULL":
		t.isNum = true
	case strings.HasPrefix(text, "\""), strings.HasPrefix(text, "@\""):
		plain, _, _ := strings.Cut(text, " /*")
		abstract := strings.HasPrefix(plain, "@")
		t.str, t.isStr = unhex(strings.TrimPrefix(plain, "@")), true
		if abstract {
			t.str = "@" + t.str
		}
	case strings.HasPrefix(text, "["):
		t.isList = true
		for _, item := range cut(strings.TrimSuffix(text[1:], "]"), ',') {
			t.list = append(t.list, parseToken(item))
		}
	case strings.HasPrefix(text, "{"):
		t.fields = map[string]string{}
		for _, f := range cut(strings.TrimSuffix(text[1:], "}"), ',') {
			if key, value, ok := strings.Cut(f, "="); ok {
				t.fields[key] = value
			}
		}
	default:
		t.isNum = true
		for _, part := range cut(text, '|') {
			t.part(part)
		}
	}
	return t
}

// part reads NUMBER or NUMBER /* NAMES */ of a number joined by |.
func (t *token) part(text string) {
	plain, comment, _ := strings.Cut(text, " /*")
	n, err := strconv.ParseInt(plain, 0, 64)
	if err != nil {
		u, err := strconv.ParseUint(plain, 0, 64)
		if err != nil {
			t.isNum = false
			return
		}
		n = int64(u)
	}
	t.number |= uint64(n)
	comment = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(comment), "*/"))
	if strings.ContainsAny(comment, "( ") {
		return // makedev(…), QCMD(…), 3 entries: no names of the number
	}
	for name := range strings.SplitSeq(comment, "|") {
		if name != "" && !strings.Contains(name, "???") && (name[0] < '0' || name[0] > '9') {
			t.names = append(t.names, name)
		}
	}
}

// unhex undoes strace -xx.
func unhex(quoted string) string {
	s, err := strconv.Unquote(strings.TrimSuffix(quoted, "..."))
	if err != nil {
		return quoted
	}
	return s
}

// Errors that the kernel returns to itself when a call is to be made again.
var restarts = map[string]int64{"ERESTARTSYS": 512, "ERESTARTNOINTR": 513, "ERESTARTNOHAND": 514, "ERESTART_RESTARTBLOCK": 516}

// errnos are the errors by the name that strace has for each.
var errnos = sync.OnceValue(func() map[string]int64 {
	names := map[string]int64{"EOPNOTSUPP": int64(unix.EOPNOTSUPP)} // Go's name for it is ENOTSUP
	for n := unix.Errno(1); n < 134; n++ {
		if name := unix.ErrnoName(n); name != "" {
			names[name] = int64(n)
		}
	}
	return names
})

// value is the return value; false when strace does not know it.
func (l *line) value() (int64, bool) {
	words := strings.Fields(l.ret)
	if len(words) > 1 && (words[0] == "-1" || words[0] == "?") {
		if n, ok := restarts[words[1]]; ok {
			return -n, true
		}
		if n, ok := errnos()[words[1]]; ok {
			return -n, true
		}
	}
	if len(words) == 0 || words[0] == "?" {
		return 0, false
	}
	if n, err := strconv.ParseInt(words[0], 0, 64); err == nil {
		return n, true
	}
	u, err := strconv.ParseUint(words[0], 0, 64)
	return int64(u), err == nil
}
