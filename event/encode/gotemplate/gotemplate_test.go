package gotemplate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/event/encode"
)

func openat(t testing.TB) *event.Event {
	info := dictionary.Lookup("openat")
	var b event.Builder
	b.Begin(info.ID, 176751746515000, -2, len(info.Args))
	b.Word(0, 1<<64-100)
	b.Word(2, 0x80000)
	b.Word(3, 0)
	b.Item(1, 0, []byte("/etc/passwd"))
	b.Item(event.TagPath, 0, []byte("passwd\x00etc\x00"))
	e := &event.Event{Arch: dictionary.AMD64, Process: &event.Process{Exe: "/bin/cat"}}
	if !e.SetRaw(b.End()) {
		t.Fatal("the record is not whole")
	}
	e.HostPID, e.PID, e.UID = 23001, 7, 1000
	copy(e.Comm[:], "cat")
	copy(e.UTS[:], "web")
	return e
}

func TestTemplates(t *testing.T) {
	offset := time.Date(2021, 1, 30, 0, 0, 0, 0, time.UTC).UnixNano() - 176751746515000
	for text, want := range map[string]string{
		"{{.Timestamp}} {{.ProcessID}}/{{.HostProcessID}} {{.UserID}} {{.ProcessName}} {{.HostName}}":            "176751.746515 7/23001 1000 cat web",
		"{{.EventID}} {{.EventName}} {{.ArgsNum}} {{.ReturnValue}} {{.StackAddresses}}\n":                        "257 openat 4 -2 []\n",
		"{{range .Args}}{{.Name}}({{.Type}})={{.Value}};{{end}}":                                                 "dirfd(int)=-100;pathname(const char*)=/etc/passwd;flags(int)=O_RDONLY|O_CLOEXEC;mode(mode_t)=0;",
		`{{.EventName | upper | trunc 4}} {{printf "%q" .ProcessName}} {{(index .Args 1).Value | base}}`:         `OPEN "cat" passwd`,
		`{{.Time.Format "2006-01-02"}} {{.Object "path"}} {{.Process.Exe}} {{.Arg "pathname"}} {{.Errno}}`:       "2021-01-30 /etc/passwd /bin/cat /etc/passwd ENOENT",
		`{{with .Container}}{{.Name}}{{else}}host{{end}}{{.Object "remote"}}{{.Arg "nosuch"}}{{toJson .UserID}}`: "host1000",
	} {
		p, err := Parse("test", text, encode.Config{}, encode.Env{Offset: offset})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Append([]byte("before "), openat(t))
		if err != nil || string(got) != "before "+want {
			t.Errorf("%s:\n got %q, %v\nwant %q", text, got, err, "before "+want)
		}
	}
}

func TestTemplateThatFails(t *testing.T) {
	for _, text := range []string{"{{", "{{.EventName | nosuch}}", `{{getHostByName "example.org"}}`} {
		if _, err := Parse("test", text, encode.Config{}, encode.Env{}); err == nil || !strings.HasPrefix(err.Error(), "parse template: ") {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, text := range []string{"half {{.NoSuch}}", "half {{index .Args 99}}", `half {{.Object "nosuch"}}`, "half {{fail \"on purpose\"}}"} {
		p, err := Parse("test", text, encode.Config{}, encode.Env{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := p.Append([]byte("before"), openat(t))
		if err == nil || string(got) != "before" || !strings.HasPrefix(err.Error(), "print openat: ") {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
		if got, err = p.Append(nil, openat(t)); err == nil || len(got) != 0 {
			t.Errorf("%s, again: got %q, %v", text, got, err)
		}
	}
}

func TestTemplateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my.tmpl")
	if _, err := New(encode.Config{Template: path}, encode.Env{}); err == nil || !strings.HasPrefix(err.Error(), "read template: ") {
		t.Errorf("no file: got %v", err)
	}
	if err := os.WriteFile(path, []byte("{{.EventName}}|"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(encode.Config{Template: path, EOT: true}, encode.Env{})
	if err != nil {
		t.Fatal(err)
	}
	out, _ := p.Append(p.Begin(nil), openat(t))
	if got, want := string(p.End(out, encode.Stats{})), "openat|\x04|"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever a record holds, a template that asks for everything ends in text.
func FuzzTemplateData(f *testing.F) {
	e := openat(f)
	f.Add(e.Raw(), "cat", true)
	for _, name := range []string{"execve", "connect", "getpeername", "commit_creds", "magic_write", "mem_prot_alert"} {
		info := dictionary.Lookup(name)
		var b event.Builder
		b.Begin(info.ID, 1, 0, len(info.Args))
		for i, a := range info.Args {
			if a.Class.Word() {
				b.Word(i, 1)
			}
		}
		for i, a := range info.Args {
			if !a.Class.Word() {
				b.Item(uint8(i), 0, []byte("\x02\x00\x01\x02text\x00more\x00"))
			}
		}
		f.Add(append([]byte{}, b.End()...), "x", false)
	}
	const everything = `{{.Timestamp}} {{.ProcessName}} {{.EventName}} {{range .Args}}{{.Name}}={{.Value}} {{$.Arg .Name}} {{end}}` +
		`{{range list "path" "path2" "dir" "dev" "mode" "fstype" "exe" "argv" "local" "remote" "family" "state" "bytes"}}{{$.Object .}} {{end}}` +
		`{{.Time}} {{.Errno}} {{toJson .Args}}`
	var printers []encode.Printer
	for _, c := range []encode.Config{{}, {ParseArguments: true, ExecEnv: true}, {RawArguments: true, StackAddresses: true}} {
		p, err := Parse("everything", everything, c, encode.Env{})
		if err != nil {
			f.Fatal(err)
		}
		printers = append(printers, p)
	}
	f.Fuzz(func(t *testing.T, raw []byte, comm string, arm bool) {
		var e event.Event
		if !e.SetRaw(raw) {
			return
		}
		if arm {
			e.Arch = dictionary.ARM64
		}
		copy(e.Comm[:], comm)
		for _, p := range printers {
			if out, err := p.Append(nil, &e); err != nil || len(out) == 0 {
				t.Errorf("got %q, %v", out, err)
			}
		}
	})
}
