package kernel

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
)

// Objects are the embedded objects of this build, by file name.
func Objects() map[string][]byte {
	return map[string][]byte{objectName: _ProgramBytes, oldObjectName: _OldBytes}
}

// readObject is the embedded object for this kernel: the plain one, or that of
// the same source for kernels before 5.17, which have no bpf_loop.
func readObject() (spec *ebpf.CollectionSpec, old bool, err error) {
	old = errors.Is(features.HaveProgramHelper(ebpf.RawTracepoint, asm.FnLoop), ebpf.ErrNotSupported)
	if !old {
		spec, err = loadProgram()
	} else if spec, err = loadOld(); err == nil && !hasExchange() {
		downgradeAtomics(spec)
	}
	if err != nil {
		return nil, old, fmt.Errorf("sensor: embedded object: %w", err)
	}
	return spec, old, nil
}
