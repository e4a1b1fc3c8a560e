package differential

import (
	"reflect"
	"testing"
)

// What strace prints must be read as it means it, else the comparison is worth
// nothing.
func TestParseLog(t *testing.T) {
	log := `12 openat(-100 /* AT_FDCWD */, "\x2f\x22\x2c", 0x241 /* O_WRONLY|O_CREAT|O_TRUNC */, 0600) = -1 ENOENT (No such file or directory)
13 wait4(12,  <unfinished ...>
12 fcntl(3, 0x3 /* F_GETFL */)       = 0x8002 (flags O_RDWR|O_LARGEFILE)
12 exit_group(7)                     = ?
12 +++ exited with 7 +++
13 <... wait4 resumed>0x10011010, 0, NULL) = 12
13 connect(5, {sa_family=0x1 /* AF_UNIX */, sun_path=@"\x61\x29"}, 20) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
13 pause( <unfinished ...>
`
	lines, err := parseLog(log)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]any
	for _, l := range lines {
		ret, known := l.value()
		got = append(got, []any{l.tid, l.name, len(l.args), ret, known})
	}
	want := [][]any{
		{12, "openat", 4, int64(-2), true},
		{12, "fcntl", 2, int64(0x8002), true},
		{12, "exit_group", 1, int64(0), false},
		{13, "wait4", 4, int64(12), true},
		{13, "connect", 3, int64(-512), true},
		{13, "pause", 0, int64(0), false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	flags := parseToken(lines[0].args[2])
	if flags.number != 0x241 || len(flags.names) != 3 {
		t.Errorf("flags: %+v", flags)
	}
	if path := parseToken(lines[0].args[1]); path.str != `/",` {
		t.Errorf("path: %+v", path)
	}
	if a := parseToken(lines[4].args[1]); parseToken(a.fields["sun_path"]).str != "@a)" {
		t.Errorf("address: %+v", a)
	}
}
