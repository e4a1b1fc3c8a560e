package summary

import (
	"strings"
	"unicode/utf8"
)

// narrowest is what a column that gives way keeps.
const narrowest = 8

// A column of a table: numbers stand right, and texts with a share give way when
// the screen is too narrow.
type column struct {
	cells []string
	right bool
	share int
}

// appendColumns writes columns side by side, two blanks before each.
func appendColumns(dst []byte, columns []column, width int) []byte {
	widths := make([]int, len(columns))
	total, flexible := 0, 0
	for i, c := range columns {
		for _, cell := range c.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
		total += 2 + widths[i]
		if c.share > 0 {
			flexible += widths[i]
		}
	}
	if over := total - width; width > 0 && over > 0 {
		squeeze(columns, widths, max(flexible-over, 0))
	}
	for line := range columns[0].cells {
		for i, c := range columns {
			cell := cut(c.cells[line], widths[i])
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			dst = append(dst, "  "...)
			switch {
			case c.right:
				dst = append(append(dst, fill...), cell...)
			case i == len(columns)-1:
				dst = append(dst, cell...)
			default:
				dst = append(append(dst, cell...), fill...)
			}
		}
		dst = append(trimBlanks(dst), '\n')
	}
	return dst
}

// squeeze makes the columns that can give way fit into the room. One that needs
// less than its share leaves the rest to the others.
func squeeze(columns []column, widths []int, room int) {
	shares, fixed := 0, make([]bool, len(columns))
	for i, c := range columns {
		shares += c.share
		fixed[i] = c.share == 0
	}
	for again := true; again; {
		again = false
		for i, c := range columns {
			if !fixed[i] && widths[i]*shares <= room*c.share {
				room, shares = room-widths[i], shares-c.share
				fixed[i], again = true, true
			}
		}
	}
	for i, c := range columns {
		if !fixed[i] {
			widths[i] = max(room*c.share/shares, narrowest)
		}
	}
}

// cut shortens a text in the middle, where paths differ least.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	head := (width - 1) / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(width-1-head):])
}

func trimBlanks(dst []byte) []byte {
	for len(dst) > 0 && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}
