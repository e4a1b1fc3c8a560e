// Package counter counts system calls with BPF programs of its own, which share
// nothing with bulwark's, so that bulwark's account can be checked:
//
//	c := counter.New(t, counter.Options{Root: "program"}) // the process of that comm, from its exec, and what it forks
//	…
//	n := c.Read()[unix.SYS_OPENAT].Exits
//
// They sit on the raw tracepoints, are assembled here by hand, and know only
// the layout of the kernel that its own type information tells.
package counter

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// numbers is how many system calls are told apart.
const numbers = 512

// The counters of one call lie this far apart.
const (
	entries = iota
	exits
	failures // exits below 0
	zeros    // exits with 0
	kinds
)

// Counts are those of one call.
type Counts struct{ Entries, Exits, Failures, Zeros uint64 }

// Since is what came after an earlier reading.
func (c Counts) Since(e Counts) Counts {
	return Counts{c.Entries - e.Entries, c.Exits - e.Exits, c.Failures - e.Failures, c.Zeros - e.Zeros}
}

// Options choose whose calls are counted. Calls through the 32-bit entry are not.
type Options struct {
	Root   string // the tree of the process that gets this comm by an exec
	Except string // without Root: all processes but those of this comm
}

// Counter is running.
type Counter struct {
	t     testing.TB
	calls *ebpf.Map
}

// New attaches the programs until the test ends.
func New(t testing.TB, o Options) *Counter {
	t.Helper()
	c, err := start(t, o)
	if err != nil {
		t.Fatalf("counter: %v", err)
	}
	return c
}

func start(t testing.TB, o Options) (*Counter, error) {
	calls, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: kinds * numbers})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = calls.Close() })
	tree, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 65536})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = tree.Close() })
	a, err := newAssembler(o, calls, tree)
	if err != nil {
		return nil, err
	}
	programs := map[string]asm.Instructions{"sys_enter": a.enter(), "sys_exit": a.exit()}
	if o.Root != "" {
		programs["sched_process_fork"], programs["sched_process_exec"] = a.fork(), a.exec()
	}
	for point, code := range programs {
		p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "counter", Type: ebpf.RawTracepoint, License: "GPL", Instructions: code})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", point, err)
		}
		t.Cleanup(func() { _ = p.Close() })
		l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: point, Program: p})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", point, err)
		}
		t.Cleanup(func() { _ = l.Close() })
	}
	return &Counter{t: t, calls: calls}, nil
}

// Read is the counts so far, by native number.
func (c *Counter) Read() map[int]Counts {
	c.t.Helper()
	out := map[int]Counts{}
	for n := range numbers {
		var v [kinds]uint64
		for k := range v {
			if err := c.calls.Lookup(uint32(k*numbers+n), &v[k]); err != nil {
				c.t.Fatalf("counter: %v", err)
			}
		}
		if v != [kinds]uint64{} {
			out[n] = Counts{v[entries], v[exits], v[failures], v[zeros]}
		}
	}
	return out
}

// assembler writes the programs. r6 is the tracepoint's arguments throughout.
type assembler struct {
	o                  Options
	calls, tree        *ebpf.Map
	number, tgid       int32 // offsets: the call's number in pt_regs, the process id in task_struct
	compat, compatMask int32 // where a task says that it came by the 32-bit entry
	labels             int
}

func newAssembler(o Options, calls, tree *ebpf.Map) (*assembler, error) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, err
	}
	a := &assembler{o: o, calls: calls, tree: tree}
	number, mask := "orig_ax", int32(2) // TS_COMPAT
	status := []string{"thread_info", "status"}
	if runtime.GOARCH == "arm64" {
		number, mask = "syscallno", 1<<22 // TIF_32BIT
		status = []string{"thread_info", "flags"}
	}
	a.compatMask = mask
	for _, want := range []struct {
		to   *int32
		name string
		path []string
	}{{&a.number, "pt_regs", []string{number}}, {&a.tgid, "task_struct", []string{"tgid"}}, {&a.compat, "task_struct", status}} {
		var s *btf.Struct
		if err := kernel.TypeByName(want.name, &s); err != nil {
			return nil, err
		}
		if *want.to, err = offset(s, want.path); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// offset is where the member lies, in bytes.
func offset(t btf.Type, path []string) (int32, error) {
	s, ok := btf.UnderlyingType(t).(*btf.Struct)
	if !ok {
		return 0, fmt.Errorf("%v is no struct", t)
	}
	for _, m := range s.Members {
		if m.Name != path[0] {
			continue
		}
		at := int32(m.Offset.Bytes())
		if len(path) == 1 {
			return at, nil
		}
		rest, err := offset(m.Type, path[1:])
		return at + rest, err
	}
	return 0, fmt.Errorf("struct %s has no member %s", s.Name, path[0])
}

// begin keeps the arguments and leaves when the current process is not counted.
func (a *assembler) begin() asm.Instructions {
	code := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	code = append(code, a.unlessCompat()...)
	if a.o.Root != "" {
		code = append(code,
			asm.FnGetCurrentPidTgid.Call(),
			asm.RSh.Imm(asm.R0, 32),
			asm.StoreMem(asm.RFP, -4, asm.R0, asm.Word),
		)
		return append(code, a.leaveUnlessInTree()...)
	}
	return append(code, a.compareComm(a.o.Except, asm.JEq)...)
}

// unlessCompat leaves when the task came by the 32-bit entry.
func (a *assembler) unlessCompat() asm.Instructions {
	return append(asm.Instructions{asm.FnGetCurrentTask.Call()}, append(a.read(asm.R0, a.compat),
		asm.LoadMem(asm.R1, asm.RFP, -16, asm.Word),
		asm.And.Imm(asm.R1, a.compatMask),
		asm.JNE.Imm(asm.R1, 0, "out"),
	)...)
}

// read copies eight bytes at an offset from the pointer in a register to fp-16.
func (a *assembler) read(from asm.Register, at int32) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R3, from),
		asm.Add.Imm(asm.R3, at),
		asm.Mov.Reg(asm.R1, asm.RFP),
		asm.Add.Imm(asm.R1, -16),
		asm.Mov.Imm(asm.R2, 8),
		asm.FnProbeReadKernel.Call(),
	}
}

