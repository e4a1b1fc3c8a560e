package differential

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// A pair is one call, or one argument of it, as both saw it.
type pair struct {
	line  *line
	event *subject.Event
	info  *dictionary.Event
	raw   bool // strace printed registers
	// Of an argument; nil otherwise.
	arg    *dictionary.Arg
	strace *token
	ours   *ours // nil: the event does not carry it
}

// ours is an argument of an event.
type ours struct {
	text   string // as printed
	number uint64
	isNum  bool
	names  []string
	list   []string
	isList bool
}

// comparison collects what differs.
type comparison struct {
	problems []string
	used     map[string]int // by difference
	show     string         // the beginning of a difference whose cases are to be shown
	shown    []string
	calls    map[string]int // compared calls, by name
	args     int
}

// threads compares the calls of each thread in their order.
func (c *comparison) threads(lines []line, events []subject.Event, raw bool) {
	theirs, mine := map[int][]*line{}, map[int][]*subject.Event{}
	var tids []int
	for i := range lines {
		l := &lines[i]
		if theirs[l.tid] == nil {
			tids = append(tids, l.tid)
		}
		theirs[l.tid] = append(theirs[l.tid], l)
	}
	for i := range events {
		mine[events[i].HostThreadID] = append(mine[events[i].HostThreadID], &events[i])
	}
	for i, tid := range tids {
		ours := c.merge(mine[tid])
		// strace begins at the execve of the program that it was told to run.
		for i == 0 && len(ours) > 0 && ours[0].EventName != nameOf(theirs[tid][0]) {
			ours = ours[1:]
		}
		c.thread(theirs[tid], ours, raw)
	}
}

// merge makes one event of the two that a failed execve has.
func (c *comparison) merge(events []*subject.Event) []*subject.Event {
	var out []*subject.Event
	for _, e := range events {
		if e.ReturnValue < 0 && strings.HasPrefix(e.EventName, "execve") && len(out) > 0 && out[len(out)-1].EventName == e.EventName && len(e.Args) == 0 {
			both := *out[len(out)-1]
			both.ReturnValue = e.ReturnValue
			out[len(out)-1] = &both
			c.used[failedExec]++
			continue
		}
		out = append(out, e)
	}
	return out
}

func (c *comparison) thread(lines []*line, events []*subject.Event, raw bool) {
	for i := range max(len(lines), len(events)) {
		switch {
		case i >= len(events):
			c.problem("missing: %s", lines[i].text)
			return
		case i >= len(lines):
			c.problem("surplus: %s", events[i])
			return
		case events[i].EventName != nameOf(lines[i]):
			c.problem("order: strace has %s\n\tbulwark %s", lines[i].text, events[i])
			return
		}
		c.call(&pair{line: lines[i], event: events[i], info: dictionary.Lookup(events[i].EventName), raw: raw})
	}
}

// nameOf is the event that strace's call is: calls newer than strace are known
// by number, a few have another name in the dictionary.
func nameOf(l *line) string {
	if number, ok := strings.CutPrefix(l.name, "syscall_"); ok {
		if n, err := strconv.ParseInt(number, 0, 32); err == nil {
			if e := dictionary.Native(dictionary.Host, false, int(n)); e != nil {
				return e.Name
			}
		}
	}
	if e := dictionary.Lookup(l.name); e != nil {
		return e.Name
	}
	return l.name
}

func (c *comparison) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// differ reports a difference, unless the table has it.
func (c *comparison) differ(p *pair, what string) {
	for i := range differences {
		if d := &differences[i]; d.covers != nil && d.covers(p) {
			c.used[d.what]++
			if c.show != "" && strings.HasPrefix(d.what, c.show) {
				c.shown = append(c.shown, fmt.Sprintf("%s: %s\n\tstrace  %s\n\tbulwark %s", p.info.Name, what, p.line.text, p.event))
			}
			return
		}
	}
	c.problem("%s: %s\n\tstrace  %s\n\tbulwark %s", p.info.Name, what, p.line.text, p.event)
}

// call compares return value and arguments of one call.
func (c *comparison) call(p *pair) {
	c.calls[p.info.Name]++
	if ret, known := p.line.value(); !known || ret != p.event.ReturnValue {
		c.differ(p, fmt.Sprintf("return value %d, strace %s", p.event.ReturnValue, p.line.ret))
	}
	args := positions(p.line)
	for i := range p.info.Args {
		if i >= len(args) || args[i] == "" {
			q := *p
			q.arg = &p.info.Args[i]
			c.differ(&q, "strace has no argument "+q.arg.Name)
			continue
		}
		c.args++
		c.argument(p, i, args[i])
	}
	if len(args) > len(p.info.Args) && !p.raw {
		c.differ(p, fmt.Sprintf("strace has %d arguments", len(args)))
	}
}

