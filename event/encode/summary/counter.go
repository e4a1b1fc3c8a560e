package summary

import (
	"cmp"
	"container/heap"
	"slices"
)

// A row is what is counted under one key.
type row struct {
	key   string
	count uint64
	over  uint64    // at most this much of count belongs to keys that were forgotten
	bytes [2]uint64 // moved, as system calls say and as the kernel's own hooks do
	ways  ways      // how
	note  string    // an example: command line, program, path
	at    int       // place in the heap
}

// A counter counts keys in bounded memory: when it is full, the key with the
// smallest count makes room, and the new one inherits that count as its
// possible error (Metwally and others, Space-Saving, 2005). A key that occurs
// more often than one in limit is never forgotten.
type counter struct {
	limit  int
	rows   map[string]*row
	least  leastFirst
	total  uint64 // of all keys, forgotten ones too
	forgot bool
}

func newCounter(limit int) *counter {
	return &counter{limit: limit, rows: map[string]*row{}}
}

// add counts key once more and returns its row, and whether it is new. A key
// that is known costs no allocation.
func (c *counter) add(key []byte) (r *row, fresh bool) {
	c.total++
	if r = c.rows[string(key)]; r != nil {
		r.count++
		heap.Fix(&c.least, r.at)
		return r, false
	}
	if len(c.rows) < c.limit {
		r = &row{key: string(key), count: 1}
		heap.Push(&c.least, r)
	} else {
		c.forgot = true
		r = c.least[0]
		delete(c.rows, r.key)
		*r = row{key: string(key), count: r.count + 1, over: r.count}
		heap.Fix(&c.least, 0)
	}
	c.rows[r.key] = r
	return r, true
}

// top are the n keys with the greatest counts, greatest first, equal ones by
// name.
func (c *counter) top(n int) []*row {
	list := slices.Clone(c.least)
	slices.SortFunc(list, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.key, b.key))
	})
	return list[:min(n, len(list))]
}

// leastFirst is a heap of rows, the smallest count at the top.
type leastFirst []*row

func (h leastFirst) Len() int           { return len(h) }
func (h leastFirst) Less(i, j int) bool { return h[i].count < h[j].count }
func (h leastFirst) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}
func (h *leastFirst) Push(x any) {
	r := x.(*row)
	r.at = len(*h)
	*h = append(*h, r)
}
func (h *leastFirst) Pop() any {
	panic("rows are replaced, never removed")
}
