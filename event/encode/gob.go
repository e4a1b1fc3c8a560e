package encode

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"github.com/bulwark-security/bulwark/event"
)

// gobPrinter writes Records as one stream of encoding/gob. A reader that
// registers nothing can decode what 2021 had; map[string]string and
// map[string]uint64 must be registered for addresses that are not decoded and
// for credentials.
type gobPrinter struct {
	recorder *Recorder
	buf      bytes.Buffer
	stream   *gob.Encoder
}

func newGob(c Config, env Env) *gobPrinter {
	gob.Register(map[string]string{})
	gob.Register(map[string]uint64{})
	p := &gobPrinter{recorder: NewRecorder(c, env)}
	p.stream = gob.NewEncoder(&p.buf)
	return p
}

func (p *gobPrinter) Begin(dst []byte) []byte { return dst }

func (p *gobPrinter) Append(dst []byte, e *event.Event) ([]byte, error) {
	return p.append(dst, p.recorder.Record(e))
}

func (p *gobPrinter) append(dst []byte, r *Record) ([]byte, error) {
	p.buf.Reset()
	if err := p.stream.Encode(r); err != nil {
		return dst, fmt.Errorf("print %s as gob: %w", r.EventName, err)
	}
	return append(dst, p.buf.Bytes()...), nil
}

// Gap writes nothing: the stream holds Records alone, and the account counts
// what was lost.
func (p *gobPrinter) Gap(dst []byte, _ Gap) []byte { return dst }

func (p *gobPrinter) End(dst []byte, _ Stats) []byte {
	if p.recorder.config.EOT {
		dst, _ = p.append(dst, End())
	}
	return dst
}

func (p *gobPrinter) Error(dst []byte, err error) []byte { return AppendError(dst, err) }
