package vm

import (
	"strings"
	"testing"
)

func TestParseTests(t *testing.T) {
	root := parseTests(strings.Join([]string{
		"\x16=== RUN   TestA",
		"\x16=== RUN   TestA/one",
		"    a_test.go:3: said",
		"--- FAIL: TestA/one (0.00s), says the program under test",
		"\x16=== RUN   TestA/two",
		"\x16=== NAME  TestA",
		"    a_test.go:9: between",
		"\x16--- FAIL: TestA (0.10s)",
		"    \x16--- PASS: TestA/one (0.00s)",
		"\x16    --- SKIP: TestA/two (0.00s)",
		"\x16=== RUN   TestB",
		"panic: no",
	}, "\n"))
	if len(root.below) != 2 {
		t.Fatalf("%d tests at the top, want 2", len(root.below))
	}
	a, b := root.below[0], root.below[1]
	if a.name != "TestA" || a.status != "FAIL" || len(a.below) != 2 || strings.Join(a.log, "|") != "    a_test.go:9: between|    \x16--- PASS: TestA/one (0.00s)" {
		t.Errorf("TestA: %+v", a)
	}
	if one := a.below[0]; one.name != "one" || len(one.log) != 2 {
		t.Errorf("TestA/one: %+v", one)
	}
	if two := a.below[1]; two.name != "two" || two.status != "SKIP" {
		t.Errorf("TestA/two: %+v", two)
	}
	if b.name != "TestB" || b.status != "" || b.log[0] != "panic: no" {
		t.Errorf("TestB: %+v", b)
	}
}
