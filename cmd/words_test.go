package cmd

import (
	"slices"
	"strings"
	"testing"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"trace", "trace"},
		{"trace -output json", "trace --output json"},
		{"trace -output=json", "trace --output=json"},
		{"trace -trace pid=new -t uid=0", "trace --trace pid=new -t uid=0"},
		{"trace -tpid=new", "trace -tpid=new"},
		{"trace -list", "trace --list"},
		{"trace -l", "trace -l"},
		{"trace --output out-file:/a err-file:/b", "trace --output out-file:/a --output err-file:/b"},
		{"trace --output=out-file:/a err-file:/b option:eot --count 3", "trace --output=out-file:/a --output err-file:/b --output option:eot --count 3"},
		{"trace -o json out-file:/a -t uid=0", "trace -o json --output out-file:/a -t uid=0"},
		{"trace -ojson out-file:/a", "trace -ojson --output out-file:/a"},
		{"trace -lo json out-file:/a", "trace -lo json --output out-file:/a"},
		{"trace -o json -- ls -output x", "trace -o json -- ls -output x"},
		{"trace -- ls --output a b", "trace -- ls --output a b"},
		{"trace --count 3 word", "trace --count 3 word"},
		{"trace -o", "trace -o"},
		{"trace --trace -output", "trace --trace -output"},
		{"trace -", "trace -"},
		{"trace -nosuch json", "trace -nosuch json"},
		{"list -set fs", "list --set fs"},
		{"list openat -json", "list openat --json"},
		{"nosuch -json", "nosuch -json"},
		{"-help", "--help"},
		{"-h", "-h"},
		{"", ""},
	} {
		have := normalise(strings.Fields(c.in), New(&Env{}))
		if !slices.Equal(have, strings.Fields(c.want)) {
			t.Errorf("normalise(%q) = %q, want %q", c.in, have, c.want)
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want size
		text string
	}{
		{"65536", 65536, "64K"}, {"64K", 64 << 10, "64K"}, {"64k", 64 << 10, "64K"}, {"8M", 8 << 20, "8M"}, {"8MB", 8 << 20, "8M"},
		{"8MiB", 8 << 20, "8M"}, {"1G", 1 << 30, "1G"}, {"1000", 1000, "1000"}, {"64G", 64 << 30, "64G"}, {"512B", 512, "512"},
	} {
		var s size
		if err := s.Set(c.in); err != nil || s != c.want || s.String() != c.text {
			t.Errorf("%q is %d (%q), %v; want %d (%q)", c.in, s, s.String(), err, c.want, c.text)
		}
	}
	for _, in := range []string{"", "K", "8X", "-1", "1.5M", "0", "65G", "999999999999999999999", "8 M", "M8", "0x10"} {
		var s size
		if err := s.Set(in); err == nil {
			t.Errorf("%q was accepted as %d", in, s)
		}
	}
}

func TestPages(t *testing.T) {
	for _, c := range []struct {
		in string
		n  size
	}{{"1024", 1024}, {"1", 1}, {"0", 0}, {"65536", 65536}} {
		s := size(1)
		if err := (pages{&s}).Set(c.in); err != nil || s/4096 != c.n && s/16384 != c.n && s/65536 != c.n {
			t.Errorf("%q: %d, %v", c.in, s, err)
		}
	}
	for _, c := range []struct{ in, says string }{{"1000", "1024"}, {"3", "4"}, {"x", "pages"}, {"-2", "pages"}, {"4611686018427387904", "large"}} {
		var s size
		if err := (pages{&s}).Set(c.in); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want something with %q", c.in, err, c.says)
		}
	}
}
