package event

import (
	"slices"
	"testing"
)

func objectText(e *Event, name string, m Mode) string {
	f, ok := FieldByName(name)
	if !ok {
		return "(no field)"
	}
	var v Value
	if !e.Object(f, &v) {
		return "(absent)"
	}
	return string(e.AppendObject(nil, f, &v, m))
}

func TestObject(t *testing.T) {
	e := openat(t)
	for name, want := range map[string][2]string{
		"path": {"/tmp/x", "/tmp/x"}, "dir": {"/home/work", "/home/work"}, "dev": {"8388609", "8388609"}, "inode": {"42", "42"},
		"mode": {"S_IFREG|S_IRUSR|S_IWUSR|S_IRGRP|S_IROTH", "33188"}, "uid": {"1000", "1000"}, "gid": {"100", "100"},
		"flags": {"O_WRONLY|O_LARGEFILE", "32769"}, "fstype": {"ext4", "61267"},
		"path2": {"(absent)", "(absent)"}, "family": {"(absent)", "(absent)"}, "argv": {"(absent)", "(absent)"}, "nosuch": {"(no field)", "(no field)"},
	} {
		if got := objectText(e, name, ModeAll); got != want[0] {
			t.Errorf("%s is %q, want %q", name, got, want[0])
		}
		if got := objectText(e, name, ModeRaw); got != want[1] {
			t.Errorf("%s is %q raw, want %q", name, got, want[1])
		}
	}
	if len(Fields()) != int(numFields) || !slices.Contains(Fields(), "path") || FieldArgv.String() != "argv" {
		t.Error("the names of the fields are wrong")
	}
	if e.Object(numFields, &Value{}) {
		t.Error("a field that does not exist was read")
	}
}

func TestObjectSocket(t *testing.T) {
	e := made(t, "connect", 0, func(b *Builder) { b.Item(TagSocket, 0, socket(2, 1, 6, 1, inet, make([]byte, 28))) })
	for name, want := range map[string]string{
		"family": "AF_INET", "socktype": "SOCK_STREAM", "protocol": "IPPROTO_TCP", "state": "TCP_ESTABLISHED", "inode": "77",
		"local": "{'sa_family': 'AF_INET','sin_addr': '10.0.0.1','sin_port': '443'}", "remote": "(absent)", "path": "(absent)", "dev": "(absent)",
	} {
		if got := objectText(e, name, ModeAll); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	e = made(t, "connect", 0, func(b *Builder) {
		b.Item(TagSocket, 0, socket(1, 1, 0, 1, nil, nil))
		b.Item(TagSunPeer, 0, []byte("/run/x\x00"))
	})
	if got, want := objectText(e, "remote", ModeAll), "{'sa_family': 'AF_UNIX','sun_path': '/run/x'}"; got != want {
		t.Errorf("remote is %q, want %q", got, want)
	}
	if got := objectText(e, "local", ModeAll); got != "(absent)" {
		t.Errorf("local of a socket without a name is %q", got)
	}
	e = made(t, "connect", 0, func(b *Builder) {
		b.Item(TagSocket, 0, socket(10, 1, 6, 1, nil, append([]byte{10, 0, 0, 80, 0, 0, 0, 0}, make([]byte, 20)...)))
	})
	if got, want := objectText(e, "remote", ModeRaw), "map[sa_family:AF_INET6 sin6_addr::: sin6_flowinfo:0 sin6_port:80 sin6_scopeid:0]"; got != want {
		t.Errorf("remote is %q, want %q", got, want)
	}
}

func TestObjectPaths(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags uint8
		data  []byte
		magic uint32
		want  string
	}{
		{"root", 0, nil, 0, "/"},
		{"deep", 0, words("c", "b", "a"), 0, "/a/b/c"},
		{"cut", ItemCut, words("c", "b"), 0, ".../b/c"},
		{"text", ItemText, []byte("/a/b"), 0, "/a/b"},
		{"pipe", ItemAnon, words(""), pipeMagic, "pipe:[42]"},
		{"socket", ItemAnon, nil, socketMagic, "socket:[42]"},
		{"anon", ItemAnon, words("[eventfd]"), anonMagic, "anon_inode:[eventfd]"},
		{"namespace", ItemAnon, words("mnt"), nsMagic, "mnt:[42]"},
		{"memfd", ItemAnon, words("memfd:x"), 0x01021994, "memfd:x"},
		{"no end", 0, []byte("b\x00a"), 0, "/a/b"},
	} {
		e := made(t, "close", 0, func(b *Builder) {
			b.Item(TagPrev, c.flags, c.data)
			b.Item(TagFile, 0, file(42, 0, 0, c.magic))
		})
		if got := objectText(e, "prev", ModeAll); got != c.want {
			t.Errorf("%s: path is %q, want %q", c.name, got, c.want)
		}
	}
	e := made(t, "execve", 0, func(b *Builder) {
		b.Item(TagExe, 0, words("dash", "bin"))
		b.Item(TagInterp, 0, []byte("/bin/sh"))
		b.Item(TagArgv, 0, words("/bin/sh", "./s.sh"))
		b.Item(TagEnv, 0, words("A=1"))
		b.Item(TagCwd, 0, words("tmp"))
		b.Item(TagBytes, 0, []byte{1, 255})
	})
	for name, want := range map[string]string{
		"exe": "/bin/dash", "interp": "/bin/sh", "argv": "[/bin/sh ./s.sh]", "env": "[A=1]", "cwd": "/tmp", "bytes": "01ff",
	} {
		if got := objectText(e, name, ModeAll); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestContainerOf(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	const task = "0123456789abcdef0123456789abcdef"
	for path, want := range map[string]string{
		"/docker/" + id:                                    id,
		"/system.slice/docker-" + id + ".scope":            id,
		"/system.slice/docker-" + id + ".scope/init.scope": id,
		"/docker/" + task + task + "/docker/" + id:         id,
		"/kubepods.slice/kubepods-burstable.slice/kubepods-podX.slice/cri-containerd-" + id + ".scope": id,
		"/kubepods/burstable/pod0f1/" + id:                                                     id,
		"/kubepods.slice/crio-" + id + ".scope/container":                                      id,
		"/system.slice/containerd.service/kubepods-besteffort-podX.slice:cri-containerd:" + id: id,
		"/machine.slice/libpod-" + id + ".scope/container":                                     id,
		"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope":     id,
		"/machine.slice/libpod-conmon-" + id + ".scope":                                        "",
		"/kubepods.slice/crio-conmon-" + id + ".scope":                                         "",
		"/ecs/" + task + "/" + task + "-1234567890":                                            task + "-1234567890",
		"/lxc/web":                            "web",
		"/lxc.payload.web/system.slice":       "web",
		"/lxc.monitor.web":                    "",
		"/":                                   "",
		"":                                    "",
		"/system.slice/ssh.service":           "",
		"/x/" + id[1:]:                        "",
		"/x/a" + id:                           "",
		"/x/" + id[:63] + "G":                 "",
		"/user.slice/user-1000.slice/a.scope": "",
	} {
		if got, ok := ContainerOf(path); got != want || ok != (want != "") {
			t.Errorf("container of %s is %q, %t, want %q", path, got, ok, want)
		}
	}
}
