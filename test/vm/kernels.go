package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/bulwark-security/bulwark/internal/require"
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

// Oldest is the oldest cloud kernel of that architecture which Debian's
// archives offer; it is downloaded when it is not in the cache. Without the
// tools for it the test is skipped.
func Oldest(t testing.TB, arch string) Kernel {
	t.Helper()
	return pick(t, arch, func(names []string) string { return names[0] })
}

// Newest is the newest one.
func Newest(t testing.TB, arch string) Kernel {
	t.Helper()
	return pick(t, arch, func(names []string) string { return names[len(names)-1] })
}

// Series is the newest kernel of one series, such as 6, 1: Debian 12's.
func Series(t testing.TB, arch string, version ...int) Kernel {
	t.Helper()
	return pick(t, arch, func(names []string) string {
		found := ""
		for _, name := range names {
			if n := numbers(name); len(n) > len(version) && slices.Equal(n[:len(version)], version) {
				found = name
			}
		}
		return found
	})
}

// pick gets the kernel that choose selects from the offered packages, oldest first.
func pick(t testing.TB, arch string, choose func(names []string) string) Kernel {
	t.Helper()
	require.Tool(t, qemu(arch).Binary, qemu(arch).debian)
	require.Tool(t, "apt-get", "apt")
	require.Tool(t, "dpkg-deb", "dpkg")
	cache, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	asking.Lock()
	defer asking.Unlock()
	var k Kernel
	// Lists that are a day old may name what the archive has dropped since.
	for _, force := range []bool{false, true} {
		if k, err = get(arch, cache, choose, force); err == nil {
			return k
		}
	}
	require.Missing(t, "kernel for %s: %v", arch, err)
	return k
}

// asking lets one test at a time ask apt, and keeps the answers.
var asking = struct {
	sync.Mutex
	answers map[string]answer
}{answers: map[string]answer{}}

type answer struct {
	names []string
	apt   apt
}

func get(arch, cache string, choose func([]string) string, force bool) (Kernel, error) {
	known, ok := asking.answers[arch]
	if !ok || force {
		var err error
		if known, err = offered(arch, cache, force); err != nil {
			return Kernel{}, err
		}
		asking.answers[arch] = known
	}
	pkg := choose(known.names)
	if pkg == "" {
		return Kernel{}, fmt.Errorf("none of %s is of the series that is wanted", strings.Join(known.names, ", "))
	}
	root := filepath.Join(cache, pkg)
	release := strings.TrimPrefix(pkg, imagePrefix)
	if _, err := os.Stat(root); err != nil {
		// Since Debian 14 the image package only depends on the other two.
		packages, err := known.apt.search(regexp.MustCompile("linux-(image|binary|modules)-" + regexp.QuoteMeta(release)))
		if err != nil {
			return Kernel{}, err
		}
		if err := known.apt.unpack(packages, root); err != nil {
			return Kernel{}, err
		}
	}
	return unpacked(arch, release, root)
}

// unpacked finds the kernel below root. Debian 13 moved the modules to /usr,
// 14 the image to the modules.
func unpacked(arch, release, root string) (Kernel, error) {
	k := Kernel{Arch: arch, Release: release, modules: filepath.Join(root, "lib", "modules", release)}
	if _, err := os.Stat(k.modules); err != nil {
		k.modules = filepath.Join(root, "usr", "lib", "modules", release)
	}
	var err error
	for _, k.Image = range []string{filepath.Join(root, "boot", "vmlinuz-"+release), filepath.Join(k.modules, "vmlinuz")} {
		if _, err = os.Stat(k.Image); err == nil {
			return k, nil
		}
	}
	return Kernel{}, fmt.Errorf("package %s%s has no kernel where it is expected: %w", imagePrefix, release, err)
}

const imagePrefix = "linux-image-"

// offered names the kernel packages, oldest first, and who has them: Debian's
// own archives, else the sources of this host, else the cache alone.
func offered(arch, cache string, force bool) (answer, error) {
	pattern := regexp.MustCompile(imagePrefix + `[0-9].*-cloud-` + arch)
	var why error
	for _, a := range []apt{
		{arch: arch, dir: filepath.Join(cache, "suites-"+arch)},
		{arch: arch, dir: filepath.Join(cache, "host-"+arch), host: true},
	} {
		refreshErr := a.refresh(force)
		names, err := a.search(pattern)
		if names = oldestFirst(names); len(names) > 0 {
			return answer{names, a}, nil
		}
		why = errors.Join(why, refreshErr, err)
	}
	var names []string
	paths, _ := filepath.Glob(filepath.Join(cache, imagePrefix+"*-cloud-"+arch))
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	if names = oldestFirst(names); len(names) > 0 {
		return answer{names: names}, nil
	}
	return answer{}, fmt.Errorf("no package linux-image-*-cloud-%s is offered or cached: %w", arch, why)
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
