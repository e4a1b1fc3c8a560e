package vm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// list reads a newc archive back by the layout of the kernel's document, apart
// from the writer.
func list(t *testing.T, b []byte) []string {
	t.Helper()
	var out []string
	for {
		if len(b) < 110 || string(b[:6]) != "070701" {
			t.Fatalf("after %q: no newc header", out)
		}
		field := func(i int) int {
			n, err := strconv.ParseUint(string(b[6+8*i:14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
		mode, size, nameLen := field(1), field(6), field(11)
		name := string(b[110 : 110+nameLen-1])
		data := b[(110+nameLen+3)/4*4:]
		if name == "TRAILER!!!" {
			return out
		}
		out = append(out, fmt.Sprintf("%o %s %s", mode, name, data[:size]))
		b = data[(size+3)/4*4:]
	}
}

func TestInitramfs(t *testing.T) {
	host := filepath.Join(t.TempDir(), "prog")
	if err := os.WriteFile(host, []byte("elf"), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := writeInitramfs(&b, map[string]string{"/a/b/prog": host}, map[string][]byte{"/job.json": []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	got := "\n" + strings.Join(list(t, b.Bytes()), "\n") + "\n"
	for _, want := range []string{"20600 dev/console ", "40755 proc ", "100644 job.json {}", "40755 a \n40755 a/b \n100755 a/b/prog elf"} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Count(got, " dev \n") != 1 {
		t.Errorf("directory dev not listed once: %s", got)
	}
	if _, err := exec.LookPath("cpio"); err == nil {
		cmd := exec.Command("cpio", "-t", "--quiet")
		cmd.Stdin = &b
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "a/b/prog\n") {
			t.Errorf("cpio reads it differently: %v %s", err, out)
		}
	}
}

func TestInitramfsMissingFile(t *testing.T) {
	err := writeInitramfs(&bytes.Buffer{}, map[string]string{"/x": "/nonexistent/x"}, nil)
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/x") {
		t.Errorf("%v", err)
	}
}
