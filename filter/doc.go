// Package filter is one expression language over events: a typed tree, compiled
// into an exact predicate for user space and into the strongest necessary
// condition that a sensor can test in the kernel.
//
//	expr, err := filter.Parse(`uid=0 and (not event=openat or openat.pathname="/etc/"*)`)
//	program, err := expr.Compile(filter.Events)
//	stream, err := s.Open(ctx, []filter.Plan{program.Plan()})
//	if program.Match(&e) { … }
//
// Front ends (filter/tracee, detect/falco) lower their own semantics into the
// tree, so the evaluator has no special cases. Two rules make that possible:
//
//   - A comparison with a value that the event does not carry is false, and so
//     its negation is true. A language where it is otherwise says so with Has.
//   - A comparison is membership in a set: of number ranges, masks, texts, names.
//
// An Expr never changes and may be shared. A Program keeps state (follow, new)
// and scratch memory: it belongs to one goroutine.
package filter
