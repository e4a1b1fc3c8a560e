// Command selftest is what the tests of the machine run inside it: each verb
// does one thing that the harness promises to handle.
//
//	selftest cat          # copies stdin to stdout
//	selftest serve        # prints "ready" and waits for SIGINT
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	verbs := map[string]func() int{"cat": cat, "serve": serve, "hang": hang, "whoami": whoami, "state": state, "crash": crash, "flood": flood}
	verb, ok := verbs[strings.Join(os.Args[1:], " ")]
	if !ok {
		fmt.Fprintf(os.Stderr, "selftest: no verb %q\n", os.Args[1:])
		os.Exit(2)
	}
	os.Exit(verb())
}

func cat() int {
	io.Copy(os.Stdout, os.Stdin)
	fmt.Fprint(os.Stderr, "copied")
	return 3
}

func serve() int {
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	os.WriteFile("/tmp/served", []byte("by serve"), 0o644)
	fmt.Println("ready")
	<-interrupt
	fmt.Println("interrupted")
	return 0
}

func hang() int {
	fmt.Println("before")
	time.Sleep(time.Hour)
	return 0
}

// whoami prints user and group, directory, environment and capabilities.
func whoami() int {
	dir, _ := os.Getwd()
	fmt.Printf("uid %d gid %d dir %s mark %s\n", os.Getuid(), os.Getgid(), dir, os.Getenv("MARK"))
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "Cap") {
			fmt.Print(line)
		}
	}
	return 0
}

// state prints what init has prepared.
func state() int {
	for _, path := range []string{"/proc/mounts", "/proc/modules", "/proc/sys/kernel/hostname", "/tmp/served", "/note"} {
		b, err := os.ReadFile(path)
		fmt.Printf("== %s %v\n%s\n", path, err, b)
	}
	return 0
}

// crash makes the kernel panic.
func crash() int {
	fd, err := unix.Open("/proc/sysrq-trigger", unix.O_WRONLY, 0)
	if err == nil {
		_, err = unix.Write(fd, []byte("c"))
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// flood prints two megabytes.
func flood() int {
	line := strings.Repeat("x", 127) + "\n"
	fmt.Print(strings.Repeat(line, 2<<20/len(line)))
	return 0
}
