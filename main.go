// Command bulwark is one program for Linux security; see README.md.
package main

import (
	"os"

	"github.com/bulwark-security/bulwark/cmd"
)

func main() { os.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
