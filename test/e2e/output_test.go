package e2e

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/internal/require"
	"github.com/bulwark-security/bulwark/test/e2e/subject"
)

// two is a program whose events every form of output prints.
const two = "fd = openat AT_FDCWD \"/dev/null\" O_RDONLY|O_CLOEXEC\nclose $fd\n"

func twoCalls(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "two")
	compileTo(t, file, two)
	return file
}

// printed runs bulwark with these words and returns what it wrote.
func printed(t *testing.T, args ...string) subject.Run {
	t.Helper()
	r := subject.LaunchRaw(t, "", args...).Wait()
	if r.Exit != 0 {
		t.Fatalf("bulwark %s: %s", strings.Join(args, " "), r.Text())
	}
	return r
}

// The table has the nine values of every event in its columns: time, UTS name,
// uid, comm, pid and tid inside and on the host, return value, event, arguments.
func TestOutputTable(t *testing.T) {
	require.Root(t)
	r := printed(t, "trace", "--trace", "e=openat,close", "--", twoCalls(t))
	got := strings.Split(r.Stdout, "\n")
	header := "TIME(s)        UTS_NAME         UID    COMM             PID/host        TID/host        RET              EVENT                ARGS"
	if len(got) < 6 || got[0] != header {
		t.Fatalf("header\n%q\nwant\n%q in\n%s", got[0], header, r.Stdout)
	}
	row := regexp.MustCompile(`^\d+\.\d{6} +\S+ +0 +two +\d+ +/ ?\d+ +\d+ +/ ?\d+ +(\d+) +(openat|close) +(.*)$`)
	for i, want := range []string{"dirfd: -100, pathname: /dev/null, flags: O_RDONLY|O_CLOEXEC, mode: 0", "fd: 3"} {
		if m := row.FindStringSubmatch(got[1+i]); m == nil || m[3] != want {
			t.Errorf("line %q, want arguments %q", got[1+i], want)
		}
	}
	if rest := strings.Join(got[3:], "\n"); !strings.HasPrefix(rest, "\nEnd of events stream\nStats: {eventCounter:2 errorCounter:0 lostEvCounter:0 lostWrCounter:0}\n") {
		t.Errorf("the end is %q", rest)
	}
}

func TestOutputVerbose(t *testing.T) {
	require.Root(t)
	r := printed(t, "trace", "--output", "table-verbose", "--trace", "e=openat", "--", twoCalls(t))
	for _, column := range []string{"TIME(s)", "UTS_NAME", "MNT_NS", "PID_NS", "UID", "COMM", "PID", "TID", "PPID", "RET", "EVENT", "ARGS"} {
		if !strings.Contains(strings.SplitN(r.Stdout, "\n", 2)[0], column) {
			t.Errorf("no column %s in\n%s", column, r.Stdout)
		}
	}
}

// --output json --output option:eot --output out-file:… err-file:…, the last a
// trailing word.
func TestOutputFiles(t *testing.T) {
	require.Root(t)
	dir := t.TempDir()
	out, errs := filepath.Join(dir, "new", "out"), filepath.Join(dir, "new", "err")
	r := printed(t, "trace", "--output", "json", "--output", "option:eot", "--output", "out-file:"+out, "err-file:"+errs, "--trace", "e=openat", "--", twoCalls(t))
	if r.Stdout != "" {
		t.Errorf("written to standard output: %q", r.Stdout)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	events := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(events) != 2 {
		t.Fatalf("%d lines:\n%s", len(events), b)
	}
	last, err := subject.ParseEvent([]byte(events[1]))
	if err != nil || last.EventName != "\u0004" || last.Args != nil {
		t.Errorf("the last record is %s", events[1])
	}
	if _, err := os.Stat(errs); err != nil {
		t.Error(err)
	}
}

// Every line of JSON has Tracee's keys in Tracee's order, then further ones.
func TestOutputJSON(t *testing.T) {
	require.Root(t)
	r := printed(t, "trace", "-o", "json", "-t", "e=openat", "--", twoCalls(t))
	want := []string{"timestamp", "processId", "threadId", "parentProcessId", "hostProcessId", "hostThreadId", "hostParentProcessId", "userId", "mountNamespace",
		"pidNamespace", "processName", "hostName", "eventId", "eventName", "argsNum", "returnValue", "stackAddresses", "args"}
	d := json.NewDecoder(strings.NewReader(r.Stdout))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for _, key := range want {
		k, err := d.Token()
		if err != nil || k != key {
			t.Fatalf("key %v (%v), want %s in\n%s", k, err, key, r.Stdout)
		}
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			t.Fatal(err)
		}
	}
	e, err := subject.ParseEvent([]byte(r.Stdout))
	if err != nil {
		t.Fatal(err)
	}
	if path, _ := e.ObjectField("path"); path != "/dev/null" {
		t.Errorf("object: %s", e.Object)
	}
	var line struct {
		Process struct {
			Exe  string
			Argv []string
			Cwd  string
		}
	}
	if p := &line.Process; json.Unmarshal([]byte(r.Stdout), &line) != nil || !strings.HasSuffix(p.Exe, "/two") || len(p.Argv) != 1 || p.Cwd == "" {
		t.Errorf("process: %+v in %s", line, r.Stdout)
	}
}

