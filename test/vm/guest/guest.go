// Package guest is the language spoken between the harness on the host and the
// init program inside the virtual machine: a [Job] goes in as a JSON file of
// the initramfs, frames come out of the second serial port, one for each
// command.
//
//	job := guest.Job{Commands: []guest.Command{{Name: "id", Argv: []string{"/bin/id"}}}}
//	…
//	w := guest.NewWriter(port)
//	w.Start("id")
//	w.Result(guest.Result{Name: "id", Stdout: []byte("uid=0\n")})
//	w.Done()
//	…
//	results, progress := guest.Decode(portContents)
//
// Command output may be any bytes, so a frame carries lengths; the @@ lines are
// for the eyes of whoever reads the file after a failure.
package guest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Where the initramfs keeps what init needs.
const (
	JobPath    = "/job.json"
	ModuleDir  = "/modules"
	PortOption = "bulwark.port=" // kernel command line: the tty that takes the frames
)

// Job is what one boot has to do.
type Job struct {
	Commands []Command `json:"commands"`
	Cgroup   string    `json:"cgroup"`  // "v2", "v1" or "hybrid"
	Modules  []string  `json:"modules"` // files to load first, in this order
}

// Command is one program to run inside the machine, as root of the initial
// namespaces unless UID says otherwise.
type Command struct {
	Name     string        `json:"name"` // unique, no white space
	Argv     []string      `json:"argv"`
	Env      []string      `json:"env,omitempty"`
	Dir      string        `json:"dir,omitempty"`
	Stdin    string        `json:"stdin,omitempty"`
	UID      int           `json:"uid,omitempty"`       // also the group id
	DropCaps []int         `json:"drop_caps,omitempty"` // taken from the bounding set: CAP_… numbers
	Timeout  time.Duration `json:"timeout,omitempty"`   // 0: 30 s

	// Background lets the following commands run beside this one. The next
	// command starts when Ready has appeared on stdout or stderr. After the
	// last command it gets SIGINT and its result is collected.
	Background bool   `json:"background,omitempty"`
	Ready      string `json:"ready,omitempty"`
}

// Result is what became of one command.
type Result struct {
	Name     string        `json:"name"`
	Exit     int           `json:"exit"`   // as a shell says it: 128 + number when a signal ended it, 127 when it did not start
	Signal   int           `json:"signal"` // that ended it, or 0
	TimedOut bool          `json:"timed_out"`
	Error    string        `json:"error,omitempty"` // why it did not start or did not become ready
	Elapsed  time.Duration `json:"elapsed"`
	Stdout   []byte        `json:"-"`
	Stderr   []byte        `json:"-"`
}

// DefaultTimeout is what a command gets that asks for nothing. A program runs
// some ten to thirty times slower under TCG than on the host.
const DefaultTimeout = 30 * time.Second

// Limit is the time the command may take.
func (c Command) Limit() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return DefaultTimeout
}

// Check finds what would make the job fail in a way that is hard to read later.
func (j Job) Check() error {
	seen := map[string]bool{}
	for i, c := range j.Commands {
		switch {
		case c.Name == "" || strings.ContainsAny(c.Name, " \t\r\n"):
			return fmt.Errorf("command %d: the name %q is empty or has white space: give it a plain name", i, c.Name)
		case seen[c.Name]:
			return fmt.Errorf("command %d: the name %q is used twice: results are found by name", i, c.Name)
		case len(c.Argv) == 0:
			return fmt.Errorf("command %q: empty argv", c.Name)
		case c.Ready != "" && !c.Background:
			return fmt.Errorf("command %q: Ready is only awaited of a Background command", c.Name)
		}
		seen[c.Name] = true
	}
	switch j.Cgroup {
	case "v1", "v2", "hybrid":
		return nil
	}
	return fmt.Errorf("cgroup layout %q: want v1, v2 or hybrid", j.Cgroup)
}

// A Writer writes frames.
type Writer struct{ w io.Writer }

// NewWriter writes frames to w.
func NewWriter(w io.Writer) Writer { return Writer{w} }

// Start says that a command is about to run: after a hang it names the culprit.
func (w Writer) Start(name string) error {
	_, err := fmt.Fprintf(w.w, "@@START %s\n", name)
	return err
}

// Result writes the frame of one finished command.
func (w Writer) Result(r Result) error {
	end, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "@@BEGIN %s\n", r.Name)
	fmt.Fprintf(&b, "@@STDOUT %d\n%s\n", len(r.Stdout), r.Stdout)
	fmt.Fprintf(&b, "@@STDERR %d\n%s\n", len(r.Stderr), r.Stderr)
	fmt.Fprintf(&b, "@@END %s exit=%d %s\n", r.Name, r.Exit, end)
	_, err = w.w.Write(b.Bytes())
	return err
}

// Done says that the job is over and nothing follows.
func (w Writer) Done() error {
	_, err := io.WriteString(w.w, "@@DONE\n")
	return err
}

// Progress is how far the machine came.
type Progress struct {
	Started []string // commands begun, in order
	Done    bool     // the job ended regularly
}

// Decode reads what a Writer wrote, up to the first frame that is cut short.
func Decode(port []byte) ([]Result, Progress) {
	var (
		results []Result
		p       Progress
		in      = bufio.NewReader(bytes.NewReader(port))
	)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return results, p
		}
		line = strings.TrimSuffix(line, "\n")
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "@@START":
			p.Started = append(p.Started, rest)
		case "@@DONE":
			p.Done = true
		case "@@BEGIN":
			r, err := readResult(in, rest)
			if err != nil {
				return results, p
			}
			results = append(results, r)
		}
	}
}

// readResult reads the rest of a frame after its @@BEGIN line.
func readResult(in *bufio.Reader, name string) (Result, error) {
	var r Result
	stdout, err := readBlock(in, "@@STDOUT %d\n")
	if err != nil {
		return r, err
	}
	stderr, err := readBlock(in, "@@STDERR %d\n")
	if err != nil {
		return r, err
	}
	end, err := in.ReadString('\n')
	if err != nil {
		return r, err
	}
	_, body, ok := strings.Cut(end, "{")
	if !ok {
		return r, fmt.Errorf("frame of %s: no end line", name)
	}
	if err := json.Unmarshal([]byte("{"+body), &r); err != nil {
		return r, err
	}
	r.Stdout, r.Stderr = stdout, stderr
	return r, nil
}

func readBlock(in *bufio.Reader, format string) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	var n int
	if _, err := fmt.Sscanf(line, format, &n); err != nil || n < 0 {
		return nil, fmt.Errorf("block header %q: want %q", line, format)
	}
	block := make([]byte, n+1) // and the line feed after it
	if _, err := io.ReadFull(in, block); err != nil {
		return nil, err
	}
	return block[:n], nil
}
