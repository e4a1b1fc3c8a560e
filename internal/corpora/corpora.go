// Package corpora reads cases of the real world in tests. They are kept outside
// the repository, in the folder that BULWARK_CORPORA names:
//
//	results := map[string]error{}
//	for _, line := range corpora.Lines(t, "tracee", "flags_decode.jsonl") { … results[id] = err }
//	corpora.Report(t, "tracee", "flags_decode.jsonl", results)
//
// Without the folder, or without the file, the test is skipped with a line that
// says so.
package corpora

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shown is how many failures a report prints before it only counts.
const shown = 10

// File is the path of a file of a topic. It skips the test when the file is not
// there.
func File(t testing.TB, topic string, name ...string) string {
	t.Helper()
	folder := os.Getenv("BULWARK_CORPORA")
	if folder == "" {
		folder = filepath.Join(root(t), "..", "shared", "corpora")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no corpora at %s: set BULWARK_CORPORA to the folder that holds them", folder)
	}
	path := filepath.Join(append([]string{folder, topic}, name...)...)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("corpus %s/%s is not in %s", topic, filepath.Join(name...), folder)
	}
	return path
}

// Bytes is the whole of a file.
func Bytes(t testing.TB, topic string, name ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(File(t, topic, name...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Lines are the lines of a file that are not empty, each without its newline.
func Lines(t testing.TB, topic string, name ...string) [][]byte {
	t.Helper()
	var lines [][]byte
	for line := range bytes.Lines(Bytes(t, topic, name...)) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// TSV are the rows of a table whose first line names the columns.
func TSV(t testing.TB, topic string, name ...string) []map[string]string {
	t.Helper()
	var head []string
	var rows []map[string]string
	for number, line := range Lines(t, topic, name...) {
		cells := strings.Split(string(line), "\t")
		if number == 0 {
			head = cells
			continue
		}
		if len(cells) > len(head) {
			t.Fatalf("corpus %s/%s: row %d has %d cells, the head %d", topic, filepath.Join(name...), number+1, len(cells), len(head))
		}
		row := map[string]string{}
		for i, cell := range cells {
			row[head[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// Report logs how many cases of a file passed (their error is nil), and fails
// the test with the first of those that did not. No case at all fails too.
func Report(t testing.TB, topic, file string, results map[string]error) {
	t.Helper()
	var wrong []string
	for _, id := range slices.Sorted(maps.Keys(results)) {
		if results[id] != nil {
			wrong = append(wrong, id)
		}
	}
	t.Logf("corpus %s/%s: %d/%d passed", topic, file, len(results)-len(wrong), len(results))
	if len(results) == 0 {
		t.Errorf("corpus %s/%s: no case was tried", topic, file)
	}
	for i, id := range wrong {
		if i == shown {
			t.Errorf("and %d more", len(wrong)-shown)
			break
		}
		t.Errorf("%s: %v", id, results[id])
	}
}

// root is the folder of go.mod above the test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}
