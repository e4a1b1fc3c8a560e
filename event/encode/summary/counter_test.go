package summary

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A counter that is too small still has every key that is frequent, and its
// counts bound the true ones.
func TestCounterKeepsWhatIsFrequent(t *testing.T) {
	const limit, n = 50, 200000
	c := newCounter(limit)
	truth := map[string]uint64{}
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.2, 1, 5000)
	for range n {
		key := fmt.Sprint("key", zipf.Uint64())
		truth[key]++
		c.add([]byte(key))
	}
	if len(c.rows) != limit || !c.forgot || c.total != n {
		t.Fatalf("%d rows, forgot %v, total %d", len(c.rows), c.forgot, c.total)
	}
	for key, count := range truth {
		r := c.rows[key]
		if r == nil {
			if count > n/limit {
				t.Errorf("%s occurs %d times and is forgotten", key, count)
			}
			continue
		}
		if count > r.count || count < r.count-r.over {
			t.Errorf("%s occurs %d times, counted %d, of which %d may be others'", key, count, r.count, r.over)
		}
	}
	var last uint64 = n
	for _, r := range c.top(limit) {
		if r.count > last {
			t.Errorf("%s with %d stands after %d", r.key, r.count, last)
		}
		last = r.count
	}
}

func TestCounterKnownKeysAllocateNothing(t *testing.T) {
	c := newCounter(10)
	key := []byte("/usr/bin/ls")
	c.add(key)
	if n := testing.AllocsPerRun(100, func() { c.add(key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
