package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bulwark-security/bulwark/sensor/kernel"
)

// versionInfo is the JSON of the version verb.
type versionInfo struct {
	V       int      `json:"v"`
	Version string   `json:"version"`
	Commit  string   `json:"commit,omitempty"`
	Changed bool     `json:"changed,omitempty"` // built from a tree that differs from the commit
	Go      string   `json:"go"`
	System  string   `json:"system"`
	Objects []object `json:"objects"`
}

// object is a compiled kernel program.
type object struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

func newVersion(env *Env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version [flags]",
		Short: "Print the version, and with --json the hashes of the kernel programs",
		Args:  noWords,
		Example: examples(
			"bulwark version", "one line",
			"bulwark version --json", "with the SHA-256 of each compiled kernel program",
		),
		RunE: func(*cobra.Command, []string) error { return printVersion(env.Stdout, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printVersion(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, thisVersion())
	}
	_, err := fmt.Fprintln(w, versionLine())
	return err
}

// versionLine is the version for people.
func versionLine() string {
	v := buildVersion()
	line := "bulwark " + v.Version
	if v.Commit != "" {
		line += " " + v.Commit[:min(12, len(v.Commit))]
	}
	if v.Changed {
		line += " with changes"
	}
	return fmt.Sprintf("%s, %s, %s", line, v.Go, v.System)
}

// thisVersion is the version with the kernel programs.
func thisVersion() versionInfo {
	v := buildVersion()
	objects := kernel.Objects()
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		sum := sha256.Sum256(objects[name])
		v.Objects = append(v.Objects, object{name, len(objects[name]), hex.EncodeToString(sum[:])})
	}
	return v
}

// buildVersion asks the build information that the Go command leaves in the
// binary.
func buildVersion() versionInfo {
	v := versionInfo{V: 1, Version: "unknown", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Changed = s.Value == "true"
		}
	}
	return v
}

// printJSON prints a value as JSON for people and programs: indented.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}
