package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// A subject is what traces the worker during a round.
type subject struct {
	name   string
	rounds int                                            // 0: all; slow ones run in few
	only   int                                            // the workload that it is for, -1: all
	attach func(pid int) (detach func() error, err error) // ready when it returns
}

const everyWorkload = -1

// subjects in the order of the table. The first is nothing, the second the floor.
func subjects(bulwark, dir string) []subject {
	list := []subject{
		{"untraced", 0, everyWorkload, func(int) (func() error, error) { return func() error { return nil }, nil }},
		{"empty entry+exit pair (the floor)", 0, everyWorkload, attachFloor},
	}
	for k, w := range workloads {
		list = append(list, subject{"bulwark, tracing it", 0, k, traceWith(bulwark, dir, "--trace", w.filter)})
	}
	return append(list,
		subject{"bulwark, tracing everything", 0, everyWorkload, traceWith(bulwark, dir, "--trace", "s=syscalls")},
		subject{"bulwark, tracing something else", 0, everyWorkload, traceWith(bulwark, dir, "--trace", "e=mount")},
		subject{"strace -f", 1, everyWorkload, attachProgram("strace", nil, "attached", "strace", "-f", "-o", "/dev/null", "-p", "{pid}")},
		subject{"bpftrace printf", 1, everyWorkload, attachProgram("bpftrace", needTracefs, "Attaching", "bpftrace", "-e",
			`tracepoint:raw_syscalls:sys_enter /pid == {pid}/ { printf("%d %s %d %d\n", nsecs, comm, pid, args->id); }`)},
		subject{"perf trace", 1, everyWorkload, attachProgram("perf", needTracefs, "", "perf", "trace", "-o", "/dev/null", "-p", "{pid}")},
	)
}

// attachFloor attaches two programs that do nothing.
func attachFloor(int) (func() error, error) {
	var closers []io.Closer
	for _, point := range []string{"sys_enter", "sys_exit"} {
		p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
			Name: "floor", Type: ebpf.Tracing, AttachType: ebpf.AttachTraceRawTp, AttachTo: point, License: "GPL",
			Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
		})
		if err != nil {
			return nil, fmt.Errorf("floor: %w", err)
		}
		l, err := link.AttachTracing(link.TracingOptions{Program: p})
		if err != nil {
			return nil, fmt.Errorf("floor: %w", err)
		}
		closers = append(closers, l, p)
	}
	return func() error {
		for _, c := range closers {
			if err := c.Close(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// traceWith runs bulwark trace. It fails when an event was lost: a full ring
// looks fast.
func traceWith(bulwark, dir string, filter ...string) func(int) (func() error, error) {
	return func(int) (func() error, error) {
		stats := filepath.Join(dir, "stats.json")
		args := append([]string{"trace", "--output", "none", "--stats", stats}, filter...)
		p, err := startProgram("ready", bulwark, args...)
		if err != nil {
			return nil, err
		}
		return func() error {
			if err := p.interrupt(); err != nil {
				return err
			}
			b, err := os.ReadFile(stats)
			if err != nil {
				return err
			}
			var account struct{ Generated, Delivered, Lost uint64 }
			if err := json.Unmarshal(b, &account); err != nil {
				return err
			}
			if account.Lost > 0 {
				return fmt.Errorf("bulwark lost %d of %d events: the figures would be too good", account.Lost, account.Generated)
			}
			return nil
		}, nil
	}
}

// errAbsent says why a subject has no figures.
type errAbsent struct{ why string }

func (e errAbsent) Error() string { return e.why }

// attachProgram runs a tracer of the host.
func attachProgram(name string, need func() error, ready string, words ...string) func(int) (func() error, error) {
	return func(pid int) (func() error, error) {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, errAbsent{"not installed"}
		}
		if need != nil {
			if err := need(); err != nil {
				return nil, errAbsent{err.Error()}
			}
		}
		args := make([]string, len(words)-1)
		for i, w := range words[1:] {
			args[i] = strings.ReplaceAll(w, "{pid}", fmt.Sprint(pid))
		}
		p, err := startProgram(ready, path, args...)
		if err != nil {
			return nil, errAbsent{err.Error()}
		}
		return p.interrupt, nil
	}
}

// needTracefs mounts what classic tracepoints need, for good: it is harmless.
func needTracefs() error {
	const dir = "/sys/kernel/tracing"
	if _, err := os.Stat(dir + "/events"); err == nil {
		return nil
	}
	if err := syscall.Mount("tracefs", dir, "tracefs", 0, ""); err != nil {
		return fmt.Errorf("this kernel has no tracefs: %w", err)
	}
	return nil
}

// A process of another program.
type process struct {
	cmd    *exec.Cmd
	stderr said
	ended  chan struct{}
}

// said keeps what was said and tells when a word was among it.
type said struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	word  string
	heard chan struct{}
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		return len(b), nil // what it prints about its work is not kept
	}
	s.buf.Write(b)
	if strings.Contains(s.buf.String(), s.word) {
		close(s.heard)
		s.heard = nil
	}
	return len(b), nil
}

// startProgram starts it and waits until it says the word, on standard output
// or error; without a word for a second.
func startProgram(word, path string, args ...string) (*process, error) {
	heard := make(chan struct{})
	p := &process{cmd: exec.Command(path, args...), stderr: said{word: word, heard: heard}, ended: make(chan struct{})}
	p.cmd.Stderr, p.cmd.Stdout = &p.stderr, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	limit := 30 * time.Second
	if word == "" {
		limit = time.Second
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	select {
	case <-heard:
		time.Sleep(50 * time.Millisecond) // until the last hook is in place
	case <-p.ended:
		return nil, fmt.Errorf("%s: %s", filepath.Base(path), firstLine(p.stderr.buf.String()))
	case <-time.After(limit):
		if word != "" {
			_ = p.cmd.Process.Kill()
			return nil, fmt.Errorf("%s does not get ready: %s", filepath.Base(path), firstLine(p.stderr.buf.String()))
		}
	}
	return p, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// interrupt ends it as Ctrl-C does.
func (p *process) interrupt() error {
	_ = p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.ended:
		return nil
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s does not end", p.cmd.Path)
	}
}
