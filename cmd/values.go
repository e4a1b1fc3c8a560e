package cmd

import (
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
)

// size is a number of bytes on the command line: 512, 64K, 8M, 1G.
type size uint64

const sizeUnits = "KMG"

// mostBytes is the largest size that is accepted: more is a slip of the finger.
const mostBytes = 64 << 30

func (s *size) Type() string { return "size" }

func (s *size) Set(text string) error {
	number, shift := strings.TrimSuffix(strings.TrimSuffix(text, "B"), "i"), 0
	if number != "" {
		if unit := strings.IndexByte(sizeUnits, number[len(number)-1]&^0x20); unit >= 0 {
			number, shift = number[:len(number)-1], 10*(unit+1)
		}
	}
	n, err := strconv.ParseUint(number, 10, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return errors.New("not a size, write bytes or a number with K, M or G: 65536, 64K, 8M")
	case n == 0:
		return errors.New("the buffer needs some room")
	case err != nil || n > mostBytes>>shift:
		return errors.New("too large")
	}
	*s = size(n << shift)
	return nil
}

// String prints the largest unit that divides the size.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	unit := min(bits.TrailingZeros64(uint64(*s))/10, len(sizeUnits))
	if unit == 0 {
		return strconv.FormatUint(uint64(*s), 10)
	}
	return fmt.Sprintf("%d%c", uint64(*s)>>(10*unit), sizeUnits[unit-1])
}

// pages is Tracee's size of a buffer: a number of pages, a power of two, 0 for
// the default.
type pages struct{ *size }

func (p pages) Type() string   { return "pages" }
func (p pages) String() string { return "" }

func (p pages) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	switch {
	case err != nil:
		return errors.New("not a number of pages")
	case n&(n-1) != 0:
		return fmt.Errorf("not a power of two, the next is %d", uint64(1)<<bits.Len64(n))
	case n > mostBytes/uint64(os.Getpagesize()):
		return errors.New("too large")
	}
	*p.size = size(n * uint64(os.Getpagesize()))
	return nil
}
