package cmd

import (
	"errors"
	"io"
	"os"
)

// files are the files that a run writes, if it asked for some.
type files struct {
	out, errs, stats  *target
	outFile, errsFile *os.File
	same              bool // both name one file
}

func (f *files) any() bool { return f.out != nil || f.errs != nil }

// prepare checks the paths; "" means standard output or error, or no account.
func (f *files) prepare(out, errs, stats string) (err error) {
	defer func() {
		if err != nil {
			f.undo()
		}
	}()
	if out != "" {
		if f.out, err = prepare("--output out-file:", out); err != nil {
			return err
		}
	}
	f.same = out == errs
	if errs != "" && !f.same {
		if f.errs, err = prepare("--output err-file:", errs); err != nil {
			return err
		}
	}
	if stats != "" {
		f.stats, err = prepare("--stats ", stats)
	}
	return err
}

// undo removes what prepare made, when the run does not start.
func (f *files) undo() {
	f.out.undo()
	f.errs.undo()
	f.stats.undo()
}

// open opens the files. A stream that has none is standard output, or nil for
// errors.
func (f *files) open(env *Env) (out, errs io.Writer, err error) {
	out = env.Stdout
	if f.out != nil {
		if f.outFile, err = f.out.open(); err != nil {
			return nil, nil, err
		}
		out = f.outFile
		if f.same {
			errs = f.outFile
		}
	}
	if f.errs != nil {
		if f.errsFile, err = f.errs.open(); err != nil {
			return nil, nil, err
		}
		errs = f.errsFile
	}
	return out, errs, nil
}

// reopen opens what stands at the paths now, after a rotation, and lets go of
// what was written to before. A path that fails keeps its old file.
func (f *files) reopen(out *sink, errs *stream) error {
	var failed []error
	renew := func(t *target, file **os.File, replace func(*os.File)) {
		if t == nil {
			return
		}
		fresh, err := t.reopen()
		if err != nil {
			failed = append(failed, err)
			return
		}
		replace(fresh)
		_ = (*file).Close() // every write to it was checked
		*file = fresh
	}
	renew(f.out, &f.outFile, func(fresh *os.File) {
		out.replace(fresh)
		if f.same {
			errs.replace(fresh)
		}
	})
	renew(f.errs, &f.errsFile, func(fresh *os.File) { errs.replace(fresh) })
	return errors.Join(failed...)
}

// close closes the files: some file systems tell only now that the disk is full.
func (f *files) close() error {
	var failed []error
	for _, file := range []*os.File{f.outFile, f.errsFile} {
		if file == nil {
			continue
		}
		if err := file.Close(); err != nil {
			failed = append(failed, broken("", "%s: %w", file.Name(), reason(err)))
		}
	}
	return errors.Join(failed...)
}
