package kernel

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// States of a process in the table `scope`.
const (
	scopeArmed  uint32 = 1 // the root before its execve: not seen yet
	scopeInside uint32 = 2
)

// addRoot puts a process that runs into the scope.
func (s *Stream) addRoot(pid uint32) {
	if s.coll.Maps["scope"].Update(pid, scopeInside, ebpf.UpdateNoExist) == nil {
		atomic.AddUint32(&s.control.Scoped, 1)
	}
	s.started = true
}

// Start starts the command as the root of the tree that a plan with
// TreeOfCommand restricts the stream to. Events begin with its execve; the
// stream ends when it and all that it forked have ended. Waiting for the command
// is left to the caller.
func (s *Stream) Start(cmd *exec.Cmd) error {
	if s.control.Tree == 0 {
		return errors.New("start: the plans do not ask for a tree")
	}
	// The first process that Go starts is preceded by one that tries out pidfds.
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		p.Release()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// What is started inherits the reader's priority if this is its thread.
	nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if nice = 20 - nice; err == nil && nice == readerNice {
		unix.Setpriority(unix.PRIO_PROCESS, 0, s.pace.nice)
		defer unix.Setpriority(unix.PRIO_PROCESS, 0, readerNice)
	}
	tid, err := s.threadOutside()
	if err != nil {
		return err
	}
	atomic.StoreUint32(&s.control.ArmTID, tid)
	defer atomic.StoreUint32(&s.control.ArmTID, 0)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	s.mu.Lock()
	s.started = true
	s.mu.Unlock()
	return nil
}

// threadOutside is the number of this thread in the initial pid namespace.
func (s *Stream) threadOutside() (uint32, error) {
	ret, err := s.coll.Programs["thread"].Run(&ebpf.RunOptions{})
	if err != nil {
		return uint32(unix.Gettid()), nil // before 5.10: true unless we are in a container
	}
	return ret, nil
}

// treeEnded reports whether all processes of the tree have ended.
func (s *Stream) treeEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started && !s.stopped && s.control.Tree != 0 && atomic.LoadUint32(&s.control.Scoped) == 0
}
