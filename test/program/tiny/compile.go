package tiny

import (
	"fmt"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

// A machine encodes the few steps that a script needs. Addresses are absolute.
type machine interface {
	set(arg int, n uint64)                       // argument register := n
	load(arg int, address uint64, narrow bool)   // argument register := memory
	set32(arg int, n uint64)                     // the same for the 32-bit entry
	load32(arg int, address uint64, narrow bool) //
	call(number int)                             // the system call
	call32(number int)                           // through the 32-bit entry
	keep(address uint64)                         // memory := result
	poke(address uint64)                         // memory, 32 bits := first argument
	pokeThrough()                                // memory at second + third argument, 32 bits := first
	put(address uint64, n uint64)                // memory := n
	jump(to *label)                              //
	jumpUnlessZero(to *label)                    // by the result
	count(address uint64, to *label)             // memory -= 1, jump unless zero
	spin(address uint64)                         // until the 32 bits there are 0
	beginHandler()                               // what a signal handler needs first
	place(l *label)                              // here
	code() ([]byte, error)                       // with every jump filled in
}

// A label is a place to jump to.
type label struct {
	at    int // offset in the code, -1 before it is placed
	jumps []int
}

func newLabel() *label { return &label{at: -1} }

// Compile makes the ELF image of a static program.
func Compile(script string, arch dictionary.Arch) ([]byte, error) {
	body, err := parse(script)
	if err != nil {
		return nil, fmt.Errorf("tiny: %w", err)
	}
	c := &compiler{machine: machineOf(arch), memory: newMemory(), arch: arch}
	if err := c.program(body); err != nil {
		return nil, fmt.Errorf("tiny: %w", err)
	}
	text, err := c.machine.code()
	if err != nil {
		return nil, fmt.Errorf("tiny: %w", err)
	}
	return image(arch, text, c.memory.data), nil
}

type compiler struct {
	machine machine
	memory  *memory
	arch    dictionary.Arch
	loops   int
}

// program places buffers, results and handlers first, so that the rest of the
// script may name them before the line that makes them.
func (c *compiler) program(body []*statement) error {
	if err := c.declare(body); err != nil {
		return err
	}
	start := newLabel()
	c.machine.jump(start)
	for _, s := range body {
		if s.verb == "handler" {
			if err := c.handler(s); err != nil {
				return fmt.Errorf("line %d: %w", s.line, err)
			}
		}
	}
	c.machine.place(start)
	return c.block(body, true)
}

func (c *compiler) declare(body []*statement) error {
	for _, s := range body {
		switch {
		case s.verb == "buffer" && len(s.args) == 2:
			n, err := number(s.args[1])
			if err != nil || n == 0 || n > 1<<24 {
				return fmt.Errorf("line %d: buffer %s: a size from 1 to 16 MiB", s.line, s.args[0])
			}
			c.memory.reserve(s.args[0], int(n))
		case s.result != "":
			c.memory.reserve(s.result, 8)
		}
		if err := c.declare(s.block); err != nil {
			return err
		}
	}
	return nil
}

// handler encodes a handler where the program stands; its name is its address.
func (c *compiler) handler(s *statement) error {
	if len(s.args) != 1 || !s.braces {
		return fmt.Errorf("handler NAME {")
	}
	here := newLabel()
	c.machine.place(here)
	c.memory.names[s.args[0]] = textBase + headerSize + uint64(here.at)
	c.machine.beginHandler()
	if err := c.block(s.block, false); err != nil {
		return err
	}
	return c.plain(&statement{verb: "rt_sigreturn"})
}

func (c *compiler) block(body []*statement, ends bool) error {
	last := ""
	for _, s := range body {
		if err := c.statement(s); err != nil {
			return fmt.Errorf("line %d: %w", s.line, err)
		}
		last = s.verb
	}
	if ends && last != "exit" && last != "exit_group" {
		return c.plain(&statement{verb: "exit_group"})
	}
	return nil
}

func (c *compiler) statement(s *statement) error {
	switch s.verb {
	case "buffer", "handler":
		return nil
	case "gate":
		return c.gate()
	case "poke":
		return c.poke(s)
	case "spin":
		if len(s.args) != 1 {
			return fmt.Errorf("spin NAME")
		}
		a, err := c.memory.address(s.args[0])
		c.machine.spin(a)
		return err
	case "loop":
		return c.loop(s)
	}
	if err := c.plain(s); err != nil || !s.braces {
		return err
	}
	after := newLabel()
	c.machine.jumpUnlessZero(after)
	if err := c.block(s.block, true); err != nil {
		return err
	}
	c.machine.place(after)
	return nil
}

// gate tells whoever started the program that it stands here, and waits.
func (c *compiler) gate() error {
	c.memory.reserve(" gate", 8)
	a := fmt.Sprint(c.memory.names[" gate"])
	for _, s := range []*statement{{verb: "write", args: []string{"1", a, "1"}}, {verb: "read", args: []string{"0", a, "1"}}} {
		if err := c.plain(s); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) poke(s *statement) error {
	if len(s.args) != 3 {
		return fmt.Errorf("poke NAME OFFSET VALUE")
	}
	if s.args[0][0] == '$' {
		for i, token := range []string{s.args[2], s.args[0], s.args[1]} {
			if err := c.argument(i, token, false); err != nil {
				return err
			}
		}
		c.machine.pokeThrough()
		return nil
	}
	a, err := c.memory.address(s.args[0] + "+" + s.args[1])
	if err != nil {
		return err
	}
	if err := c.argument(0, s.args[2], false); err != nil {
		return err
	}
	c.machine.poke(a)
	return nil
}

func (c *compiler) loop(s *statement) error {
	if len(s.args) != 1 || !s.braces {
		return fmt.Errorf("loop N {")
	}
	n, err := number(s.args[0])
	if err != nil || n == 0 || n > 1<<30 {
		return fmt.Errorf("loop %s: a number from 1 to 2^30", s.args[0])
	}
	c.loops++
	counter := c.memory.reserve(fmt.Sprint(" loop ", c.loops), 8)
	c.machine.put(counter, n)
	again := newLabel()
	c.machine.place(again)
	if err := c.block(s.block, false); err != nil {
		return err
	}
	c.machine.count(counter, again)
	return nil
}

// plain is the call itself.
func (c *compiler) plain(s *statement) error {
	nr, args, err := c.number(s)
	if err != nil {
		return err
	}
	if len(args) > 6 {
		return fmt.Errorf("%s: more than six arguments", s.verb)
	}
	for i := range 6 {
		token := "0"
		if i < len(args) {
			token = args[i]
		}
		if err := c.argument(i, token, s.compat); err != nil {
			return fmt.Errorf("%s: %w", s.verb, err)
		}
	}
	if s.compat {
		c.machine.call32(nr)
	} else {
		c.machine.call(nr)
	}
	if s.result != "" {
		c.machine.keep(c.memory.names[s.result])
	}
	return nil
}

// number finds the call's number. Where there is no fork, clone does it.
func (c *compiler) number(s *statement) (int, []string, error) {
	e := dictionary.Lookup(s.verb)
	if e == nil || e.Kind != dictionary.Syscall {
		return 0, nil, fmt.Errorf("%s: no such system call", s.verb)
	}
	nr := e.Number[c.arch]
	if s.compat && c.arch != dictionary.AMD64 {
		return 0, nil, fmt.Errorf("call32: not on this architecture")
	}
	if s.compat {
		nr = e.Number32[c.arch]
	}
	if nr < 0 && s.verb == "fork" {
		return dictionary.Lookup("clone").Number[c.arch], []string{"SIGCHLD"}, nil
	}
	if nr < 0 {
		return 0, nil, fmt.Errorf("%s: not on this architecture", s.verb)
	}
	return nr, s.args, nil
}

func (c *compiler) argument(i int, token string, compat bool) error {
	v, err := c.memory.value(token)
	if err != nil {
		return err
	}
	switch {
	case compat && v.from != 0:
		c.machine.load32(i, v.from, v.narrow)
	case compat:
		c.machine.set32(i, v.number)
	case v.from != 0:
		c.machine.load(i, v.from, v.narrow)
	default:
		c.machine.set(i, v.number)
	}
	return nil
}

func machineOf(arch dictionary.Arch) machine {
	if arch == dictionary.ARM64 {
		return &arm64{}
	}
	return &amd64{}
}