// leaveUnlessInTree looks the process at fp-4 up.
func (a *assembler) leaveUnlessInTree() asm.Instructions {
	return asm.Instructions{
		asm.LoadMapPtr(asm.R1, a.tree.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
	}
}

// compareComm leaves when the comm is (JEq) or is not (JNE) that name.
func (a *assembler) compareComm(name string, leave asm.JumpOp) asm.Instructions {
	var b [16]byte
	copy(b[:15], name)
	code := asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.RFP),
		asm.Add.Imm(asm.R1, -32),
		asm.Mov.Imm(asm.R2, 16),
		asm.FnGetCurrentComm.Call(),
		asm.LoadMem(asm.R1, asm.RFP, -32, asm.DWord),
		asm.LoadImm(asm.R2, int64(binary.LittleEndian.Uint64(b[:])), asm.DWord),
		asm.LoadMem(asm.R3, asm.RFP, -24, asm.DWord),
		asm.LoadImm(asm.R4, int64(binary.LittleEndian.Uint64(b[8:])), asm.DWord),
		asm.Xor.Reg(asm.R1, asm.R2),
		asm.Xor.Reg(asm.R3, asm.R4),
		asm.Or.Reg(asm.R1, asm.R3),
	}
	return append(code, leave.Imm(asm.R1, 0, "out"))
}

// count adds one to a counter of the call whose number is in r7.
func (a *assembler) count(kind int32) asm.Instructions {
	a.labels++
	after := fmt.Sprint("after", a.labels)
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.Add.Imm(asm.R1, kind*numbers),
		asm.StoreMem(asm.RFP, -8, asm.R1, asm.Word),
		asm.LoadMapPtr(asm.R1, a.calls.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -8),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, after),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R1, 0).WithSymbol(after),
	}
}

func out() asm.Instructions {
	return asm.Instructions{asm.Mov.Imm(asm.R0, 0).WithSymbol("out"), asm.Return()}
}

// enter is for sys_enter(regs, number).
func (a *assembler) enter() asm.Instructions {
	code := append(a.begin(),
		asm.LoadMem(asm.R7, asm.R6, 8, asm.DWord),
		asm.JGE.Imm(asm.R7, numbers, "out"),
	)
	return append(append(code, a.count(entries)...), out()...)
}

// exit is for sys_exit(regs, ret).
func (a *assembler) exit() asm.Instructions {
	code := append(a.begin(), asm.LoadMem(asm.R1, asm.R6, 0, asm.DWord))
	code = append(code, a.read(asm.R1, a.number)...)
	code = append(code,
		asm.LoadMem(asm.R7, asm.RFP, -16, asm.Word),
		asm.JGE.Imm(asm.R7, numbers, "out"),
		asm.LoadMem(asm.R8, asm.R6, 8, asm.DWord),
	)
	code = append(code, a.count(exits)...)
	code = append(code, asm.JEq.Imm(asm.R8, 0, "zero"), asm.JSGT.Imm(asm.R8, 0, "out"))
	code = append(code, a.count(failures)...)
	code = append(code, asm.Ja.Label("out"))
	zero := a.count(zeros)
	zero[0] = zero[0].WithSymbol("zero")
	return append(append(code, zero...), out()...)
}

// fork is for sched_process_fork(parent, child): the child of a counted process
// is counted.
func (a *assembler) fork() asm.Instructions {
	code := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1), asm.LoadMem(asm.R1, asm.R6, 0, asm.DWord)}
	code = append(code, a.read(asm.R1, a.tgid)...)
	code = append(code, asm.LoadMem(asm.R1, asm.RFP, -16, asm.Word), asm.StoreMem(asm.RFP, -4, asm.R1, asm.Word))
	code = append(code, a.leaveUnlessInTree()...)
	code = append(code, asm.LoadMem(asm.R1, asm.R6, 8, asm.DWord))
	code = append(code, a.read(asm.R1, a.tgid)...)
	code = append(code, asm.LoadMem(asm.R1, asm.RFP, -16, asm.Word), asm.StoreMem(asm.RFP, -4, asm.R1, asm.Word))
	return append(append(code, a.join()...), out()...)
}

// join adds the process at fp-4 to the tree.
func (a *assembler) join() asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -8, 1, asm.Word),
		asm.LoadMapPtr(asm.R1, a.tree.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, -8),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnMapUpdateElem.Call(),
	}
}

// exec is for sched_process_exec: the process of that comm is the root.
func (a *assembler) exec() asm.Instructions {
	code := append(asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}, a.compareComm(a.o.Root, asm.JNE)...)
	code = append(code, asm.FnGetCurrentPidTgid.Call(), asm.RSh.Imm(asm.R0, 32), asm.StoreMem(asm.RFP, -4, asm.R0, asm.Word))
	return append(append(code, a.join()...), out()...)
}
