package tracee

import (
	"testing"

	"github.com/bulwark-security/bulwark/event"
)

// BenchmarkFilter is a filter of five terms on a stream where some events pass.
func BenchmarkFilter(b *testing.B) {
	program, err := compile([]string{"comm=php-fpm,nginx", "uid>0", "u!=1000", "follow", "set=fs", "openat.pathname=/srv/*", "openat.retval>0"})
	if err != nil {
		b.Fatal(err)
	}
	var t testing.T
	stream := []*event.Event{made(&t, "openat", 3, open), made(&t, "openat", 3, write), made(&t, "close", 0, `{"fd": 3}`), made(&t, "kill", 0, `{"pid": 1, "sig": 15}`)}
	b.ReportAllocs()
	passed, i := 0, 0
	for b.Loop() {
		if program.Match(stream[i%len(stream)]) {
			passed++
		}
		i++
	}
	if passed == 0 || passed == i {
		b.Fatalf("%d of %d passed", passed, i)
	}
}
