package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bulwark-security/bulwark/test/vm/guest"
	"golang.org/x/sys/unix"
)

// prepare brings the machine to where a service manager would hand over. A
// step that fails is told on the console and the rest goes on: the commands
// themselves show whether it mattered.
func prepare(job guest.Job) {
	os.Setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin")
	os.Setenv("HOME", "/root")
	mount("proc", "/proc", "proc", "")
	mount("sysfs", "/sys", "sysfs", "")
	mount("devtmpfs", "/dev", "devtmpfs", "mode=0755")
	mount("devpts", "/dev/pts", "devpts", "")
	mount("tmpfs", "/dev/shm", "tmpfs", "mode=1777")
	mount("tmpfs", "/tmp", "tmpfs", "mode=1777")
	mount("tmpfs", "/run", "tmpfs", "mode=0755")
	mount("securityfs", "/sys/kernel/security", "securityfs", "")
	mount("tracefs", "/sys/kernel/tracing", "tracefs", "")
	mount("debugfs", "/sys/kernel/debug", "debugfs", "")
	mount("bpf", "/sys/fs/bpf", "bpf", "mode=0700")
	mountCgroups(job.Cgroup)
	for _, m := range job.Modules {
		loadModule(filepath.Join(guest.ModuleDir, m))
	}
	tell("hostname", unix.Sethostname([]byte("bulwark-vm")))
	tell("loopback", loopbackUp())
	// Kernel messages must not be dropped when a test provokes many at once.
	tell("printk_ratelimit", os.WriteFile("/proc/sys/kernel/printk_ratelimit", []byte("0"), 0))
}

func mount(source, target, fstype, data string) {
	if err := os.MkdirAll(target, 0o755); err != nil {
		tell("mkdir "+target, err)
		return
	}
	tell("mount "+target, unix.Mount(source, target, fstype, 0, data))
}

// mountCgroups lays out /sys/fs/cgroup as systemd does for each of its three
// modes (systemd, docs/CGROUP_DELEGATION.md, "Three Different Tree Setups").
func mountCgroups(layout string) {
	const root = "/sys/fs/cgroup"
	if layout == "v2" {
		mount("cgroup2", root, "cgroup2", "")
		return
	}
	mount("tmpfs", root, "tmpfs", "mode=0755")
	for _, controller := range []string{"cpu", "memory", "pids", "freezer"} {
		mount("cgroup", root+"/"+controller, "cgroup", controller)
	}
	mount("cgroup", root+"/systemd", "cgroup", "none,name=systemd")
	if layout == "hybrid" {
		mount("cgroup2", root+"/unified", "cgroup2", "")
	}
}

// loadModule loads a module file as it lies in the Debian package: plain, or
// compressed with xz, which a kernel that ships it so unpacks itself.
func loadModule(path string) {
	f, err := os.Open(path)
	if err != nil {
		tell("module", err)
		return
	}
	defer f.Close()
	flags := 0
	if filepath.Ext(path) != ".ko" {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	tell("module "+path, unix.FinitModule(int(f.Fd()), "", flags))
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}

func tell(what string, err error) {
	if err != nil {
		fmt.Printf("init: %s: %v\n", what, err)
	}
}
