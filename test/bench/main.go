// Command bench measures what bulwark costs and how fast its pipeline is, and
// writes the tables:
//
//	go run ./test/bench                              # as root: to standard output
//	go run ./test/bench -write docs/performance.md   # make bench
//
// Costs are those of a system call in a process that is pinned to one processor.
// What is compared is interleaved: each round attaches every subject once, the
// same bursts run under each, and the fastest burst of all rounds counts. A
// burst of which an event was lost counts for nothing, and fails the run.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

type options struct {
	write   string
	rounds  int
	bulwark string
	stream  string
	only    string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == workerWord {
		work()
		return
	}
	var o options
	flag.StringVar(&o.write, "write", "", "write the tables to this `FILE` of Markdown")
	flag.IntVar(&o.rounds, "rounds", 12, "rounds of all subjects")
	flag.StringVar(&o.bulwark, "bulwark", os.Getenv("BULWARK"), "the program to measure, `PATH`; built when empty")
	flag.StringVar(&o.stream, "stream", "", "the mixed stream, `FILE`; empty: the committed one")
	flag.StringVar(&o.only, "only", "", "cost or pipeline: one of the two")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	var page bytes.Buffer
	page.WriteString(header())
	if o.only != "pipeline" {
		if os.Geteuid() != 0 {
			return fmt.Errorf("needs root, to trace")
		}
		dir, err := os.MkdirTemp("", "bulwark-bench-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if o.bulwark == "" {
			o.bulwark = filepath.Join(dir, "bulwark")
			build := exec.Command("go", "build", "-trimpath", "-o", o.bulwark, "github.com/bulwark-security/bulwark")
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				return fmt.Errorf("building bulwark: %w\n%s", err, out)
			}
		}
		costs, err := measureCosts(o, dir)
		if err != nil {
			return err
		}
		page.WriteString(costs.markdown())
	}
	if o.only != "cost" {
		p, err := measurePipeline(o.stream)
		if err != nil {
			return err
		}
		page.WriteString(p.markdown())
	}
	if o.write == "" {
		_, err := page.WriteTo(os.Stdout)
		return err
	}
	return replace(o.write, page.String())
}

// header says where and when this was measured.
func header() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	return fmt.Sprintf("%s: %s, Linux %s, %d processors, %s.\n\n", time.Now().UTC().Format("2 January 2006"),
		processor(), unix.ByteSliceToString(u.Release[:]), runtime.NumCPU(), runtime.Version())
}

func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return runtime.GOARCH
}

// The tables stand in a page between these lines; what people wrote around
// them stays.
const (
	begin = "<!-- measured: make bench writes from here -->\n"
	end   = "<!-- measured: to here -->\n"
)

// replace puts the tables into the page.
func replace(file, tables string) error {
	page, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		before, after = string(page), ""
		if before == "" {
			before = "# Performance\n\n"
		}
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+tables+end+after), 0o644)
}
