package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// apt asks Debian's archives for packages of one architecture. It keeps lists,
// status and cache in a directory of its own, so that neither root nor
// `dpkg --add-architecture` is needed and the host's packages stay as they
// are; the sources are those of /etc/apt.
type apt struct {
	arch string // Debian's name: amd64, arm64
	dir  string
}

// listsAge is how old package lists may be before they are fetched again.
const listsAge = 24 * time.Hour

func (a apt) command(tool string, args ...string) *exec.Cmd {
	options := []string{
		"APT::Architecture=" + a.arch, "APT::Architectures=" + a.arch,
		"Dir::State::lists=" + a.dir + "/lists", "Dir::State::status=" + a.dir + "/status", "Dir::Cache=" + a.dir + "/cache",
		// Only the package indexes are wanted, none of the descriptions.
		"Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		// The user _apt cannot write to a cache below /root.
		"APT::Sandbox::User=root",
	}
	var all []string
	for _, o := range options {
		all = append(all, "-o", o)
	}
	return exec.Command(tool, append(all, args...)...)
}

// refresh fetches the package lists unless they are younger than listsAge.
// A source that fails is no error while another one has answered.
func (a apt) refresh(force bool) error {
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o755); err != nil {
			return err
		}
	}
	stamp := filepath.Join(a.dir, "status") // empty: nothing is installed; its time says when lists were fetched
	if info, err := os.Stat(stamp); err == nil && !force && time.Since(info.ModTime()) < listsAge {
		return nil
	}
	if err := os.WriteFile(stamp, nil, 0o644); err != nil {
		return err
	}
	out, err := a.command("apt-get", "update").CombinedOutput()
	names, searchErr := a.search("^linux-image-")
	if len(names) > 0 {
		return nil
	}
	os.Remove(stamp) // ask again next time
	if err == nil {
		err = searchErr
	}
	return fmt.Errorf("apt-get update for %s left no kernel packages (%v): are there Debian sources in /etc/apt and a network?\n%s", a.arch, err, tail(out, 800))
}

// search returns the names of packages that match the pattern.
func (a apt) search(pattern string) ([]string, error) {
	out, err := a.command("apt-cache", "search", "--names-only", pattern).Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache search: %w", err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if name, _, ok := strings.Cut(line, " "); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// unpack downloads a package and unpacks it into dir, which appears only when
// it is whole.
func (a apt) unpack(pkg, dir string) error {
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	get := a.command("apt-get", "download", pkg)
	get.Dir = tmp
	if out, err := get.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get download %s: %w\n%s", pkg, err, tail(out, 800))
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("apt-get download %s left %q", pkg, debs)
	}
	if out, err := exec.Command("dpkg-deb", "-x", debs[0], filepath.Join(tmp, "root")).CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb -x %s: %w\n%s", debs[0], err, tail(out, 800))
	}
	err = os.Rename(filepath.Join(tmp, "root"), dir)
	if _, there := os.Stat(dir); there == nil {
		return nil // perhaps another process was faster: the contents are the same
	}
	return err
}

func tail(b []byte, n int) []byte {
	b = bytes.TrimSpace(b)
	if len(b) > n {
		return append([]byte("…"), b[len(b)-n:]...)
	}
	return b
}
