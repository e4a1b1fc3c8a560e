package subject

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// An Event is a line of --output json: the keys of Tracee, and object.
type Event struct {
	Timestamp           json.Number     `json:"timestamp"`
	ProcessID           int             `json:"processId"`
	ThreadID            int             `json:"threadId"`
	ParentProcessID     int             `json:"parentProcessId"`
	HostProcessID       int             `json:"hostProcessId"`
	HostThreadID        int             `json:"hostThreadId"`
	HostParentProcessID int             `json:"hostParentProcessId"`
	UserID              int             `json:"userId"`
	MountNamespace      uint64          `json:"mountNamespace"`
	PIDNamespace        uint64          `json:"pidNamespace"`
	ProcessName         string          `json:"processName"`
	HostName            string          `json:"hostName"`
	EventID             string          `json:"eventId"`
	EventName           string          `json:"eventName"`
	ArgsNum             int             `json:"argsNum"`
	ReturnValue         int64           `json:"returnValue"`
	Args                []Arg           `json:"args"`
	Flags               []string        `json:"flags"`
	Object              json.RawMessage `json:"object"`
}

// An Arg is one argument; Raw stands beside a text that cannot be turned back.
type Arg struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
	Raw   json.RawMessage `json:"raw"`
}

// ParseEvent reads one line.
func ParseEvent(line []byte) (Event, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var e Event
	err := d.Decode(&e)
	return e, err
}

// Arg is the text of an argument: a string itself, a number in decimal, a
// vector as [a b]; false when the event does not carry it.
func (e *Event) Arg(name string) (string, bool) {
	for i := range e.Args {
		if e.Args[i].Name == name {
			return Text(e.Args[i].Value), true
		}
	}
	return "", false
}

// ObjectField is the text of a field of the object.
func (e *Event) ObjectField(name string) (string, bool) {
	var o map[string]json.RawMessage
	if json.Unmarshal(e.Object, &o) != nil || o[name] == nil {
		return "", false
	}
	return Text(o[name]), true
}

// Text is a JSON value as the tests write it.
func Text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		words := make([]string, len(list))
		for i := range list {
			words[i] = Text(list[i])
		}
		return "[" + strings.Join(words, " ") + "]"
	}
	return string(raw)
}

// String is the event as a line of the end-to-end table.
func (e Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.ProcessName, e.EventName)
	for _, a := range e.Args {
		fmt.Fprintf(&b, " %s=%s", a.Name, quoted(Text(a.Value)))
	}
	fmt.Fprintf(&b, " ret=%d", e.ReturnValue)
	return b.String()
}

func quoted(s string) string {
	if s == "" || strings.ContainsAny(s, " \"\n\t") {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// Counts and Account are the file of --stats.
type Counts struct {
	Generated uint64            `json:"generated"`
	Delivered uint64            `json:"delivered"`
	Filtered  uint64            `json:"filtered"`
	Lost      uint64            `json:"lost"`
	Pending   uint64            `json:"pending"`
	ByCause   map[string]uint64 `json:"lost_by_cause"`
}

// Account is the balance in total and per event.
type Account struct {
	Counts
	Events map[string]Counts `json:"events"`
}

// ReadAccount reads the file of --stats.
func ReadAccount(file string) (*Account, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	var a Account
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("account: %w\n%s", err, b)
	}
	return &a, nil
}

// Wrong says what is not right in an account by itself: a sum that does not
// hold, a loss without cause, events that do not add up to the total. "" is
// right.
func (a *Account) Wrong() string {
	var sum Counts
	for name, c := range a.Events {
		if w := c.wrong(); w != "" {
			return name + ": " + w
		}
		sum.Generated += c.Generated
		sum.Delivered += c.Delivered
		sum.Filtered += c.Filtered
		sum.Lost += c.Lost
	}
	if w := a.Counts.wrong(); w != "" {
		return w
	}
	if sum.Generated != a.Generated || sum.Delivered != a.Delivered || sum.Filtered != a.Filtered || sum.Lost != a.Lost {
		return fmt.Sprintf("the events add up to %+v, the total is %+v", sum, a.Counts)
	}
	return ""
}

func (c Counts) wrong() string {
	if c.Pending != 0 || c.Generated != c.Delivered+c.Filtered+c.Lost {
		return fmt.Sprintf("%d generated is not %d delivered + %d filtered + %d lost, or %d pending is not 0", c.Generated, c.Delivered, c.Filtered, c.Lost, c.Pending)
	}
	var causes uint64
	for _, n := range c.ByCause {
		causes += n
	}
	if causes != c.Lost {
		return fmt.Sprintf("%d lost, but the causes %v add up to %d", c.Lost, c.ByCause, causes)
	}
	return ""
}
