package cmd

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// fullBuffer is from which on a sink writes without being told.
const fullBuffer = 64 << 10

// A sink writes records, each of them whole: they are gathered and go out at a
// boundary; what a failed write left of a record in a file is taken back. One
// goroutine writes; reopen may be called from another.
type sink struct {
	mu     sync.Mutex
	name   string // for messages
	stream io.Writer
	file   *os.File // the stream, when it is a regular file
	around func(write func() error) error
	buf    []byte
	ends   []int // of the records in buf
	failed error // the first failure: nothing is written after it
}

// newSink makes the sink of a stream. around is called with each write.
func newSink(name string, stream io.Writer, around func(func() error) error) *sink {
	s := &sink{name: name, around: around}
	s.set(stream)
	return s
}

func (s *sink) set(stream io.Writer) {
	s.stream, s.file = stream, nil
	if f, ok := stream.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			s.file = f
		}
	}
}

// ended says that a whole record was appended to buf.
func (s *sink) ended() {
	if n := len(s.buf); n > 0 && (len(s.ends) == 0 || s.ends[len(s.ends)-1] < n) {
		s.ends = append(s.ends, n)
	}
}

// full says that it is time to flush.
func (s *sink) full() bool { return len(s.buf) >= fullBuffer }

// flush writes what was put.
func (s *sink) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.buf) == 0 || s.failed != nil {
		return s.failed
	}
	s.failed = s.around(s.write)
	s.buf, s.ends = s.buf[:0], s.ends[:0]
	return s.failed
}

func (s *sink) write() error {
	n, err := s.stream.Write(s.buf)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		s.takeBack(n)
		return broken("free some room, or write elsewhere with --output out-file:PATH",
			"%s: the disk is full: what is there is whole up to the last record", s.name)
	default:
		s.takeBack(n)
		return broken("", "%s: %w", s.name, err)
	}
}

// takeBack cuts the file behind the last whole record of a write that ended
// after n bytes.
func (s *sink) takeBack(n int) {
	whole := 0
	for _, end := range s.ends {
		if end <= n {
			whole = end
		}
	}
	if s.file == nil || n == whole {
		return
	}
	if at, err := s.file.Seek(0, io.SeekCurrent); err == nil {
		_ = s.file.Truncate(at - int64(n-whole)) // the error that is reported is that of the write
	}
}

// replace makes another stream the target, between two records.
func (s *sink) replace(stream io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(stream)
}

// target is the stream that is written to now.
func (s *sink) target() io.Writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream
}

// A stream is a writer that can be exchanged while others write to it.
type stream struct {
	mu sync.Mutex
	to io.Writer
}

func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}

func (s *stream) replace(to io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
}

// reason is an error without the words that its caller says better.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// hungUp reports whether the reader of a pipe is gone. A trace whose events are
// rare would notice it only at the next one.
func hungUp(stream io.Writer) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	fds := []unix.PollFd{{Fd: int32(f.Fd())}} // no events asked for: errors are always told
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLERR != 0
}
