package tracee

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
)

// jsonEvent is an event as Tracee printed it, its arguments undecoded.
type jsonEvent struct {
	Timestamp           json.Number
	ProcessID           uint32 `json:"processId"`
	ThreadID            uint32 `json:"threadId"`
	ParentProcessID     uint32 `json:"parentProcessId"`
	HostProcessID       uint32 `json:"hostProcessId"`
	HostThreadID        uint32 `json:"hostThreadId"`
	HostParentProcessID uint32 `json:"hostParentProcessId"`
	UserID              uint32 `json:"userId"`
	MountNamespace      uint64
	PidNamespace        uint64
	ProcessName         string
	HostName            string
	EventName           string
	ReturnValue         int64
	Args                []struct {
		Name  string
		Value any
	}
}

// event builds the event as a sensor would have delivered it.
func (j *jsonEvent) event() (*event.Event, error) {
	info := dictionary.Lookup(j.EventName)
	if info == nil {
		return nil, fmt.Errorf("no event %q", j.EventName)
	}
	var b event.Builder
	b.Begin(info.ID, 1e9, j.ReturnValue, len(info.Args))
	for _, a := range j.Args {
		i := info.ArgIndex(a.Name)
		if i < 0 {
			return nil, fmt.Errorf("%s has no argument %q", info.Name, a.Name)
		}
		if info.Args[i].Class.Word() {
			w, err := wordOf(a.Value)
			if err != nil {
				return nil, err
			}
			b.Word(i, w)
		}
	}
	for _, a := range j.Args {
		i := info.ArgIndex(a.Name)
		if !info.Args[i].Class.Word() {
			data, err := bytesOf(a.Value)
			if err != nil {
				return nil, err
			}
			b.Item(uint8(i), 0, data)
		}
	}
	e := new(event.Event)
	if !e.SetRaw(slices.Clone(b.End())) {
		return nil, fmt.Errorf("the record is not whole")
	}
	e.PID, e.TID, e.PPID = j.ProcessID, j.ThreadID, j.ParentProcessID
	e.HostPID, e.HostTID, e.HostPPID = j.HostProcessID, j.HostThreadID, j.HostParentProcessID
	e.UID, e.MntNS, e.PidNS = j.UserID, uint32(j.MountNamespace), uint32(j.PidNamespace)
	copy(e.Comm[:], j.ProcessName)
	copy(e.UTS[:], j.HostName)
	return e, nil
}

func wordOf(v any) (uint64, error) {
	switch v := v.(type) {
	case json.Number:
		if strings.HasPrefix(v.String(), "-") {
			n, err := strconv.ParseInt(v.String(), 10, 64)
			return uint64(n), err
		}
		return strconv.ParseUint(v.String(), 10, 64)
	case string:
		return strconv.ParseUint(v, 0, 64)
	}
	return 0, fmt.Errorf("%v is no number", v)
}

func bytesOf(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case []any:
		var vector []byte
		for _, s := range v {
			vector = append(append(vector, s.(string)...), 0)
		}
		return vector, nil
	case map[string]any:
		return sockaddrOf(v)
	}
	return nil, fmt.Errorf("%v is no text", v)
}

func sockaddrOf(fields map[string]any) ([]byte, error) {
	text := func(key string) string { s, _ := fields[key].(string); return s }
	family, ok := dictionary.Decoders("socket_domain").Parse(dictionary.AMD64, text("sa_family"))
	if !ok {
		return nil, fmt.Errorf("no family in %v", fields)
	}
	raw := binary.LittleEndian.AppendUint16(nil, uint16(family))
	switch text("sa_family") {
	case "AF_UNIX":
		return append(append(raw, text("sun_path")...), 0), nil
	case "AF_INET":
		port, err := strconv.Atoi(text("sin_port"))
		if err != nil {
			return nil, err
		}
		addr, err := netip.ParseAddr(text("sin_addr"))
		raw = append(binary.BigEndian.AppendUint16(raw, uint16(port)), addr.AsSlice()...)
		return append(raw, bytes.Repeat([]byte{0}, 8)...), err
	case "AF_INET6":
		port, err := strconv.Atoi(text("sin6_port"))
		if err != nil {
			return nil, err
		}
		addr, err := netip.ParseAddr(text("sin6_addr"))
		a := addr.As16()
		raw = append(binary.BigEndian.AppendUint16(raw, uint16(port)), 0, 0, 0, 0)
		return append(append(raw, a[:]...), 0, 0, 0, 0), err
	}
	return raw, nil
}
