package dictionary

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

//go:embed events/*.txt values/*.txt *.txt
var texts embed.FS

// The tables, filled once before anything can ask. The texts are part of the
// program: a mistake in one is a bug, and the package's own tests find it.
var tables = func() *index {
	x, err := load()
	if err != nil {
		panic("dictionary: " + err.Error())
	}
	return x
}()

// load reads all texts. A row of an event is
//
//	NAME [ALIAS]… <tab> ID <tab> SET… <tab> HOOK… <tab> sentence [<tab> ATTRIBUTE…]
//
// and the rows of its arguments follow, indented:
//
//	<tab> NAME <tab> C TYPE <tab> ATTRIBUTE…
//
// The set syscalls is not written: every system call is in it.
func load() (*index, error) {
	x := newIndex()
	if err := eachFile("values", x.valueReader); err != nil {
		return nil, err
	}
	for _, d := range x.decoders {
		d.finish()
	}
	if err := x.structFile(); err != nil {
		return nil, err
	}
	if err := eachFile("events", x.eventReader); err != nil {
		return nil, err
	}
	slices.SortFunc(x.all, func(a, b *Event) int { return int(a.ID) - int(b.ID) })
	for _, e := range x.all {
		if err := x.enter(e); err != nil {
			return nil, err
		}
	}
	x.setNames = slices.Sorted(maps.Keys(x.sets))
	if err := x.facts(); err != nil {
		return nil, err
	}
	return x, x.numbers()
}

// eachFile reads every file of a folder line by line, each with a reader of its
// own, in the order of their names.
func eachFile(folder string, reader func() func(line string) error) error {
	files, err := texts.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := eachLine(folder+"/"+f.Name(), reader()); err != nil {
			return err
		}
	}
	return nil
}

// eachLine reads the lines of a text that are neither empty nor a comment.
func eachLine(name string, do func(line string) error) error {
	text, err := texts.ReadFile(name)
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if line = strings.TrimRight(line, "\r\n"); line == "" || line[0] == '#' {
			continue
		}
		if err := do(line); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	return nil
}

// eventReader reads the rows of one family.
func (x *index) eventReader() func(line string) error {
	var e *Event
	return func(line string) (err error) {
		switch {
		case line[0] != '\t':
			if e, err = eventRow(line); err == nil {
				x.all = append(x.all, e)
			}
			return err
		case e == nil:
			return fmt.Errorf("an argument before any event")
		}
		return x.argRow(e, line[1:])
	}
}

func eventRow(line string) (*Event, error) {
	cells := strings.Split(line, "\t")
	if len(cells) < 5 || len(cells) > 6 {
		return nil, fmt.Errorf("want name, id, sets, hook, help and perhaps attributes, have %d cells", len(cells))
	}
	names := strings.Fields(cells[0])
	id, err := strconv.ParseUint(cells[1], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%s: id %q is no number", cells[0], cells[1])
	}
	e := &Event{
		ID: ID(id), Name: names[0], Aliases: names[1:], Hook: cells[3], Help: cells[4], Kind: Other,
		Number: [2]int{-1, -1}, Number32: [2]int{-1, -1},
	}
	if cells[2] != "-" {
		e.Sets = strings.Fields(cells[2])
	}
	if e.Hook == "syscall" {
		e.Kind = Syscall
		at := 0
		if len(e.Sets) > 0 && e.Sets[0] == "default" {
			at = 1
		}
		e.Sets = slices.Insert(e.Sets, at, "syscalls")
	}
	e.Origin = origin(e)
	if len(cells) == 6 {
		for _, attribute := range strings.Fields(cells[5]) {
			switch attribute {
			case "lifecycle":
				e.LifeCycle = true
			case "later":
				e.Origin = "later"
			default:
				return nil, fmt.Errorf("%s: unknown attribute %q", e.Name, attribute)
			}
		}
	}
	return e, nil
}

// origin tells where a row comes from by its number: the tables of 2021 ended at
// system call 441.
func origin(e *Event) string {
	switch {
	case e.Kind == Syscall && (e.ID <= 334 || e.ID >= 424 && e.ID <= 441), e.ID >= 1000 && e.ID <= 1010:
		return "2021-01"
	case e.Kind == Syscall:
		return "added"
	}
	return "bulwark"
}

func (x *index) argRow(e *Event, line string) error {
	cells := strings.Split(line, "\t")
	if len(cells) < 2 || len(cells) > 3 || cells[0] == "" || cells[1] == "" {
		return fmt.Errorf("%s: want name, type and perhaps attributes, have %q", e.Name, line)
	}
	a := Arg{Name: cells[0], Type: cells[1], Class: classOf(cells[1]), Length: LengthNone}
	if len(cells) == 3 {
		for _, attribute := range strings.Fields(cells[2]) {
			if err := x.attribute(e, &a, attribute); err != nil {
				return fmt.Errorf("%s.%s: %w", e.Name, a.Name, err)
			}
		}
	}
	e.Args = append(e.Args, a)
	if len(e.Args) > MaxArgs {
		return fmt.Errorf("%s: more than %d arguments", e.Name, MaxArgs)
	}
	return nil
}

// kernelFacts are the attributes that make an argument a fact of the object.
var kernelFacts = map[string]Kernel{
	"path": KernelPath, "path2": KernelPath2, "exe": KernelExe, "argv": KernelArgv, "env": KernelEnv,
}

// attribute reads one of
//
//	fd · out · decoded · strings · path · path2 · exe · argv · env
//	len:ret · len:ARGUMENT · struct:NAME · DECODER · DECODER@ARGUMENT=N[,N]…
func (x *index) attribute(e *Event, a *Arg, text string) error {
	if k, ok := kernelFacts[text]; ok {
		a.Kernel = k
		return nil
	}
	switch text {
	case "fd":
		a.FD = true
		return nil
	case "out":
		a.Out = true
		return nil
	case "decoded":
		a.Decoded = true
		return nil
	case "strings":
		a.Class = Strings
		return nil
	case "len:ret":
		a.Length = LengthRet
		return nil
	}
	if name, ok := strings.CutPrefix(text, "len:"); ok {
		// The length may follow its pointer, so the index is found by name later.
		a.Length = lengthLater
		e.lengths = append(e.lengths, name)
		return nil
	}
	if name, ok := strings.CutPrefix(text, "struct:"); ok {
		if a.Struct = x.structs[name]; a.Struct == nil {
			return fmt.Errorf("no structure %q", name)
		}
		return nil
	}
	return x.choice(e, a, text)
}

// choice adds a decoder, perhaps with the values of an earlier argument under
// which it holds.
func (x *index) choice(e *Event, a *Arg, text string) error {
	name, when, conditional := strings.Cut(text, "@")
	c := Choice{Decoder: x.decoders[name], When: -1}
	if c.Decoder == nil {
		return fmt.Errorf("no decoder %q", name)
	}
	if conditional {
		argument, values, _ := strings.Cut(when, "=")
		c.When = int8(e.ArgIndex(argument))
		if c.When < 0 {
			return fmt.Errorf("%s: no argument %q before this one", text, argument)
		}
		for v := range strings.SplitSeq(values, ",") {
			n, err := strconv.ParseUint(v, 0, 64)
			if err != nil {
				return fmt.Errorf("%s: %q is no number", text, v)
			}
			c.Values = append(c.Values, n)
		}
	}
	a.Choices = append(a.Choices, c)
	if a.Decoder == "" {
		a.Decoder = name
	}
	return nil
}
