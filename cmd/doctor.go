package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulwark-security/bulwark/sensor/kernel"
)

func newDoctor(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [flags]",
		Short: "Say what this host offers, what is lost without each, and the fix",
		Long: "Try what bulwark uses of the kernel, one thing after the other, and say what of it works here,\n" +
			"what is lost where it does not, and what would help. Exits 3 when nothing can be traced.",
		Args: noWords,
		Example: examples(
			"sudo bulwark doctor", "all of it",
			"bulwark doctor", "what you lack without privileges",
			"sudo bulwark doctor --json", "for programs",
		),
		RunE:        func(*cobra.Command, []string) error { return runDoctor(env, asJSON) },
		Annotations: map[string]string{"see": "bulwark list, which says through which hook each event comes"},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// diagnosis is the JSON of the doctor verb.
type diagnosis struct {
	V        int       `json:"v"`
	CanTrace bool      `json:"can_trace"`
	Features []finding `json:"features"`
}

type finding struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Required bool   `json:"required"`
	Found    string `json:"found"`
	Lost     string `json:"lost,omitempty"` // without it
	Fix      string `json:"fix,omitempty"`
}

func runDoctor(env *Env, asJSON bool) error {
	d := diagnosis{V: 1, CanTrace: true}
	var missing []string
	fix := ""
	for _, f := range kernel.Features() {
		row := finding{Name: f.Name, OK: f.OK, Required: f.Required, Found: f.Why}
		if !f.OK {
			row.Lost, row.Fix = f.Lost, f.Fix
			if f.Required {
				d.CanTrace = false
				missing = append(missing, f.Name)
				fix = cmp.Or(fix, f.Fix)
			}
		}
		d.Features = append(d.Features, row)
	}
	var err error
	if asJSON {
		err = printJSON(env.Stdout, d)
	} else {
		_, err = io.WriteString(env.Stdout, d.text())
	}
	if err == nil && !d.CanTrace {
		err = &failure{exitHost, errors.New("this host cannot trace: " + strings.Join(missing, ", ") + " missing"), fix}
	}
	return err
}

func (d diagnosis) text() string {
	width := 0
	for _, f := range d.Features {
		width = max(width, len(f.Name))
	}
	var b strings.Builder
	for _, f := range d.Features {
		mark := "yes"
		switch {
		case !f.OK && f.Required:
			mark = "NO"
		case !f.OK:
			mark = "no"
		}
		fmt.Fprintf(&b, "%-*s  %-3s  %s\n", width, f.Name, mark, f.Found)
		if f.Lost != "" {
			fmt.Fprintf(&b, "%-*s       lost: %s\n", width, "", f.Lost)
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "%-*s       fix:  %s\n", width, "", f.Fix)
		}
	}
	return b.String()
}