// cloneOrder is where clone's arguments stand; strace names them and has an
// order of its own.
var cloneOrder = map[string]int{"flags": 0, "child_stack": 1, "parent_tid": 2, "child_tidptr": 3, "tls": 4}

func positions(l *line) []string {
	switch l.name {
	case "preadv2", "pwritev2":
		if len(l.args) == 5 { // offset in one piece
			return slices.Insert(slices.Clone(l.args), 4, "")
		}
	}
	if l.name != "clone" || len(l.args) == 0 || !strings.Contains(l.args[0], "=") {
		return l.args
	}
	out := make([]string, len(cloneOrder))
	for _, a := range l.args {
		name, value, _ := strings.Cut(a, "=")
		if i, ok := cloneOrder[name]; ok {
			out[i] = value
		}
	}
	return out
}

// argument compares one of them.
func (c *comparison) argument(p *pair, i int, text string) {
	t := parseToken(text)
	q := *p
	q.arg, q.strace = &p.info.Args[i], &t
	if p.raw && q.arg.Class >= dictionary.String {
		return // text is compared in the other run
	}
	for j := range p.event.Args {
		if p.event.Args[j].Name == q.arg.Name {
			q.ours = read(&p.event.Args[j], q.arg)
		}
	}
	if q.ours == nil {
		c.differ(&q, q.arg.Name+" is absent")
		return
	}
	if what := c.compare(&q); what != "" {
		c.differ(&q, q.arg.Name+": "+what)
	}
}

// read makes sense of an argument in JSON.
func read(a *subject.Arg, d *dictionary.Arg) *ours {
	o := &ours{text: subject.Text(a.Value)}
	if d.Class == dictionary.Strings {
		o.isList = true
		_ = json.Unmarshal(a.Value, &o.list)
		return o
	}
	if d.Class >= dictionary.String {
		return o
	}
	text := o.text
	if len(a.Raw) > 0 {
		text = subject.Text(a.Raw)
	}
	if n, ok := number(text); ok {
		o.number, o.isNum = n, true
	} else {
		o.number, o.isNum = parseNames(d, o.text)
	}
	if _, plain := number(o.text); !plain {
		for name := range strings.SplitSeq(o.text, "|") {
			if name[0] < '0' || name[0] > '9' { // bits without a name are in the number
				o.names = append(o.names, name)
			}
		}
	}
	return o
}

func number(text string) (uint64, bool) {
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return uint64(n), true
	}
	u, err := strconv.ParseUint(text, 0, 64)
	return u, err == nil
}

// parseNames undoes a decoded text with the decoders that the argument may have.
func parseNames(d *dictionary.Arg, text string) (uint64, bool) {
	if dec := dictionary.Decoders(d.Decoder); dec != nil {
		if n, ok := dec.Parse(dictionary.Host, text); ok {
			return n, true
		}
	}
	for _, choice := range d.Choices {
		if n, ok := choice.Parse(dictionary.Host, text); ok {
			return n, true
		}
	}
	return 0, false
}

// noAddress is how a null address is printed, as specified.
const noAddress = "{'sa_family': 'AF_UNSPEC'}"

// compare says what differs between the two, "" when nothing does.
func (c *comparison) compare(p *pair) string {
	s, o := p.strace, p.ours
	switch {
	case s.isNum && s.number == 0 && p.arg.Class == dictionary.Sockaddr && o.text == noAddress:
		return ""
	case s.fields != nil && p.arg.Class == dictionary.Sockaddr:
		return compareAddress(s.fields, o.text)
	case len(s.list) == 1 && strings.HasPrefix(o.text, "{") && len(structFields(o.text)) == 1: // sched_param: [0]
		for _, value := range structFields(o.text) {
			return c.compareField(s.list[0], value)
		}
		return ""
	case s.fields != nil && strings.HasPrefix(o.text, "{"):
		return c.compareStruct(s.text, o.text)
	case s.isList && p.arg.Class == dictionary.Pointer && strings.HasPrefix(o.text, "["): // numbers: [3, 4]
		if theirs := strings.ReplaceAll(s.text, "NULL", "0"); theirs != o.text {
			return fmt.Sprintf("%s, strace %s", o.text, s.text)
		}
		return ""
	case s.isList && o.isList:
		return compareList(s.list, o.list)
	case s.isStr && o.isList: // text that ends with NULs, such as listxattr's
		if joined := strings.Join(o.list, "\x00") + "\x00"; s.str != joined {
			return fmt.Sprintf("texts %q, strace %q", joined, s.str)
		}
		return ""
	case s.isStr:
		if s.str != o.text {
			return fmt.Sprintf("text %q, strace %q", o.text, s.str)
		}
		return ""
	case !s.isNum || !o.isNum:
		return fmt.Sprintf("%q, strace %s", o.text, s.text)
	}
	mask := ^uint64(0)
	if p.arg.Class == dictionary.Int || p.arg.Class == dictionary.Uint {
		mask = 1<<32 - 1
	}
	if s.number&mask != o.number&mask {
		return fmt.Sprintf("%d, strace %d", int64(o.number), int64(s.number))
	}
	if p.raw {
		return ""
	}
	return c.compareNames(s.names, o.names)
}

