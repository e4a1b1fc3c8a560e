package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/bulwark-security/bulwark/test/vm/guest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// kind is a kind of program: how it is loaded and how attached.
type kind struct {
	name   string
	typ    ebpf.ProgramType
	at     ebpf.AttachType
	flags  uint32
	btf    string // BTF name of its target, * being the target's own name; empty: attached by other means
	attach func(p *ebpf.Program, target string) (link.Link, error)
}

func (k kind) spec(target string, code asm.Instructions) *ebpf.ProgramSpec {
	return &ebpf.ProgramSpec{
		Type: k.typ, AttachType: k.at, AttachTo: target, Flags: k.flags,
		Instructions: code, License: "Dual BSD/GPL",
	}
}

func tracing(p *ebpf.Program, _ string) (link.Link, error) {
	return link.AttachTracing(link.TracingOptions{Program: p})
}

func lsm(p *ebpf.Program, _ string) (link.Link, error) {
	return link.AttachLSM(link.LSMOptions{Program: p})
}

func cgroup(at ebpf.AttachType) func(*ebpf.Program, string) (link.Link, error) {
	return func(p *ebpf.Program, _ string) (link.Link, error) {
		return link.AttachCgroup(link.CgroupOptions{Path: "/sys/fs/cgroup", Attach: at, Program: p})
	}
}

const sleepable = 1 << 4 // BPF_F_SLEEPABLE of <linux/bpf.h>

var kinds = []kind{
	{"raw_tp", ebpf.RawTracepoint, 0, 0, "", func(p *ebpf.Program, target string) (link.Link, error) {
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: target, Program: p})
	}},
	{"tp_btf", ebpf.Tracing, ebpf.AttachTraceRawTp, 0, "btf_trace_*", tracing},
	{"tracepoint", ebpf.TracePoint, 0, 0, "", func(p *ebpf.Program, target string) (link.Link, error) {
		group, name, _ := strings.Cut(target, ":")
		return link.Tracepoint(group, name, p, nil)
	}},
	{"fentry", ebpf.Tracing, ebpf.AttachTraceFEntry, 0, "*", tracing},
	{"fexit", ebpf.Tracing, ebpf.AttachTraceFExit, 0, "*", tracing},
	{"fmod_ret", ebpf.Tracing, ebpf.AttachModifyReturn, 0, "*", tracing},
	{"lsm", ebpf.LSM, ebpf.AttachLSMMac, 0, "bpf_lsm_*", lsm},
	{"lsm.s", ebpf.LSM, ebpf.AttachLSMMac, sleepable, "bpf_lsm_*", lsm},
	{"kprobe", ebpf.Kprobe, 0, 0, "", func(p *ebpf.Program, target string) (link.Link, error) {
		return link.Kprobe(target, p, nil)
	}},
	{"kretprobe", ebpf.Kprobe, 0, 0, "", func(p *ebpf.Program, target string) (link.Link, error) {
		return link.Kretprobe(target, p, nil)
	}},
	{"kprobe.multi", ebpf.Kprobe, ebpf.AttachTraceKprobeMulti, 0, "", func(p *ebpf.Program, target string) (link.Link, error) {
		return link.KprobeMulti(p, link.KprobeMultiOptions{Symbols: []string{target}})
	}},
	{"iter", ebpf.Tracing, ebpf.AttachTraceIter, 0, "bpf_iter_*", func(p *ebpf.Program, _ string) (link.Link, error) {
		return link.AttachIter(link.IterOptions{Program: p})
	}},
	{"cgroup_skb", ebpf.CGroupSKB, ebpf.AttachCGroupInetEgress, 0, "", cgroup(ebpf.AttachCGroupInetEgress)},
	{"cgroup_connect4", ebpf.CGroupSockAddr, ebpf.AttachCGroupInet4Connect, 0, "", cgroup(ebpf.AttachCGroupInet4Connect)},
}

// targets are the hooks tried for each kind.
var targets = map[string][]string{
	"raw_tp":          {"sys_enter", "sys_exit", "sched_process_exec"},
	"tp_btf":          {"sys_enter", "sys_exit", "sched_process_exec", "sched_process_fork", "sched_process_exit"},
	"tracepoint":      {"raw_syscalls:sys_exit", "syscalls:sys_enter_openat", "sched:sched_process_exec"},
	"fentry":          {"security_file_open", "vfs_read"},
	"fexit":           {"security_file_open", "vfs_read"},
	"fmod_ret":        {"security_file_open"},
	"lsm":             {"file_open", "bprm_check_security", "socket_connect", "capable"},
	"lsm.s":           {"file_open"},
	"kprobe":          {"security_file_open", "vfs_read"},
	"kretprobe":       {"security_file_open"},
	"kprobe.multi":    {"security_file_open"},
	"iter":            {"task", "task_file", "bpf_prog"},
	"cgroup_skb":      {"egress"},
	"cgroup_connect4": {"connect"},
}

func tryHooks() []guest.Hook {
	var out []guest.Hook
	for _, k := range kinds {
		for _, target := range targets[k.name] {
			out = append(out, tryHook(k, target))
		}
	}
	return out
}

// tryHook loads a program that counts its runs, attaches and provokes it.
func tryHook(k kind, target string) guest.Hook {
	h := guest.Hook{Name: k.name + "/" + target}
	counter, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		h.Error = err.Error()
		return h
	}
	defer counter.Close()
	prog, err := ebpf.NewProgram(k.spec(target, count(counter, verdict(k))))
	if err != nil {
		h.Error = reason(err)
		return h
	}
	defer prog.Close()
	h.Loaded = true
	l, err := k.attach(prog, target)
	if err != nil {
		h.Error = reason(err)
		return h
	}
	defer l.Close()
	h.Attached = true
	if err := provoke(l); err != nil {
		h.Error = err.Error()
	}
	if err := counter.Lookup(uint32(0), &h.Fired); err != nil {
		h.Error = err.Error()
	}
	return h
}

// verdict is what the program returns to let things pass.
func verdict(k kind) int64 {
	if k.typ == ebpf.CGroupSKB || k.typ == ebpf.CGroupSockAddr {
		return 1
	}
	return 0
}

// count is a program that adds one to the only element of the map.
func count(m *ebpf.Map, result int64) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.AddAtomic.Mem(asm.R0, asm.R1, asm.DWord, 0),
		asm.Mov.Imm(asm.R0, int32(result)).WithSymbol("out"),
		asm.Return(),
	}
}

// provoke does what every hook of the list sees: it opens and reads a file,
// runs and ends a process, asks for a capability, connects and sends. An
// iterator runs when it is read.
func provoke(l link.Link) error {
	if it, ok := l.(*link.Iter); ok {
		r, err := it.Open()
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = io.Copy(io.Discard, r)
		return err
	}
	_, readErr := os.ReadFile("/proc/self/stat")
	child := exec.Command("/proc/self/exe")
	child.Env = []string{childMark + "=1"}
	return errors.Join(readErr, child.Run(), unix.Sethostname([]byte("probe")), provokeNetwork())
}

func provokeNetwork() error {
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer server.Close()
	c, err := net.Dial("udp4", server.LocalAddr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte("x"))
	return err
}
