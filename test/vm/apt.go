package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// apt asks Debian's archives for packages of one architecture. It keeps
// sources, lists, status and cache in a directory of its own, so that neither
// root nor `dpkg --add-architecture` is needed and the host's packages stay as
// they are.
type apt struct {
	arch string // Debian's name: amd64, arm64
	dir  string
	host bool // ask the sources of /etc/apt instead
}

// suites are the releases of Debian whose kernels are asked for, whatever this
// host runs. One that the mirror has dropped meanwhile is left out silently.
var suites = []string{"bullseye", "bookworm", "trixie", "sid"}

// Where the suites lie and what their signatures are checked with.
const (
	mirror  = "http://deb.debian.org/debian"
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

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
	if !a.host {
		options = append(options, "Dir::Etc::sourcelist="+a.sources(), "Dir::Etc::sourceparts=/dev/null")
	}
	var all []string
	for _, o := range options {
		all = append(all, "-o", o)
	}
	return exec.Command(tool, append(all, args...)...)
}

func (a apt) sources() string { return filepath.Join(a.dir, "sources.list") }

func (a apt) writeSources() error {
	var b strings.Builder
	for _, suite := range suites {
		fmt.Fprintf(&b, "deb [signed-by=%s] %s %s main\n", keyring, mirror, suite)
	}
	return os.WriteFile(a.sources(), []byte(b.String()), 0o644)
}

var anyImage = regexp.MustCompile(`linux-image-.*`)

// refresh fetches the package lists unless they are younger than listsAge.
// A source that fails is no error while another one has answered.
func (a apt) refresh(force bool) error {
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := a.writeSources(); err != nil {
		return err
	}
	stamp := filepath.Join(a.dir, "status") // empty: nothing is installed; its time says when lists were fetched
	if info, err := os.Stat(stamp); err == nil && !force && time.Since(info.ModTime()) < listsAge {
		return nil
	}
	if err := os.WriteFile(stamp, nil, 0o644); err != nil {
		return err
	}
	out, err := a.command("apt-get", "update").CombinedOutput()
	names, searchErr := a.search(anyImage)
	if len(names) > 0 {
		return nil
	}
	os.Remove(stamp) // ask again next time
	if err == nil {
		err = searchErr
	}
	return fmt.Errorf("apt-get update for %s left no kernel packages (%v): is there a network, and %s?\n%s", a.arch, err, keyring, tail(out, 800))
}

// search returns the names of packages that match the pattern.
func (a apt) search(pattern *regexp.Regexp) ([]string, error) {
	prefix, _ := pattern.LiteralPrefix()
	out, err := a.command("apt-cache", "pkgnames", prefix).Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache pkgnames: %w", err)
	}
	var names []string
	for _, name := range strings.Fields(string(out)) {
		if pattern.FindString(name) == name {
			names = append(names, name)
		}
	}
	return names, nil
}

// unpack downloads packages and unpacks them into dir, which appears only when
// it is whole.
func (a apt) unpack(packages []string, dir string) error {
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	get := a.command("apt-get", append([]string{"download"}, packages...)...)
	get.Dir = tmp
	if out, err := get.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get download %s: %w\n%s", strings.Join(packages, " "), err, tail(out, 800))
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil || len(debs) != len(packages) {
		return fmt.Errorf("apt-get download %s left %q", strings.Join(packages, " "), debs)
	}
	for _, deb := range debs {
		if out, err := exec.Command("dpkg-deb", "-x", deb, filepath.Join(tmp, "root")).CombinedOutput(); err != nil {
			return fmt.Errorf("dpkg-deb -x %s: %w\n%s", deb, err, tail(out, 800))
		}
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
