package terminal

import (
	"io"
	"unicode/utf8"
)

// A Foot is a line that is drawn over itself. It is for one goroutine; on a
// stream that is no terminal it does nothing.
type Foot struct {
	stream io.Writer
	live   bool
	shown  bool
}

// NewFoot makes the foot of a stream.
func NewFoot(stream io.Writer) *Foot { return &Foot{stream: stream, live: Is(stream)} }

// Live reports whether there is a terminal to draw on.
func (f *Foot) Live() bool { return f.live }

// Set draws the line, cut to the width of the terminal: a line that wraps could
// not be drawn over.
func (f *Foot) Set(text string) {
	if !f.live {
		return
	}
	f.draw(clip(text, Width(f.stream)-1))
}

func (f *Foot) draw(text string) {
	_, _ = io.WriteString(f.stream, "\r"+text+"\x1b[K") // a terminal that went away is noticed elsewhere
	f.shown = true
}

// Clear takes the line away. Call it before other text goes to the terminal.
func (f *Foot) Clear() {
	if f.shown {
		_, _ = io.WriteString(f.stream, "\r\x1b[K")
		f.shown = false
	}
}

// clip keeps the first width characters.
func clip(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width])
}
