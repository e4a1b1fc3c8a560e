package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bulwark-security/bulwark/test/vm/guest"
	"golang.org/x/sys/unix"
)

// runAll runs the commands in order and reports each as it ends.
func runAll(commands []guest.Command, out guest.Writer) {
	report := func(r guest.Result) { tell("result of "+r.Name, out.Result(r)) }
	var background []*process
	for _, c := range commands {
		tell("start of "+c.Name, out.Start(c.Name))
		p := start(c)
		if !c.Background {
			report(p.wait(c.Limit()))
			continue
		}
		if err := p.awaitReady(c.Ready, c.Limit()); err != nil {
			p.result.Error = err.Error()
			p.signal(unix.SIGKILL)
			report(p.wait(time.Second))
			continue
		}
		background = append(background, p)
	}
	for _, p := range background {
		p.signal(unix.SIGINT)
		report(p.wait(p.command.Limit()))
	}
	tell("end", out.Done())
}

// process is one running command.
type process struct {
	command        guest.Command
	cmd            *exec.Cmd
	stdout, stderr buffer
	begun          time.Time
	ended          chan error // filled once
	result         guest.Result
}

// start starts the command; a failure to start is kept for wait to return.
func start(c guest.Command) *process {
	p := &process{command: c, begun: time.Now(), ended: make(chan error, 1), result: guest.Result{Name: c.Name}}
	p.cmd = exec.Command(c.Argv[0], c.Argv[1:]...)
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir = c.Dir
	if c.Stdin != "" {
		p.cmd.Stdin = strings.NewReader(c.Stdin)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	// A process group of its own, so that a timeout ends its children too.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if c.UID != 0 {
		id := uint32(c.UID)
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id}
	}
	// Children that outlive their parent must not hold wait up by our pipe.
	p.cmd.WaitDelay = 2 * time.Second
	started := make(chan error)
	go func() {
		started <- startWithout(p.cmd, c.DropCaps)
	}()
	if err := <-started; err != nil {
		p.ended <- err
		return p
	}
	go func() { p.ended <- p.cmd.Wait() }()
	return p
}

// startWithout starts cmd from a thread whose bounding set lacks caps. The
// thread is not used again: it ends with its goroutine, being locked to it.
func startWithout(cmd *exec.Cmd, caps []int) error {
	if len(caps) > 0 {
		runtime.LockOSThread()
	}
	for _, c := range caps {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	return cmd.Start()
}

func (p *process) signal(s unix.Signal) {
	if p.cmd.Process != nil {
		unix.Kill(-p.cmd.Process.Pid, s)
	}
}

// wait waits for the end and, past the limit, makes it.
func (p *process) wait(limit time.Duration) guest.Result {
	var err error
	select {
	case err = <-p.ended:
	case <-time.After(limit):
		p.result.TimedOut = true
		p.signal(unix.SIGKILL)
		err = <-p.ended
	}
	p.result.Elapsed = time.Since(p.begun)
	p.result.Stdout, p.result.Stderr = p.stdout.bytes(), p.stderr.bytes()
	p.result.Exit, p.result.Signal = status(err)
	if p.result.Exit == 127 && p.cmd.ProcessState == nil {
		p.result.Error = err.Error()
	}
	return p.result
}

// status is the exit status as a shell would tell it.
func status(err error) (exit, signal int) {
	var failed *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return 0, 0
	case !errors.As(err, &failed):
		return 127, 0
	}
	ws := failed.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return 128 + int(ws.Signal()), int(ws.Signal())
	}
	return ws.ExitStatus(), 0
}

// awaitReady waits until the text has been printed. An empty text is there at once.
func (p *process) awaitReady(text string, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if p.stdout.contains(text) || p.stderr.contains(text) {
			return nil
		}
		select {
		case err := <-p.ended:
			p.ended <- err // for wait
			return fmt.Errorf("ended before it printed %q: %v", text, err)
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("did not print %q within %v", text, limit)
		}
	}
}

// buffer collects output that another goroutine looks at meanwhile.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) contains(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Contains(b.b.Bytes(), []byte(text))
}

func (b *buffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.b.Bytes())
}
