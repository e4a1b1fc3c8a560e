package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/internal/require"
)

// documented finds the options of the docker line in docs/how-to/container.md.
func documented(t *testing.T, option string) (values []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/how-to/container.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?s)\ndocker run .*?\n.*?\n.*?\n`).FindString(string(text))
	for _, m := range regexp.MustCompile(`--`+option+`=([\w:]+)`).FindAllStringSubmatch(line, -1) {
		values = append(values, m[1])
	}
	if len(values) == 0 {
		t.Fatalf("no --%s in the docker line of docs/how-to/container.md", option)
	}
	return values
}

// bundle makes a container of the static binary alone, as the Dockerfile does,
// with some capabilities.
func bundle(t *testing.T, capabilities []string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "rootfs", "bulwark"), "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	spec := exec.Command("runc", "spec")
	spec.Dir = dir
	if out, err := spec.CombinedOutput(); err != nil {
		t.Fatalf("runc spec: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	process, linux := config["process"].(map[string]any), config["linux"].(map[string]any)
	process["args"], process["terminal"] = append([]string{"/bulwark"}, args...), false
	process["capabilities"] = map[string]any{"bounding": capabilities, "effective": capabilities, "permitted": capabilities}
	linux["namespaces"] = slices.DeleteFunc(linux["namespaces"].([]any), func(n any) bool { // --pid=host --cgroupns=host
		kind := n.(map[string]any)["type"]
		return kind == "pid" || kind == "cgroup"
	})
	if text, err = json.Marshal(config); err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestContainer(t *testing.T) {
	require.Root(t)
	require.Tool(t, "runc", "runc")
	busy(t)
	var all []string
	for _, c := range documented(t, "cap-add") {
		all = append(all, "CAP_"+c)
	}
	for _, c := range []struct {
		without string
		code    int
		says    string
	}{{"", exitFine, "ready"}, {"CAP_BPF", exitHost, "CAP_BPF"}, {"CAP_PERFMON", exitHost, "CAP_PERFMON"}} {
		some := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == c.without })
		dir := bundle(t, some, "trace", "--trace", "event=openat", "--output", "json", "--count", "1")
		run := exec.Command("runc", "run", "bulwark-test-"+strings.ToLower(filepath.Base(filepath.Dir(dir))))
		run.Dir = dir
		r := finish(t, run)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) || c.code == exitFine && !strings.Contains(r.stdout, `"exe":"/`) {
			t.Errorf("without %q: exit %d, stdout %q, stderr:\n%s", c.without, r.code, r.stdout, r.stderr)
		}
	}
}
