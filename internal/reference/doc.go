// Package reference writes the reference documents from what they are about:
// commands from the command tree, events from the dictionary.
//
//	go generate ./internal/reference
//
// A test fails while a document is not what would be written.
package reference

//go:generate go run ./write ../..

import (
	"io"
	"time"

	"github.com/bulwark-security/bulwark/cmd"
)

// manDir holds nothing but generated pages.
const manDir = "docs/man/"

// Files are all generated documents, by path below the module's root.
func Files() map[string][]byte {
	root := cmd.New(&cmd.Env{Stdout: io.Discard, Stderr: io.Discard, Now: time.Now, Getenv: func(string) string { return "" }})
	files := map[string][]byte{
		"docs/reference/commands.md": Commands(root),
		"docs/reference/events.md":   Events(),
	}
	for name, text := range Man(root) {
		files[manDir+name] = text
	}
	return files
}
