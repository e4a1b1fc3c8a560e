package kernel

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls and the few structures of io_uring that a NOP needs.
const (
	sysURingSetup = 425
	sysURingEnter = 426
	ringOffSQ     = 0
	ringOffSQEs   = 0x10000000
)

type uringParams struct {
	sqEntries, cqEntries, flags, cpu, idle, features, wq uint32
	_                                                    [3]uint32
	sqHead, sqTail, sqMask, sqSize, sqFlags, sqDropped   uint32
	sqArray, _                                           uint32
	_                                                    uint64
	_                                                    [10]uint32
}

func setupURing(p *uringParams) (int, error) {
	fd, _, errno := unix.Syscall(sysURingSetup, 1, uintptr(unsafe.Pointer(p)), 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

func needsURing() string {
	var p uringParams
	fd, err := setupURing(&p)
	if err != nil {
		return "io_uring_setup: " + err.Error()
	}
	unix.Close(fd)
	return ""
}

func submitNop(t *testing.T, dir string) {
	var p uringParams
	fd, err := setupURing(&p)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	sq, err := unix.Mmap(fd, ringOffSQ, int(p.sqArray+4*p.sqEntries), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(sq)
	entries, err := unix.Mmap(fd, ringOffSQEs, 64, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(entries)
	*(*uint64)(unsafe.Pointer(&entries[32])) = 4711 // user_data; opcode 0 is NOP
	*(*uint32)(unsafe.Pointer(&sq[p.sqTail]))++
	if n, _, errno := unix.Syscall6(sysURingEnter, uintptr(fd), 1, 0, 0, 0, 0); n != 1 {
		t.Fatalf("io_uring_enter: %d requests taken: %v", n, errno)
	}
}
