package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A target is a file that the command line names to be written. It is made in
// two steps, so that a run that does not start changes nothing: prepare finds out
// that the file can be written, open replaces what was there.
type target struct {
	flag, path string   // as given: "--stats ", its value
	made       []string // files and folders that prepare made, the outermost first
}

// prepare tries to make the folder and the file.
func prepare(flag, path string) (*target, error) {
	t := &target{flag: flag, path: path}
	if err := t.try(); err != nil {
		t.undo()
		return nil, usage("choose a folder that exists or can be made, and that you may write to", "%s%s: %w", flag, path, err)
	}
	return t, nil
}

func (t *target) try() error {
	if err := t.makeFolders(filepath.Dir(t.path)); err != nil {
		return err
	}
	info, err := os.Lstat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err := os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return reason(err)
		}
		t.made = append(t.made, t.path)
		return f.Close()
	case err != nil:
		return reason(err)
	case info.IsDir():
		return errors.New("is a folder")
	case info.Mode().IsRegular():
		f, err := os.OpenFile(t.path, os.O_WRONLY, 0)
		if err != nil {
			return reason(err)
		}
		return f.Close()
	}
	return nil // a pipe, a device, a link: opening it is already using it
}

// makeFolders makes what is missing of a path, and remembers it.
func (t *target) makeFolders(folder string) error {
	var missing []string
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break
		}
		missing = append(missing, at)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := os.Mkdir(missing[i], 0o755); err != nil {
			return fmt.Errorf("cannot make the folder %s: %w", missing[i], reason(err))
		}
		t.made = append(t.made, missing[i])
	}
	return nil
}

// undo removes what prepare made.
func (t *target) undo() {
	if t == nil {
		return
	}
	for i := len(t.made) - 1; i >= 0; i-- {
		_ = os.Remove(t.made[i]) // somebody may have put something there since
	}
	t.made = nil
}

// open starts the file anew: an old one is removed, so that who still reads it
// keeps it. Pipes, devices and links are written to as they are.
func (t *target) open() (*os.File, error) {
	info, err := os.Lstat(t.path)
	if err == nil && info.Mode().IsRegular() {
		err = os.Remove(t.path)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		var f *os.File
		if f, err = t.reopen(); err == nil {
			t.made = nil // it is in use: nothing to undo any more
			return f, nil
		}
	}
	return nil, usage("", "%s%s: %w", t.flag, t.path, reason(err))
}

// reopen opens what is at the path now and appends to it: after a log was
// rotated that is a new file.
func (t *target) reopen() (*os.File, error) {
	return os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
}
