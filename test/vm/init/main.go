// Command init is the first process of the test machine: it mounts what a
// program expects of a Linux system, runs the commands of the job file one
// after another, writes their results to the second serial port and turns the
// machine off. It is meant for an initramfs:
//
//	CGO_ENABLED=0 go build -o init ./test/vm/init
//	qemu-system-x86_64 … -append "console=ttyS0 bulwark.port=ttyS1"
//
// Whatever it has to complain about goes to the console, where the harness
// finds it beside the kernel's own words.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/bulwark-security/bulwark/test/vm/guest"
	"golang.org/x/sys/unix"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "init: this program mounts file systems and powers the machine off: it runs as process 1 of a test machine only")
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Println("init:", err)
	}
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {} // process 1 must never return: the kernel would panic
}

func run() error {
	var job guest.Job
	data, err := os.ReadFile(guest.JobPath)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &job); err != nil {
		return fmt.Errorf("%s: %w", guest.JobPath, err)
	}
	prepare(job)
	port, err := openPort()
	if err != nil {
		return err
	}
	runAll(job.Commands, guest.NewWriter(port))
	return nil
}

// openPort opens the tty named on the kernel command line, raw: a terminal
// would turn each line feed into two bytes.
func openPort() (*os.File, error) {
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return nil, err
	}
	name := ""
	for _, word := range strings.Fields(string(cmdline)) {
		if v, ok := strings.CutPrefix(word, guest.PortOption); ok {
			name = v
		}
	}
	if name == "" {
		return nil, fmt.Errorf("no %stty on the kernel command line", guest.PortOption)
	}
	port, err := os.OpenFile("/dev/"+name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	tio, err := unix.IoctlGetTermios(int(port.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("/dev/%s: %w", name, err)
	}
	tio.Iflag, tio.Oflag, tio.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(int(port.Fd()), unix.TCSETS, tio); err != nil {
		return nil, fmt.Errorf("/dev/%s: %w", name, err)
	}
	return port, nil
}
