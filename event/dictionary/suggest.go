package dictionary

// Suggest is the event or set whose name is nearest to a mistyped one, "" if
// none is near.
func Suggest(name string) string {
	best, least := "", len(name)/3+1
	try := func(candidate string) {
		if d := distance(name, candidate, least); d < least {
			best, least = candidate, d
		}
	}
	for _, e := range tables.all {
		try(e.Name)
		for _, a := range e.Aliases {
			try(a)
		}
	}
	for _, s := range tables.setNames {
		try(s)
	}
	return best
}

// distance is how many letters must be changed, added, dropped or swapped with
// their neighbour to make b of a; limit or more if it is no nearer than that.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