func TestOutputTemplate(t *testing.T) {
	require.Root(t)
	file := filepath.Join(t.TempDir(), "my.tmpl")
	text := `{{ .ProcessName | upper }} {{ .EventName }} {{ .ReturnValue }}{{ range .Args }} {{ .Name }}={{ .Value }}{{ end }};`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := printed(t, "trace", "--output", "gotemplate="+file, "--trace", "e=close", "--", twoCalls(t))
	if r.Stdout != "TWO close 0 fd=3;" {
		t.Errorf("printed %q", r.Stdout)
	}
}

func TestOutputGob(t *testing.T) {
	require.Root(t)
	r := printed(t, "trace", "--output", "gob", "--trace", "e=close", "--", twoCalls(t))
	type record struct {
		ProcessName string
		EventName   string
		ReturnValue int
	}
	d := gob.NewDecoder(bytes.NewReader([]byte(r.Stdout)))
	var got []record
	for {
		var e record
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 1 || got[0] != (record{"two", "close", 0}) {
		t.Errorf("read back: %+v", got)
	}
}

func TestOutputSummary(t *testing.T) {
	require.Root(t)
	r := printed(t, "trace", "--summary", "--", twoCalls(t))
	for _, want := range []string{"two", "/dev/null"} {
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("no word about %s in\n%s", want, r.Stdout)
		}
	}
	if strings.Contains(r.Stdout, "TIME(s)") {
		t.Errorf("events are printed too:\n%s", r.Stdout)
	}
	r = printed(t, "trace", "--summary", "--output", "json", "--", twoCalls(t))
	if !json.Valid([]byte(r.Stdout)) {
		t.Errorf("not JSON:\n%s", r.Stdout)
	}
}

// Control bytes of what is traced do not reach the terminal.
func TestOutputEscapes(t *testing.T) {
	require.Root(t)
	file := filepath.Join(t.TempDir(), "escapes")
	compileTo(t, file, `openat AT_FDCWD "/none/\x1b[31m\nforged line\r" O_RDONLY`+"\n")
	r := printed(t, "trace", "--trace", "e=openat", "--", file)
	if strings.ContainsAny(r.Stdout, "\x1b\r") || strings.Contains(r.Stdout, "\nforged") {
		t.Errorf("printed as they are: %q", r.Stdout)
	}
}

// The namespaces of process 1 are an event at the start.
func TestInitNamespaces(t *testing.T) {
	require.Root(t)
	r := subject.RunTrace(t, "--trace", "e=init_namespaces", "--count", "1", "--duration", "10s")
	if len(r.Events) != 1 || r.Events[0].EventName != "init_namespaces" {
		t.Fatalf("events:\n%s\n%s", lines(r.Events), r.Text())
	}
	for _, ns := range []string{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"} {
		got, _ := r.Events[0].Arg(ns)
		link, err := os.Readlink("/proc/1/ns/" + ns)
		if os.IsPermission(err) {
			continue // not even root may look at process 1 everywhere; bulwark need not know it then
		}
		if err != nil {
			t.Fatal(err)
		}
		if link != fmt.Sprintf("%s:[%s]", ns, got) {
			t.Errorf("%s is %s, the event says %s", ns, link, got)
		}
	}
}

