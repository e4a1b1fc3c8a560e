package main

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// loader asks the verifier directly. ebpf.NewProgram reads the kernel's BTF
// anew for each program with a target, which for the hundreds of questions
// here would take a minute of emulated time.
type loader struct {
	kernel *btf.Spec
	ids    map[string]uint32 // kind → BTF id of what its programs attach to
}

func newLoader() (*loader, error) {
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, err
	}
	l := &loader{kernel: spec, ids: map[string]uint32{}}
	for _, k := range kinds {
		if k.btf != "" {
			l.ids[k.name] = l.target(strings.TrimSuffix(k.btf, "*") + targets[k.name][0])
		}
	}
	return l, nil
}

// target finds the function or, for tp_btf, the typedef of that name; 0: none.
func (l *loader) target(name string) uint32 {
	types, err := l.kernel.AnyTypesByName(name)
	if err != nil {
		return 0
	}
	for _, t := range types {
		switch t.(type) {
		case *btf.Func, *btf.Typedef:
			if id, err := l.kernel.TypeID(t); err == nil {
				return uint32(id)
			}
		}
	}
	return 0
}

// progLoad is the head of union bpf_attr for BPF_PROG_LOAD, <linux/bpf.h>, on
// machines of 64 bits.
type progLoad struct {
	progType, insnCount        uint32
	insns, license             unsafe.Pointer
	logLevel, logSize          uint32
	logBuf                     unsafe.Pointer
	kernVersion, flags         uint32
	name                       [16]byte
	ifindex, attachType, btfFD uint32
	funcInfoRecSize            uint32
	funcInfo                   uint64
	funcInfoCount              uint32
	lineInfoRecSize            uint32
	lineInfo                   uint64
	lineInfoCount              uint32
	attachBTFID                uint32
}

// load has the code verified as that kind of program and lets it go again.
// The log is that of a refusal.
func (l *loader) load(k kind, code asm.Instructions) (ok bool, log string) {
	var insns bytes.Buffer
	if err := code.Marshal(&insns, binary.LittleEndian); err != nil {
		return false, err.Error()
	}
	license := []byte("Dual BSD/GPL\x00")
	buf := make([]byte, 1<<16)
	attr := progLoad{
		progType: uint32(k.typ), attachType: uint32(k.at), flags: k.flags, attachBTFID: l.ids[k.name],
		insnCount: uint32(insns.Len() / asm.InstructionSize), insns: unsafe.Pointer(&insns.Bytes()[0]), license: unsafe.Pointer(&license[0]),
		logLevel: 1, logSize: uint32(len(buf)), logBuf: unsafe.Pointer(&buf[0]),
	}
	fd, errno := uintptr(0), unix.EAGAIN
	// The verifier gives way to signals, and Go's scheduler sends them.
	for errno == unix.EAGAIN {
		fd, _, errno = unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	}
	runtime.KeepAlive(&attr)
	if errno == 0 {
		unix.Close(int(fd))
		return true, ""
	}
	text, _, _ := strings.Cut(string(buf), "\x00")
	return false, errno.Error() + "\n" + text
}
