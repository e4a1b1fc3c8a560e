package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// costs are the fastest bursts: ns for one, by subject and workload.
type costs struct {
	names  []string // of the rows, in order
	best   map[string][]float64
	absent map[string]string // why a row has no figures
	rounds int
}

// measureCosts runs all rounds.
func measureCosts(o options, dir string) (*costs, error) {
	w, err := startWorker()
	if err != nil {
		return nil, err
	}
	defer w.stop()
	c := &costs{best: map[string][]float64{}, absent: map[string]string{}, rounds: o.rounds}
	all := subjects(o.bulwark, dir)
	for _, s := range all {
		if c.best[s.name] == nil {
			c.names = append(c.names, s.name)
			c.best[s.name] = make([]float64, len(workloads))
		}
	}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		for _, s := range all {
			if s.rounds > 0 && round >= s.rounds || c.absent[s.name] != "" {
				continue
			}
			if err := c.measure(w, s); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return c, nil
}

// measure is one subject's part of a round.
func (c *costs) measure(w *worker, s subject) error {
	detach, err := s.attach(w.cmd.Process.Pid)
	var absent errAbsent
	if errors.As(err, &absent) {
		c.absent[s.name] = absent.why
		return nil
	}
	if err != nil {
		return err
	}
	for k := range workloads {
		if s.only != everyWorkload && s.only != k {
			continue
		}
		bursts := workloads[k].bursts
		if s.rounds > 0 {
			bursts = 3
		}
		ns, err := w.best(k, bursts)
		if err != nil {
			_ = detach()
			return err
		}
		if best := &c.best[s.name][k]; *best == 0 || ns < *best {
			*best = ns
		}
	}
	return detach()
}

// bounds are what the issue asks for, as share of the floor or of untraced.
var bounds = []struct {
	text          string
	subject, work string
	of            string // "floor": added cost against the floor's, "untraced": whole against whole
	most          float64
}{
	{"a selected getppid adds at most 1.8 times the floor", "bulwark, tracing it", "getppid", "floor", 1.8},
	{"a getppid that is not selected adds at most 0.85 times the floor", "bulwark, tracing something else", "getppid", "floor", 0.85},
	{"open+close under full tracing is at most 1.45 times untraced", "bulwark, tracing everything", "open+close", "untraced", 1.45},
}

const (
	untraced = "untraced"
	floor    = "empty entry+exit pair (the floor)"
)

func (c *costs) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## What a system call costs\n\nNanoseconds for one, the fastest burst of %d rounds; in brackets what it adds, as share of what the floor adds, and the whole as multiple of untraced.\n\n", c.rounds)
	b.WriteString("| |")
	for _, w := range workloads {
		b.WriteString(" " + w.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(workloads)) + "\n")
	for _, name := range c.names {
		b.WriteString("| " + name + " |")
		for k := range workloads {
			b.WriteString(" " + c.cell(name, k) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, x := range bounds {
		ratio := c.ratio(x.subject, index(x.work), x.of)
		verdict := "yes"
		if ratio > x.most {
			verdict = "NO"
		}
		fmt.Fprintf(&b, "- %s: %.2f, %s\n", x.text, ratio, verdict)
	}
	b.WriteString("\n")
	return b.String()
}

func index(work string) int {
	for k, w := range workloads {
		if w.name == work {
			return k
		}
	}
	return 0
}

func (c *costs) ratio(subject string, k int, of string) float64 {
	if of == "floor" {
		return (c.best[subject][k] - c.best[untraced][k]) / (c.best[floor][k] - c.best[untraced][k])
	}
	return c.best[subject][k] / c.best[untraced][k]
}

func (c *costs) cell(name string, k int) string {
	ns := c.best[name][k]
	switch {
	case c.absent[name] != "" && k == 0:
		return c.absent[name]
	case ns == 0:
		return ""
	case name == untraced:
		return fmt.Sprintf("%.0f", ns)
	}
	whole := ns / c.best[untraced][k]
	// Where the floor is within the noise a share of it says nothing.
	if c.best[floor][k] < 1.05*c.best[untraced][k] {
		return fmt.Sprintf("%.0f (%.2f×)", ns, whole)
	}
	return fmt.Sprintf("%.0f (%.2f; %.2f×)", ns, c.ratio(name, k, "floor"), whole)
}
