package encode

import (
	"bytes"

	"github.com/bulwark-security/bulwark/event"
)

// actors remembers who the last event of a thread was done by, as text and as
// what was made of it.
type actors struct {
	context             event.Context
	processText         []byte
	process             *event.Process
	start, threadStart  uint64
	euid, gid           uint32
	capEffective        uint64
	containerText       []byte
	container           *event.Container
	knowsProc, knowsBox bool
}

// context fills the part of the context that Tracee's keys say.
func (d *Decoder) context(bits event.Bits) {
	c := &d.e.Context
	for _, f := range [...]struct {
		to  *uint32
		key int
	}{
		{&c.PID, keyProcessID}, {&c.TID, keyThreadID}, {&c.PPID, keyParentProcessID},
		{&c.HostPID, keyHostProcessID}, {&c.HostTID, keyHostThreadID}, {&c.HostPPID, keyHostParentProcessID},
		{&c.UID, keyUserID}, {&c.MntNS, keyMountNamespace}, {&c.PidNS, keyPIDNamespace},
	} {
		*f.to = uint32(d.limited(d.keys[f.key], 32))
	}
	c.Cgroup = d.unsigned(d.keys[keyCgroupID])
	c.Bits = bits
	d.name(c.Comm[:], d.keys[keyProcessName], d.keys[keyProcessNameRaw])
	d.name(c.UTS[:], d.keys[keyHostName], d.keys[keyHostNameRaw])
}

// name reads a name of the kernel's 16 bytes.
func (d *Decoder) name(to []byte, v, raw span) {
	at := len(d.buf)
	if raw.ok() {
		d.base64(raw)
	} else {
		d.string(v)
	}
	if len(d.buf)-at > len(to) {
		d.fail(v, "a name has more than %d bytes", len(to))
	}
	copy(to, d.buf[at:])
	d.buf = d.buf[:at]
}

// attach reads the actors, or takes those of the thread's last event, if the
// texts are the same.
func (d *Decoder) attach() {
	a := &d.actors[d.e.HostTID%uint32(len(d.actors))]
	if a.context != d.e.Context {
		a.knowsProc = false
		a.context = d.e.Context
	}
	if v := d.keys[keyProcess]; !d.null(v) {
		if !a.knowsProc || !bytes.Equal(a.processText, d.text(v)) {
			before := d.e.Context
			d.process(v)
			a.processText = append(a.processText[:0], d.text(v)...)
			a.process, a.knowsProc = d.e.Process, d.err == nil
			c := &d.e.Context
			a.start, a.threadStart, a.euid, a.gid, a.capEffective = c.Start, c.ThreadStart, c.EUID, c.GID, c.Cap
			a.context = before
		}
		d.e.Process = a.process
		c := &d.e.Context
		c.Start, c.ThreadStart, c.EUID, c.GID, c.Cap = a.start, a.threadStart, a.euid, a.gid, a.capEffective
	}
	if v := d.keys[keyContainer]; !d.null(v) {
		if !a.knowsBox || !bytes.Equal(a.containerText, d.text(v)) {
			a.container = d.container(v)
			a.containerText = append(a.containerText[:0], d.text(v)...)
			a.knowsBox = d.err == nil
		}
		d.e.Container = a.container
	}
}

// processKeys are the places of what is said of one process.
type processKeys struct {
	pid, parentPID, start, uid, euid, gid, capEffective, mntNS, pidNS, cgroup span
	name, nameRaw, exe, exeRaw, argv, argvRaw, cwd, cwdRaw, version           span
	threadStart, actor, ancestors                                             span
}

func (k *processKeys) place(key []byte) *span {
	switch string(key) {
	case "pid":
		return &k.pid
	case "parentPid":
		return &k.parentPID
	case "start":
		return &k.start
	case "uid":
		return &k.uid
	case "euid":
		return &k.euid
	case "gid":
		return &k.gid
	case "capEffective":
		return &k.capEffective
	case "mountNamespace":
		return &k.mntNS
	case "pidNamespace":
		return &k.pidNS
	case "cgroupId":
		return &k.cgroup
	case "threadStart":
		return &k.threadStart
	case "actor":
		return &k.actor
	case "ancestors":
		return &k.ancestors
	}
	return k.programPlace(key)
}

