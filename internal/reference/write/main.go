// Command write writes the reference documents below the module's root, which
// is its argument: go run ./internal/reference/write .
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bulwark-security/bulwark/internal/reference"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: write ROOT")
		os.Exit(2)
	}
	for name, text := range reference.Files() {
		path := filepath.Join(os.Args[1], name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, text, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "write:", err)
			os.Exit(1)
		}
	}
}
