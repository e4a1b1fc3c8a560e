package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// A kernelObject is a program, map or link by its number.
type kernelObject struct {
	kind string // as fdinfo calls its number: prog_id, map_id, link_id
	id   uint32
}

func (o kernelObject) String() string { return fmt.Sprintf("%s %d", o.kind, o.id) }

// kernelObjects are those that a process holds by a descriptor, and the
// programs and maps behind them.
func kernelObjects(t *testing.T, pid int) map[kernelObject]bool {
	t.Helper()
	held := map[kernelObject]bool{}
	infos, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range infos {
		b, _ := os.ReadFile(file)
		for line := range strings.Lines(string(b)) {
			kind, number, ok := strings.Cut(strings.TrimSpace(line), ":")
			id, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
			if ok && err == nil && (kind == "prog_id" || kind == "map_id" || kind == "link_id") {
				held[kernelObject{kind, uint32(id)}] = true
			}
		}
	}
	for o := range held {
		if o.kind == "prog_id" {
			for _, id := range mapsOf(o.id) {
				held[kernelObject{"map_id", id}] = true
			}
		}
	}
	return held
}

func mapsOf(program uint32) []uint32 {
	p, err := ebpf.NewProgramFromID(ebpf.ProgramID(program))
	if err != nil {
		return nil
	}
	defer func() { _ = p.Close() }()
	info, err := p.Info()
	if err != nil {
		return nil
	}
	ids, _ := info.MapIDs()
	out := make([]uint32, len(ids))
	for i, id := range ids {
		out[i] = uint32(id)
	}
	return out
}

// alive are those of the objects that the kernel still has. It frees some of
// them a moment after the last reference is gone.
func alive(held map[kernelObject]bool) []kernelObject {
	var left []kernelObject
	for limit := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left = left[:0]
		for o := range held {
			if o.exists() {
				left = append(left, o)
			}
		}
		if len(left) == 0 || time.Now().After(limit) {
			return left
		}
	}
}

func (o kernelObject) exists() bool {
	var closer interface{ Close() error }
	var err error
	switch o.kind {
	case "prog_id":
		closer, err = ebpf.NewProgramFromID(ebpf.ProgramID(o.id))
	case "map_id":
		closer, err = ebpf.NewMapFromID(ebpf.MapID(o.id))
	case "link_id":
		closer, err = link.NewFromID(link.ID(o.id))
	}
	if err == nil {
		_ = closer.Close()
	}
	return !errors.Is(err, os.ErrNotExist)
}
