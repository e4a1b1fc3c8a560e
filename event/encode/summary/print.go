package summary

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bulwark-security/bulwark/event/encode"
)

// titles of the tables, their JSON keys, and the events that fill them.
var titles = [numTables]struct{ title, key, column, note, from string }{
	programs:     {"Programs run", "programs", "PROGRAM", "EXAMPLE", "execve, execveat"},
	filesRead:    {"Files read", "files_read", "FILE", "BY", "openat, open"},
	filesWritten: {"Files written or changed", "files_written", "FILE", "BY", "openat, open, unlinkat, rename"},
	peers:        {"Peers", "peers", "PEER", "BY", "connect, accept4, sendto"},
	capabilities: {"Capabilities used", "capabilities", "CAPABILITY", "BY", "cap_capable"},
	failures:     {"Failures", "failures", "EVENT AND ERROR", "EXAMPLE", "any system call"},
}

// shown is how many rows of a table are on the screen.
const shown = 10

// AppendText writes the summary as one screen of a width in characters; 0 does
// not cut.
func (s *Summary) AppendText(dst []byte, width int, colour bool) []byte {
	s.commitAll()
	bold, plain := "", ""
	if colour {
		bold, plain = "\x1b[1m", "\x1b[0m"
	}
	dst = fmt.Appendf(dst, "%s%s events by %s processes in %s s%s\n", bold, grouped(s.events), s.processCount(), seconds(s), plain)
	for t := range numTables {
		c := s.source(t)
		if len(c.rows) == 0 {
			continue
		}
		dst = fmt.Appendf(dst, "\n%s%s%s\n", bold, titles[t].title, plain)
		dst = appendTable(dst, t, c, width)
	}
	return s.appendMissing(dst)
}

// appendMissing names the questions that nothing was traced for, and those that
// have the answer nothing.
func (s *Summary) appendMissing(dst []byte) []byte {
	var none, blind []string
	for t := range numTables {
		switch {
		case len(s.source(t).rows) > 0:
		case s.fed[t]:
			none = append(none, strings.ToLower(titles[t].title))
		default:
			blind = append(blind, fmt.Sprintf("%s (%s)", strings.ToLower(titles[t].title), titles[t].from))
		}
	}
	if len(none) > 0 {
		dst = fmt.Appendf(dst, "\nNone: %s.\n", strings.Join(none, ", "))
	}
	if len(blind) > 0 {
		dst = fmt.Appendf(dst, "\nNot traced: %s.\n", strings.Join(blind, ", "))
	}
	return dst
}

// appendTable writes the first rows of a table, the key and the note sharing
// what the width leaves.
func appendTable(dst []byte, t table, c *counter, width int) []byte {
	rows := c.top(shown)
	lines := [][]string{{"COUNT"}, {"BYTES"}, {titles[t].column}, {"HOW"}, {titles[t].note}}
	hasBytes, hasWays := false, false
	for _, r := range rows {
		count := grouped(r.count)
		if r.over > 0 {
			count = "≤" + count
		}
		bytes := max(r.bytes[first], r.bytes[second])
		lines[0] = append(lines[0], count)
		lines[1] = append(lines[1], size(bytes))
		lines[2] = append(lines[2], printable(r.key))
		lines[3] = append(lines[3], strings.Join(r.ways.words(), " "))
		lines[4] = append(lines[4], printable(r.note))
		hasBytes, hasWays = hasBytes || bytes > 0, hasWays || r.ways != 0 && t != filesRead
	}
	columns := []column{{lines[0], true, 0}}
	if hasBytes {
		columns = append(columns, column{lines[1], true, 0})
	}
	columns = append(columns, column{lines[2], false, 3})
	if hasWays {
		columns = append(columns, column{lines[3], false, 0})
	}
	columns = append(columns, column{lines[4], false, 1})
	dst = appendColumns(dst, columns, width)
	switch hidden := len(c.rows) - len(rows); {
	case c.forgot:
		dst = fmt.Appendf(dst, "  and more than %s others, of which the rarest were not kept\n", grouped(uint64(hidden)))
	case hidden > 0:
		dst = fmt.Appendf(dst, "  and %s more\n", grouped(uint64(hidden)))
	}
	return dst
}

// printable makes a traced text fit for a terminal.
func printable(text string) string { return string(encode.AppendText(nil, text)) }

// grouped writes a number with a comma between thousands.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// size writes a number of bytes in the unit that suits it.
func size(n uint64) string {
	if n == 0 {
		return "-"
	}
	if n < 1<<10 {
		return strconv.FormatUint(n, 10) + " B"
	}
	amount, unit := float64(n), 0
	for amount >= 1<<10 {
		amount /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", amount, "KMGTPE"[unit-1])
}

func seconds(s *Summary) string {
	return strconv.FormatFloat(float64(s.to-s.from)/1e9, 'f', 1, 64)
}

func (s *Summary) processCount() string {
	if s.more {
		return "more than " + grouped(mostProcesses)
	}
	return grouped(uint64(len(s.processes)))
}

// jsonRow is a row as JSON shows it.
type jsonRow struct {
	Name    string   `json:"name"`
	Count   uint64   `json:"count"`
	Excess  uint64   `json:"excess,omitempty"` // at most so much of count is others'
	Bytes   uint64   `json:"bytes,omitempty"`
	How     []string `json:"how,omitempty"`
	Example string   `json:"example,omitempty"`
}

// jsonTable is a table as JSON shows it.
type jsonTable struct {
	Traced   bool      `json:"traced"`   // false: nothing was traced that could fill it
	Total    uint64    `json:"total"`    // of all rows, also of those that were forgotten
	Complete bool      `json:"complete"` // false: the rarest rows were not kept
	Rows     []jsonRow `json:"rows"`
}

// AppendJSON writes the summary as one line of JSON, every table with all rows
// that were kept.
func (s *Summary) AppendJSON(dst []byte) []byte {
	s.commitAll()
	dst = fmt.Appendf(dst, `{"v":1,"events":%d,"processes":%d,"seconds":%s`, s.events, len(s.processes),
		strconv.FormatFloat(float64(s.to-s.from)/1e9, 'f', -1, 64))
	for t := range numTables {
		c := s.source(t)
		j := jsonTable{Traced: s.fed[t], Total: c.total, Complete: !c.forgot, Rows: []jsonRow{}}
		for _, r := range c.top(len(c.rows)) {
			j.Rows = append(j.Rows, jsonRow{r.key, r.count, r.over, max(r.bytes[first], r.bytes[second]), r.ways.words(), r.note})
		}
		text, _ := json.Marshal(j) // numbers and strings always marshal
		dst = append(fmt.Appendf(dst, `,%q:`, titles[t].key), text...)
	}
	return append(dst, '}', '\n')
}
