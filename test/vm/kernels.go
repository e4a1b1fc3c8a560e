package vm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Kernel is a stock Debian kernel, unpacked in the cache.
type Kernel struct {
	Arch    string // as in GOARCH, which here is also Debian's name: amd64, arm64
	Release string // as uname -r says it: 6.1.0-47-cloud-amd64
	Image   string // vmlinuz
	modules string // lib/modules/RELEASE
}

func (k Kernel) String() string { return k.Release }

// AtLeast compares the version only: 6.12.117+deb12 is at least 6.12.
func (k Kernel) AtLeast(major, minor int) bool {
	n := numbers(k.Release)
	return slices.Compare(n, []int{major, minor}) >= 0
}

// Module finds the file of a module, such as "overlay".
func (k Kernel) Module(name string) (string, error) {
	found := ""
	err := filepath.WalkDir(k.modules, func(path string, _ os.DirEntry, err error) error {
		base := filepath.Base(path)
		if base == name+".ko" || base == name+".ko.xz" {
			found = path
			return filepath.SkipAll
		}
		return err
	})
	if err == nil && found == "" {
		err = fmt.Errorf("kernel %s has no module %q below %s", k.Release, name, k.modules)
	}
	return found, err
}

// Oldest is the oldest cloud kernel of that architecture which the Debian
// archives configured on this host offer; it is downloaded when it is not in
// the cache. Without the tools for it the test is skipped.
func Oldest(t testing.TB, arch string) Kernel {
	t.Helper()
	return pick(t, arch, func(names []string) string { return names[0] })
}

// Newest is the newest one.
func Newest(t testing.TB, arch string) Kernel {
	t.Helper()
	return pick(t, arch, func(names []string) string { return names[len(names)-1] })
}

// pick gets the kernel that choose selects from the offered packages, oldest first.
func pick(t testing.TB, arch string, choose func(names []string) string) Kernel {
	t.Helper()
	need(t, qemu(arch).Binary, qemu(arch).debian)
	need(t, "apt-get", "apt")
	need(t, "dpkg-deb", "dpkg")
	cache, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	a := apt{arch: arch, dir: filepath.Join(cache, "apt-"+arch)}
	var k Kernel
	// Lists that are a day old may name what the archive has dropped since.
	for _, force := range []bool{false, true} {
		if k, err = get(a, cache, choose, force); err == nil {
			return k
		}
	}
	missing(t, "kernel for %s: %v", arch, err)
	return k
}

func get(a apt, cache string, choose func([]string) string, force bool) (Kernel, error) {
	names, err := offered(a, cache, force)
	if err != nil {
		return Kernel{}, err
	}
	pkg := choose(names)
	root := filepath.Join(cache, pkg)
	if _, err := os.Stat(root); err != nil {
		if err := a.unpack(pkg, root); err != nil {
			return Kernel{}, err
		}
	}
	release := strings.TrimPrefix(pkg, imagePrefix)
	k := Kernel{Arch: a.arch, Release: release, Image: filepath.Join(root, "boot", "vmlinuz-"+release)}
	k.modules = filepath.Join(root, "lib", "modules", release)
	if _, err := os.Stat(k.modules); err != nil { // Debian 13 moved it
		k.modules = filepath.Join(root, "usr", "lib", "modules", release)
	}
	if _, err := os.Stat(k.Image); err != nil {
		return Kernel{}, fmt.Errorf("package %s has no kernel where it is expected: %w", pkg, err)
	}
	return k, nil
}

const imagePrefix = "linux-image-"

// offered names the kernel packages, oldest first: those of the archives or,
// when these cannot be reached, those already in the cache.
func offered(a apt, cache string, force bool) ([]string, error) {
	refreshErr := a.refresh(force)
	names, err := a.search("^" + imagePrefix + `[0-9].*-cloud-` + a.arch + "$")
	if err == nil && len(names) == 0 {
		err = refreshErr
	}
	if len(names) == 0 {
		paths, _ := filepath.Glob(filepath.Join(cache, imagePrefix+"*-cloud-"+a.arch))
		for _, p := range paths {
			names = append(names, filepath.Base(p))
		}
	}
	names = oldestFirst(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("no package linux-image-*-cloud-%s is offered or cached: %v", a.arch, err)
	}
	return names, nil
}

// oldestFirst sorts packages by version and leaves out what holds no kernel:
// linux-image-6.12-cloud-amd64 only depends on another.
func oldestFirst(names []string) []string {
	var out []string
	for _, n := range names {
		if len(numbers(n)) > 2 {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if c := slices.Compare(numbers(a), numbers(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}

var versionPart = regexp.MustCompile(`[0-9]+`)

// numbers takes the version apart: 6.1.0-47-cloud-amd64 is 6, 1, 0, 47.
func numbers(release string) []int {
	version, _, _ := strings.Cut(strings.TrimPrefix(release, imagePrefix), "-cloud-")
	var out []int
	for _, s := range versionPart.FindAllString(version, -1) {
		n, _ := strconv.Atoi(s) // only digits
		out = append(out, n)
	}
	return out
}

// cacheDir holds the unpacked kernels between runs.
func cacheDir() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(user, "bulwark", "kernels")
	return dir, os.MkdirAll(dir, 0o755)
}

// need skips the test when a program is missing on this host.
func need(t testing.TB, tool, debian string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		missing(t, "no %s on this host: apt-get install %s", tool, debian)
	}
}

// missing skips the test, or fails it where everything is required to run.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("BULWARK_TEST_REQUIRE") == "all" {
		t.Fatalf("BULWARK_TEST_REQUIRE=all: "+format, args...)
	}
	t.Skipf("skipped: "+format, args...)
}
