// Package terminal knows whether a stream is a terminal, and draws the one line
// at its foot that changes:
//
//	foot := terminal.NewFoot(os.Stderr)
//	foot.Set("12,345 events/s")
//	foot.Clear() // before anything else is written there
//
// Colour and changing lines are for terminals only, so that what a pipe or a
// file gets is the same every time.
package terminal

import (
	"os"

	"golang.org/x/term"
)

// Is reports whether the stream is a terminal. Only an *os.File can be one.
func Is(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fallbackWidth is what a terminal that does not tell its size gets.
const fallbackWidth = 80

// Width is the number of columns of the stream's terminal.
func Width(stream any) int {
	if f, ok := stream.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return fallbackWidth
}

// Colour says whether to write colour to the stream: it is a terminal, and
// neither NO_COLOR nor a dumb TERM asks for plain text.
func Colour(stream any, getenv func(string) string) bool {
	return Is(stream) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}
