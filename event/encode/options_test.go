package encode

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/internal/corpora"
)

// A canon is how the corpus writes a Config.
type canon struct {
	Format         string `json:"format"`
	OutFile        string `json:"out_file"`
	ErrFile        string `json:"err_file"`
	EOT            bool   `json:"eot"`
	StackAddresses bool   `json:"stack_addresses"`
	DetectSyscall  bool   `json:"detect_syscall"`
	ExecEnv        bool   `json:"exec_env"`
}

func canonOf(c Config) canon {
	format := string(c.Format)
	if c.Format == GoTemplate {
		format += "=" + c.Template
	}
	return canon{format, c.OutFile, c.ErrFile, c.EOT, c.StackAddresses, c.DetectSyscall, c.ExecEnv}
}

func TestCorpusCLIOutput(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "cli_output.jsonl") {
		var c struct {
			ID     string
			Args   []string
			Expect struct {
				OK     bool
				Reason Reason
				Canon  canon
			}
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		results[c.ID] = func() error {
			got, err := ParseOutput(c.Args)
			var wrong *OptionError
			switch {
			case c.Expect.OK && err != nil:
				return err
			case c.Expect.OK && canonOf(got) != c.Expect.Canon:
				return fmt.Errorf("%q: got %+v, want %+v", c.Args, canonOf(got), c.Expect.Canon)
			case c.Expect.OK:
				return nil
			case c.Expect.Reason == "help" && errors.Is(err, ErrHelp):
				return nil
			case errors.As(err, &wrong) && wrong.Reason == c.Expect.Reason && wrong.Hint != "":
				return nil
			}
			return fmt.Errorf("%q: got error %v, want reason %s", c.Args, err, c.Expect.Reason)
		}()
	}
	corpora.Report(t, "tracee", "cli_output.jsonl", results)
}

func TestParseOutputBeyond2021(t *testing.T) {
	c, err := ParseOutput([]string{"none", "option:exec-hash", "option:raw-arguments", "option:parse-arguments",
		"option:parse-arguments-fds", "option:relative-time"})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Format: None, ExecHash: true, ParseArguments: true, ParseFDs: true, RelativeTime: true}
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestWrongOutputSaysWhatWasMeant(t *testing.T) {
	for value, hint := range map[string]string{
		"jsn":                    "did you mean json?",
		"JSON":                   "did you mean json?",
		"eot":                    "this is an option: --output option:eot",
		"help":                   "only value",
		"option:eot,exec-env":    "--output option:eot --output option:exec-env",
		"option:stacktrace":      "option:stack-addresses",
		"option:detect-sycall":   "option:detect-syscall",
		"option:qqqqqqqqqqq":     "options are eot",
		"outfile:/tmp/x":         "did you mean out-file:/tmp/x?",
		"gotemplate":             "gotemplate=FILE",
		"gotemplate=/a:b":        "format:gotemplate=/a:b",
		"format:xml-of-1999":     "formats are table",
		"err-file:":              "err-file:/tmp/events",
		"protobuf:/some/where/x": "keys are format",
	} {
		_, err := ParseOutput([]string{"json", value})
		var wrong *OptionError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: got error %v, want an OptionError", value, err)
			continue
		}
		if wrong.Value != value || !strings.Contains(wrong.Hint, hint) {
			t.Errorf("%q: got value %q, hint %q; want a hint with %q", value, wrong.Value, wrong.Hint, hint)
		}
	}
}

func TestHelpNamesEverything(t *testing.T) {
	help := Help()
	for _, f := range formats {
		if !strings.Contains(help, "  "+string(f.Format)) {
			t.Errorf("help does not name format %s", f.Format)
		}
	}
	for _, s := range switches {
		if !strings.Contains(help, "  "+s.name) {
			t.Errorf("help does not name option %s", s.name)
		}
	}
	for line := range strings.Lines(help) {
		if len(line) > 101 {
			t.Errorf("line of %d letters: %s", len(line), line)
		}
	}
}
