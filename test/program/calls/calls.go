// Package calls holds programs that together make every system call that can
// be made without harm, most of them once with success and once without.
//
//	for _, p := range calls.Programs() {
//		image, err := tiny.Compile(strings.ReplaceAll(p.Script, "{dir}", dir), dictionary.Host)
//		…
//	}
//
// Each program is a text file here, in the language of test/program/tiny. It
// makes the namespaces that it works in, so it must be started as root, and it
// leaves nothing behind but files in {dir}, which must be empty before.
package calls

import (
	"embed"
	"strings"
)

//go:embed *.txt
var scripts embed.FS

// A Program is one of the scripts.
type Program struct {
	Name   string // file name without its ending, at most 15 letters: the program's comm
	Script string
}

// Programs are all of them, by name.
func Programs() []Program {
	entries, err := scripts.ReadDir(".")
	if err != nil {
		panic(err) // an embedded folder that cannot be read
	}
	programs := make([]Program, 0, len(entries))
	for _, e := range entries {
		b, err := scripts.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		programs = append(programs, Program{Name: strings.TrimSuffix(e.Name(), ".txt"), Script: string(b)})
	}
	return programs
}