// A trace that shows nothing says why.
func TestOutputNothing(t *testing.T) {
	require.Root(t)
	file := filepath.Join(t.TempDir(), "nginx")
	compileTo(t, file, "loop 60 {\nnanosleep {0 50000000} 0\ngetppid\n}\n")
	s := newScene(t, &row{name: "nothing"}, 0)
	a := &actor{program: &program{name: "nginx"}, scene: s, file: file}
	a.start()
	r := printed(t, "trace", "--trace", "comm=ngnix", "--trace", "e=getppid", "--duration", "1s")
	if !strings.Contains(r.Stderr, "comm=ngnix") || !strings.Contains(r.Stderr, "nginx is running") {
		t.Errorf("standard error does not name the term and the nearest value:\n%s", r.Stderr)
	}
}

// The verbs that look at nothing.
func TestOutputList(t *testing.T) {
	if r := printed(t, "list"); !strings.Contains(r.Stdout, "openat") {
		t.Errorf("list:\n%s", r.Stdout)
	}
	if r := printed(t, "list", "openat"); !strings.Contains(r.Stdout, "pathname") {
		t.Errorf("list openat:\n%s", r.Stdout)
	}
	if r := printed(t, "list", "--set", "fs"); !strings.Contains(r.Stdout, "openat") || strings.Contains(r.Stdout, "getppid") {
		t.Errorf("list --set fs:\n%s", r.Stdout)
	}
	if r := printed(t, "list", "--json"); !json.Valid([]byte(r.Stdout)) && !everyLineJSON(r.Stdout) {
		t.Errorf("list --json is not JSON:\n%.300s", r.Stdout)
	}
	if r := printed(t, "trace", "--trace", "help"); !strings.Contains(r.Stdout, "follow") || r.Stderr != "" {
		t.Errorf("--trace help: %s", r.Text())
	}
	if r := printed(t, "trace", "--output", "help"); !strings.Contains(r.Stdout, "out-file") {
		t.Errorf("--output help: %s", r.Text())
	}
	if r := printed(t, "trace", "--explain-filter", "--trace", "openat.pathname=/tmp*", "--trace", "uid>0"); !strings.Contains(r.Stdout, "kernel") {
		t.Errorf("--explain-filter:\n%s", r.Stdout)
	}
}

// Every filter that Tracee's users know from its help, and every example of
// ours, is accepted.
func TestFiltersAreAccepted(t *testing.T) {
	for _, line := range []string{
		"pid=new", "pid=510,1709", "p=510 p=1709", "container=new", "container", "c", "!container", "uid=0", "mntns=4026531840", "pidns!=4026531836",
		"uid>0", "pid>0 pid<1000", "u>0 u!=1000", "event=execve,open", "set=fs", "s=fs e!=open,openat", "uts!=ab356bc4dd554", "comm=ls", "close.fd=5",
		"openat.pathname=/tmp*", "openat.pathname!=/tmp/1,/bin/ls", "comm=bash follow", "uts!=ab356bc4dd554 mntns=4026531840 pidns!=4026531836",
		"openat.pathname=/tmp* uid>0 u!=1000", "not-container", "openat.object.path=/etc/*", "openat.flags=O_RDONLY|O_CLOEXEC", "kill.sig=SIGKILL", "close.retval<0",
	} {
		args := []string{"trace", "--explain-filter"}
		for _, f := range strings.Fields(line) {
			args = append(args, "--trace", f)
		}
		if r := subject.LaunchRaw(t, "", args...).Wait(); r.Exit != 0 || r.Stdout == "" {
			t.Errorf("%s: %s", line, r.Text())
		}
	}
}

func everyLineJSON(text string) bool {
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			return false
		}
	}
	return true
}

func TestOutputDoctor(t *testing.T) {
	require.Root(t)
	if r := printed(t, "doctor"); !strings.Contains(r.Stdout, "BTF") {
		t.Errorf("doctor:\n%s", r.Stdout)
	}
}
