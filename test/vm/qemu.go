package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bulwark-security/bulwark/test/vm/guest"
)

// emulator is how qemu is called for one architecture.
type emulator struct {
	Binary  string
	debian  string   // the package that holds it
	machine []string // machine, processor and the second serial port
	console string   // tty of the first port
	port    string   // tty of the second
}

func qemu(arch string) emulator {
	if arch == "arm64" {
		return emulator{
			Binary: "qemu-system-aarch64", debian: "qemu-system-arm",
			// The virt machine has one serial port: the second is a PCI card.
			// gic-version=3 as in every cloud; cortex-a72 has no pointer
			// authentication, whose emulation costs half of the speed.
			machine: []string{"-machine", "virt,gic-version=3", "-cpu", "cortex-a72", "-device", "pci-serial,chardev=results"},
			console: "ttyAMA0", port: "ttyS0",
		}
	}
	return emulator{
		Binary: "qemu-system-x86_64", debian: "qemu-system-x86",
		machine: []string{"-machine", "q35", "-cpu", "max", "-serial", "chardev:results"},
		console: "ttyS0", port: "ttyS1",
	}
}

// cmdline is the kernel command line. panic=-1 together with -no-reboot ends
// qemu at once after a panic. The list of security modules is Debian's with
// bpf switched on and without those that exclude AppArmor.
func (m Machine) cmdline() string {
	e := qemu(m.Kernel.Arch)
	words := []string{
		"console=" + e.console, guest.PortOption + e.port, "panic=-1", "loglevel=4", "printk.time=1", "rdinit=/init",
		"lsm=landlock,lockdown,yama,integrity,apparmor,bpf", "apparmor=1",
	}
	if m.Append != "" {
		words = append(words, m.Append)
	}
	return strings.Join(words, " ")
}

// boot runs qemu until the machine has turned itself off.
func (m Machine) boot(dir, initramfs string, limit time.Duration) error {
	e := qemu(m.Kernel.Arch)
	// One thread for all processors: with one each, the emulator now and then
	// runs code that the kernel has just patched away, and the kernel panics.
	args := append([]string{
		"-accel", "tcg,thread=single", "-m", strconv.Itoa(m.Memory), "-smp", strconv.Itoa(m.CPUs),
		"-display", "none", "-nodefaults", "-no-reboot",
		"-chardev", "file,id=console,path=" + filepath.Join(dir, "console"),
		"-chardev", "file,id=results,path=" + filepath.Join(dir, "results"),
		"-kernel", m.Kernel.Image, "-initrd", initramfs, "-append", m.cmdline(),
		"-serial", "chardev:console",
	}, e.machine...)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.Binary, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	// A machine must not outlive a killed test. The signal is tied to the
	// thread that started qemu, which therefore stays.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the machine was still running after %v", limit)
	case err != nil:
		return fmt.Errorf("%s: %w\n%s", e.Binary, err, stderr.String())
	}
	return nil
}

// consoleLog is what the kernel and init said, its end only when it is long.
func consoleLog(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "console"))
	if err != nil {
		return err.Error()
	}
	return string(tail(b, 6000))
}
