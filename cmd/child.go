package cmd

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/bulwark-security/bulwark/sensor"
)

// patience is how long a command that was asked to end may take.
const patience = 2 * time.Second

// child is the command of trace -- COMMAND.
type child struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error         // of Wait, once it has
	late  int           // seconds for which the tree has outlived it
}

// newChild finds the command. What it prints goes to standard error where its
// standard output would mix with the events.
func newChild(env *Env, words []string, mixes bool) (*child, error) {
	path, err := exec.LookPath(words[0])
	if err != nil {
		var e *exec.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, usage("", "%s: %w", words[0], err)
	}
	c := &child{name: words[0], cmd: exec.Command(path, words[1:]...), ended: make(chan struct{})}
	c.cmd.Args[0] = words[0]
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = env.Stdin, env.Stderr, env.Stderr
	if !mixes {
		c.cmd.Stdout = env.Stdout
	}
	return c, nil
}

// start runs the command as the root of the traced tree.
func (c *child) start(stream sensor.Stream) error {
	s, ok := stream.(interface{ Start(*exec.Cmd) error })
	if !ok {
		return errors.New("this sensor cannot start a command")
	}
	if err := s.Start(c.cmd); err != nil {
		return usage("", "%s: %w", c.name, reason(err))
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return nil
}

// second tells, once, of a command that ended before what it started. It is
// called every second.
func (c *child) second(t *talk) {
	select {
	case <-c.ended:
		if c.late++; c.late == 2 {
			t.say("%s %s; what it started still runs, Ctrl-C ends", c.name, c.status())
		}
	default:
	}
}

// finish asks a command that still runs to end, and says how it ended.
func (c *child) finish(t *talk) {
	if c.cmd.Process == nil {
		return // never started
	}
	select {
	case <-c.ended:
	default:
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended just now
		select {
		case <-c.ended:
		case <-time.After(patience):
			t.say("%s still runs, as process %d", c.name, c.cmd.Process.Pid)
			return
		}
	}
	if c.late < 2 {
		t.say("%s %s", c.name, c.status())
	}
}

func (c *child) status() string {
	state := c.cmd.ProcessState
	if state == nil {
		return fmt.Sprintf("ended: %v", c.err)
	}
	w, ok := state.Sys().(syscall.WaitStatus)
	if ok && w.Signaled() {
		core := ""
		if w.CoreDump() {
			core = ", core dumped"
		}
		return fmt.Sprintf("was killed by signal %d (%s)%s", w.Signal(), w.Signal(), core)
	}
	return fmt.Sprintf("exited with status %d", state.ExitCode())
}
