package vm

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Build compiles a Go package of this module into a static binary for the
// architecture and returns its path. The binary stays in the cache, where the
// next build finds that it has nothing to do.
func Build(arch, pkg string) (string, error) { return build(arch, pkg, "build", "pkg") }

// BuildTest does the same with the tests of a package.
func BuildTest(arch, pkg string) (string, error) { return build(arch, pkg, "test", "test", "-c") }

func build(arch, pkg, verb, prefix string, flags ...string) (string, error) {
	buildOne.Lock()
	defer buildOne.Unlock()
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	// One directory for each checkout: two of them may run their tests at once.
	dir := filepath.Join(user, "bulwark", "guest", fmt.Sprintf("%x", sha256.Sum256([]byte(root)))[:12], arch)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	out := filepath.Join(dir, prefix+strings.ReplaceAll(strings.TrimPrefix(pkg, "."), "/", "-"))
	// Symbols are left out: the initramfs is loaded by an emulated processor.
	args := append([]string{verb}, flags...)
	cmd := exec.Command("go", append(args, "-trimpath", "-ldflags=-s -w", "-o", out, pkg)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go %s %s for %s: %w\n%s", verb, pkg, arch, err, msg)
	}
	return out, nil
}

// buildOne keeps parallel tests from writing one binary twice.
var buildOne sync.Mutex

// moduleRoot is the directory of go.mod at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("no go.mod at or above %s", dir)
		}
	}
}