func (k *processKeys) programPlace(key []byte) *span {
	switch string(key) {
	case "name":
		return &k.name
	case "nameRaw":
		return &k.nameRaw
	case "exe":
		return &k.exe
	case "exeRaw":
		return &k.exeRaw
	case "argv":
		return &k.argv
	case "argvRaw":
		return &k.argvRaw
	case "cwd":
		return &k.cwd
	case "cwdRaw":
		return &k.cwdRaw
	case "version":
		return &k.version
	}
	return nil
}

func (d *Decoder) processKeys(v span) (k processKeys) {
	if !d.is(v, '{') {
		d.fail(v, "want a process, have %s", d.text(v))
		return k
	}
	s := scanner{text: d.line, pos: v.from}
	s.object(func(key []byte, v span) {
		if p := k.place(key); p != nil {
			*p = v
		}
	})
	d.take(&s)
	return k
}

// process reads the rest of the context, and the process with its ancestors.
func (d *Decoder) process(v span) {
	k := d.processKeys(v)
	c := &d.e.Context
	c.Start, c.ThreadStart = d.unsigned(k.start), d.unsigned(k.threadStart)
	c.EUID, c.GID = uint32(d.limited(k.euid, 32)), uint32(d.limited(k.gid, 32))
	c.Cap = d.unsigned(k.capEffective)
	if !k.version.ok() {
		return
	}
	p := processOf(c)
	if k.actor.ok() {
		actor := d.processKeys(k.actor)
		d.facts(&p, &actor)
	}
	d.program(&p, &k)
	d.e.Process = &p
	if !k.ancestors.ok() {
		return
	}
	below := &p
	s := scanner{text: d.line, pos: k.ancestors.from}
	s.array(func(v span) {
		k := d.processKeys(v)
		a := *below
		a.Parent = nil
		d.facts(&a, &k)
		d.program(&a, &k)
		below.Parent = &a
		below = &a
	})
	d.take(&s)
}

// facts sets what is said of a process, and leaves the rest.
func (d *Decoder) facts(p *event.Process, k *processKeys) {
	for _, f := range [...]struct {
		to *uint32
		v  span
	}{
		{&p.PID, k.pid}, {&p.PPID, k.parentPID}, {&p.UID, k.uid}, {&p.EUID, k.euid}, {&p.GID, k.gid},
		{&p.MntNS, k.mntNS}, {&p.PidNS, k.pidNS},
	} {
		if f.v.ok() {
			*f.to = uint32(d.limited(f.v, 32))
		}
	}
	for _, f := range [...]struct {
		to *uint64
		v  span
	}{{&p.Start, k.start}, {&p.Cap, k.capEffective}, {&p.Cgroup, k.cgroup}} {
		if f.v.ok() {
			*f.to = d.unsigned(f.v)
		}
	}
	if k.name.ok() {
		p.Comm = d.keep(k.name, k.nameRaw)
	}
}

// program sets what a process runs.
func (d *Decoder) program(p *event.Process, k *processKeys) {
	p.Version = uint32(d.limited(k.version, 32))
	p.Exe = d.keep(k.exe, k.exeRaw)
	p.Cwd = d.keep(k.cwd, k.cwdRaw)
	p.Argv = nil
	list, coded := k.argv, false
	if k.argvRaw.ok() {
		list, coded = k.argvRaw, true
	}
	if d.null(list) {
		return
	}
	s := scanner{text: d.line, pos: list.from}
	s.array(func(v span) {
		if coded {
			p.Argv = append(p.Argv, d.keep(v, v))
		} else {
			p.Argv = append(p.Argv, d.keep(v, span{}))
		}
	})
	d.take(&s)
}

func (d *Decoder) container(v span) *event.Container {
	if !d.is(v, '{') {
		d.fail(v, "want a container, have %s", d.text(v))
		return nil
	}
	var id, idRaw, name, nameRaw, image, imageRaw span
	c := &event.Container{}
	s := scanner{text: d.line, pos: v.from}
	s.object(func(key []byte, v span) {
		switch string(key) {
		case "id":
			id = v
		case "idRaw":
			idRaw = v
		case "name":
			name = v
		case "nameRaw":
			nameRaw = v
		case "image":
			image = v
		case "imageRaw":
			imageRaw = v
		case "started":
			c.Started = event.Time(d.unsigned(v))
		case "new":
			c.New = d.isTrue(v)
		}
	})
	d.take(&s)
	c.ID, c.Name, c.Image = d.keep(id, idRaw), d.keep(name, nameRaw), d.keep(image, imageRaw)
	return c
}
