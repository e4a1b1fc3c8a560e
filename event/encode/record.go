package encode

import (
	"strconv"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A Record is an event as Tracee's Go programs know it: the names of its fields
// are those of the gob stream and of the data of templates.
type Record struct {
	Timestamp           float64
	ProcessID           int
	ThreadID            int
	ParentProcessID     int
	HostProcessID       int
	HostThreadID        int
	HostParentProcessID int
	UserID              int
	MountNS             int
	PIDNS               int
	ProcessName         string
	HostName            string
	EventID             int
	EventName           string
	ArgsNum             int
	ReturnValue         int
	StackAddresses      []uint64
	Args                []Argument
}

// An Argument is one argument of a Record. Its Value is an int32, uint32, int64,
// uint64, string, []string, []byte, map[string]string (an address) or
// map[string]uint64 (credentials).
type Argument struct {
	Name  string
	Type  string
	Value any
}

// End is the record that option eot asks for.
func End() *Record { return &Record{EventName: endOfTransmission} }

// A Recorder makes Records.
type Recorder struct {
	config Config
	env    Env
	mode   event.Mode
	rows   []row
	v      event.Value
	text   []byte
}

// NewRecorder makes a Recorder that follows the options of a configuration.
func NewRecorder(c Config, env Env) *Recorder {
	return &Recorder{config: c, env: env, mode: c.mode(), rows: makeRows(c)}
}

// Record is what the event looks like. It shares nothing with the event.
func (r *Recorder) Record(e *event.Event) *Record {
	c := &e.Context
	rec := &Record{
		Timestamp: float64(r.config.at(e.Time, r.env.Start)/1000) / 1e6,
		ProcessID: int(c.PID), ThreadID: int(c.TID), ParentProcessID: int(c.PPID),
		HostProcessID: int(c.HostPID), HostThreadID: int(c.HostTID), HostParentProcessID: int(c.HostPPID),
		UserID: int(c.UID), MountNS: int(c.MntNS), PIDNS: int(c.PidNS),
		ProcessName: string(event.Text(&c.Comm)), HostName: string(event.Text(&c.UTS)),
		EventID: int(e.ID), ReturnValue: int(e.Ret), Args: []Argument{},
	}
	if r.config.StackAddresses {
		rec.StackAddresses = append([]uint64{}, e.Stack...)
	}
	if int(e.ID) >= len(r.rows) || r.rows[e.ID].info == nil {
		return rec
	}
	row := &r.rows[e.ID]
	rec.EventID, rec.EventName = number(row.info, e.Arch), row.info.Name
	for i := range row.info.Args {
		if row.hide>>i&1 == 0 && e.Arg(i, &r.v) {
			a := &row.info.Args[i]
			rec.Args = append(rec.Args, Argument{a.Name, a.Type, r.value(e, a, i)})
		}
	}
	rec.ArgsNum = len(rec.Args)
	return rec
}

// value is what the argument in r.v looks like.
func (r *Recorder) value(e *event.Event, a *dictionary.Arg, i int) any {
	v := &r.v
	switch v.Class {
	case dictionary.String:
		return string(v.Bytes)
	case dictionary.Strings:
		return vector(v)
	case dictionary.Bytes:
		return append([]byte{}, v.Bytes...)
	case dictionary.Cred:
		return credentials(v.Bytes)
	case dictionary.Sockaddr:
		if r.mode == event.ModeAll || r.mode == event.Mode2021 && a.Decoded {
			return string(event.AppendSockaddr(nil, v.Bytes))
		}
		return sockaddr(v.Bytes)
	}
	path := ""
	if a.FD && r.config.ParseFDs {
		path = r.env.behind(e, i, int32(v.Num))
	}
	switch {
	case v.Class == dictionary.Pointer, e.Decoder(i, r.mode) != nil:
		r.text = e.AppendText(r.text[:0], i, v, r.mode)
		return string(r.text)
	case path != "":
		return strconv.FormatInt(v.Int(), 10) + "=" + path
	case v.Class == dictionary.Int:
		return int32(v.Num)
	case v.Class == dictionary.Uint:
		return uint32(v.Num)
	case v.Class == dictionary.Long:
		return v.Int()
	}
	return v.Num
}

// vector is an array of strings. One that was cut ends with dots.
func vector(v *event.Value) []string {
	var list []string
	for s, rest, ok := event.NextString(v.Bytes); ok; s, rest, ok = event.NextString(rest) {
		list = append(list, string(s))
	}
	if v.Cut {
		list = append(list, "...")
	}
	return list
}

func sockaddr(raw event.Sockaddr) map[string]string {
	fields := map[string]string{}
	for i, key := range raw.Keys() {
		fields[key] = string(raw.AppendField(nil, i))
	}
	return fields
}

func credentials(raw []byte) map[string]uint64 {
	fields := map[string]uint64{}
	for i, key := range event.CredKeys() {
		fields[key] = event.CredField(raw, i)
	}
	return fields
}
