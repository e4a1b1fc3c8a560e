package cmd

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/bulwark-security/bulwark/internal/terminal"
)

// talk is what a verb says while it runs: lines on standard error that begin
// with the program's name, and below them the foot, a line that changes. It is
// safe for concurrent use.
type talk struct {
	mu     sync.Mutex
	stderr io.Writer
	foot   *terminal.Foot
	shares bool // data goes to a terminal too, perhaps the same one
}

func newTalk(env *Env, data io.Writer) *talk {
	return &talk{stderr: env.Stderr, foot: terminal.NewFoot(env.Stderr), shares: terminal.Is(data)}
}

// say prints a line. Further lines of the text are indented below it.
func (t *talk) say(format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "\n  ")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.foot.Clear()
	fmt.Fprintln(t.stderr, "bulwark: "+text)
}

// live draws the foot.
func (t *talk) live(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.foot.Set(text)
}

// quiet takes the foot away for good or until the next live.
func (t *talk) quiet() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.foot.Clear()
}

// Write writes to standard error as it is, keeping the foot out of the way.
func (t *talk) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.foot.Clear()
	return t.stderr.Write(b)
}

// beside runs a write of data that may share the terminal with the foot.
func (t *talk) beside(write func() error) error {
	if !t.shares {
		return write()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.foot.Clear()
	return write()
}
