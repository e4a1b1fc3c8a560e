// Package kernel is the sensor of this host: eBPF programs that see system
// calls, the life cycle of processes and what other hooks the kernel offers.
//
//	s := kernel.New(kernel.Options{})
//	stream, err := s.Open(ctx, []filter.Plan{program.Plan()})
//	if err != nil { … }
//	defer stream.Close()
//	var batch sensor.Batch
//	for stream.Next(&batch) == nil { … }
//
// One program at the exit of system calls does most of the work: the saved
// registers still hold the arguments, the strings they point to were read by
// the kernel a moment ago, and the object that was reached stands behind the
// returned descriptor. What is not selected costs one test of a bit. Each CPU
// has a ring of its own, mapped here; an event carries its values and belongs
// to the context (who: pid, uid, names, namespaces, cgroup) that was last
// written to the same ring. Life-cycle events and all that may fire in
// interrupt context come through the lane, one small ring for all CPUs. Nobody
// is woken: the reader polls, less often when nothing happens, and merges all
// rings by time.
//
// Four calls cannot be told at exit: execve, exit, exit_group and rt_sigreturn.
// On kernels since 6.10 other hooks tell of them; before, a program at the entry
// of system calls, attached only when a plan selects one of them. The same source
// is compiled a second time for kernels before 5.17, which lack what the first
// one needs.
package kernel