// compareStruct compares {a=b, c={d=e}} field by field. strace leaves out some
// that are 0.
func (c *comparison) compareStruct(theirs, mine string) string {
	got, want := structFields(mine), structFields(theirs)
	for name, text := range want {
		value, ok := got[name]
		if !ok {
			return fmt.Sprintf("no field %s in %s, strace %s", name, mine, theirs)
		}
		if strings.HasPrefix(text, "{") {
			if what := c.compareStruct(text, value); what != "" {
				return name + ": " + what
			}
			continue
		}
		if what := c.compareField(parseToken(text), value); what != "" {
			return name + ": " + what
		}
	}
	for name, value := range got {
		if n, plain := number(value); want[name] == "" && (!plain || n != 0) {
			return fmt.Sprintf("field %s=%s is not in strace's %s", name, value, theirs)
		}
	}
	return ""
}

func structFields(text string) map[string]string {
	fields := map[string]string{}
	for _, f := range cut(strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}"), ',') {
		if name, value, ok := strings.Cut(f, "="); ok {
			fields[name] = value
		}
	}
	return fields
}

// compareField compares a number, which both may print with names.
func (c *comparison) compareField(theirs token, mine string) string {
	if n, plain := number(mine); plain {
		if n != theirs.number || !theirs.isNum {
			return fmt.Sprintf("%s, strace %s", mine, theirs.text)
		}
		return ""
	}
	return c.compareNames(theirs.names, strings.Split(mine, "|"))
}

func (c *comparison) compareNames(theirs, mine []string) string {
	var a []string
	for _, name := range theirs {
		if other := spellings[name]; other != nil && !slices.Contains(mine, name) {
			a = append(a, other...)
			c.used[otherSpelling]++
			continue
		}
		a = append(a, name)
	}
	b := slices.Clone(mine)
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		return fmt.Sprintf("names %q, strace %q", b, a)
	}
	return ""
}

func compareList(theirs []token, mine []string) string {
	if len(theirs) != len(mine) {
		return fmt.Sprintf("%d elements, strace %d", len(mine), len(theirs))
	}
	for i := range mine {
		if theirs[i].str != mine[i] {
			return fmt.Sprintf("element %d is %q, strace %q", i, mine[i], theirs[i].str)
		}
	}
	return ""
}

// compareAddress compares a socket address: strace's {sa_family=0x2 /* AF_INET */,
// sin_port="\x0f\xa0", …} and bulwark's {'sa_family': 'AF_INET','sin_port': '4000'}.
func compareAddress(theirs map[string]string, mine string) string {
	got := map[string]string{}
	for part := range strings.SplitSeq(strings.Trim(mine, "{}"), "','") {
		key, value, _ := strings.Cut(part, "': '")
		got[strings.Trim(key, "'")] = strings.Trim(value, "'")
	}
	want := map[string]string{}
	for key, value := range theirs {
		t := parseToken(value)
		switch key {
		case "sa_family":
			want[key] = strings.Join(t.names, "|")
		case "sin_port", "sin6_port":
			want[key] = fmt.Sprint(int(t.str[0])<<8 | int(t.str[1]))
		case "sin_addr", "sin6_addr":
			want[key] = address(t.str)
		case "sin6_flowinfo":
			want[key] = fmt.Sprint(int(t.str[0])<<24 | int(t.str[1])<<16 | int(t.str[2])<<8 | int(t.str[3]))
		case "sin6_scope_id":
			want["sin6_scopeid"] = fmt.Sprint(t.number)
		case "sun_path":
			want[key] = t.str
		}
	}
	for key, value := range want {
		if got[key] != value {
			return fmt.Sprintf("%s is %q, strace %q in %v", key, got[key], value, theirs)
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%s, strace %v", mine, theirs)
	}
	return ""
}
