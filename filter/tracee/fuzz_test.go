package tracee

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/filter"
)

// FuzzParse: whatever is given is refused with a place inside it, or becomes a
// program whose text says the same. The seeds are the tables.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(data), " --\n") {
			if exprs, _, ok := strings.Cut(part, "-- want"); ok {
				f.Add(strings.TrimSuffix(exprs, "\n"), len(exprs)%2 == 0)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string, all bool) {
		exprs := strings.Split(text, "\n")
		expr, err := Parse(exprs, Options{All: all, SecurityAlerts: all})
		if err != nil {
			checkError(t, exprs, err)
			return
		}
		program, err := expr.Compile(filter.Events)
		if err != nil {
			t.Fatalf("%q does not compile: %v", exprs, err)
		}
		program.Plan()
		again, err := filter.Parse(expr.String())
		if err != nil {
			t.Fatalf("%q: the text does not parse: %v", exprs, err)
		}
		if again.String() != expr.String() {
			t.Fatalf("%q: the text changes when it is read:\n%s\n%s", exprs, expr, again)
		}
	})
}

func checkError(t *testing.T, exprs []string, err error) {
	var wrong *filter.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("%q: %T is not a filter.Error", exprs, err)
	}
	for _, x := range exprs {
		if x == wrong.Expr && wrong.Offset >= 0 && wrong.Offset <= len(x) && wrong.Msg != "" && wrong.Reason != "" {
			return
		}
	}
	t.Fatalf("%q: the error names no place in them: %+v", exprs, wrong)
}
