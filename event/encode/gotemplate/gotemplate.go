// Package gotemplate prints events through a text/template of the user's:
//
//	config, err := encode.ParseOutput([]string{"gotemplate=/etc/my.tmpl"})
//	p, err := gotemplate.New(config, encode.Env{})
//	out, err = p.Append(out, &e)
//
// The template is executed once per event, on Data. Nothing is added, no newline
// either: end the template with one. The functions of sprig (Masterminds/sprig
// v3) can be called, except getHostByName, which would ask the network. A template that does not parse is an error of New; one that fails on an event is
// an error of Append, and leaves no half of an event behind.
//
// It is apart from package encode so that nobody else loads sprig.
package gotemplate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/event/dictionary"
	"github.com/bulwark-security/bulwark/event/encode"
)

// Data is what a template sees: the fields of Tracee's record, promoted from
// encode.Record, and what bulwark knows beside.
//
//	{{.EventName}} {{.Object "path"}} {{with .Process}}{{.Exe}}{{end}}
type Data struct {
	*encode.Record
	Time      time.Time // wall time, UTC
	CPU       int
	CgroupID  uint64
	Process   *event.Process   // nil when it is not known
	Container *event.Container // nil on the host
	event     *event.Event
	v         *event.Value
}

// Object is a fact of what the kernel really reached, as text: the names are
// those of event.object.NAME in filters. It is empty where there is none.
func (d Data) Object(name string) (string, error) {
	f, ok := event.FieldByName(name)
	if !ok {
		return "", fmt.Errorf("no field %q of the object: there are %s", name, strings.Join(event.Fields(), ", "))
	}
	if d.event == nil || !d.event.Object(f, d.v) {
		return "", nil
	}
	return string(d.event.AppendObject(nil, f, d.v, event.ModeAll)), nil
}

// Arg is the value of an argument by its name, as text; empty where the event
// does not carry it.
func (d Data) Arg(name string) string {
	if d.event == nil || d.event.Info() == nil {
		return ""
	}
	i := d.event.Info().ArgIndex(name)
	if i < 0 || !d.event.Arg(i, d.v) {
		return ""
	}
	return string(d.event.AppendText(nil, i, d.v, event.ModeAll))
}

// Errno is the name of the error that a system call returned, or empty.
func (d Data) Errno() string {
	if d.event == nil || d.event.Ret >= 0 || d.event.Ret < -4095 || d.event.Info() == nil || d.event.Info().Kind != dictionary.Syscall {
		return ""
	}
	return dictionary.Errno(int(-d.event.Ret))
}

// A printer executes a template.
type printer struct {
	config   encode.Config
	env      encode.Env
	recorder *encode.Recorder
	template *template.Template
	v        event.Value
	buf      bytes.Buffer
}

// New reads the template that the configuration names.
func New(c encode.Config, env encode.Env) (encode.Printer, error) {
	text, err := os.ReadFile(c.Template)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return Parse(filepath.Base(c.Template), string(text), c, env)
}

// Parse makes a printer of a template's text.
func Parse(name, text string, c encode.Config, env encode.Env) (encode.Printer, error) {
	t, err := template.New(name).Funcs(functions()).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	return &printer{config: c, env: env, recorder: encode.NewRecorder(c, env), template: t}, nil
}

// functions are sprig's, without the one that makes every event a question to
// the network.
func functions() template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "getHostByName")
	return f
}

func (p *printer) Begin(dst []byte) []byte { return dst }

func (p *printer) Append(dst []byte, e *event.Event) ([]byte, error) {
	d := Data{
		Record: p.recorder.Record(e), Time: time.Unix(0, p.env.Offset+int64(e.Time)).UTC(), CPU: int(e.CPU),
		CgroupID: e.Cgroup, Process: e.Process, Container: e.Container, event: e, v: &p.v,
	}
	return p.execute(dst, d)
}

func (p *printer) execute(dst []byte, d Data) ([]byte, error) {
	p.buf.Reset()
	if err := p.template.Execute(&p.buf, d); err != nil {
		return dst, fmt.Errorf("print %s: %w", d.EventName, err)
	}
	return append(dst, p.buf.Bytes()...), nil
}

// Gap writes nothing: what stands in the output is the template's business.
func (p *printer) Gap(dst []byte, _ encode.Gap) []byte { return dst }

// End executes the template once more for option eot. A template that fails on
// the record without arguments has nothing to say at the end.
func (p *printer) End(dst []byte, _ encode.Stats) []byte {
	if p.config.EOT {
		dst, _ = p.execute(dst, Data{Record: encode.End(), v: &p.v})
	}
	return dst
}

func (p *printer) Error(dst []byte, err error) []byte { return encode.AppendError(dst, err) }
