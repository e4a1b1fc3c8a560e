package filter

import "testing"

func TestNumberOrder(t *testing.T) {
	line := []Number{Least, Int(-1<<63 + 1), Int(-2), Int(-1), {}, Uint(1), Int(1<<63 - 1), Uint(1 << 63), Uint(1<<64 - 2), Most}
	for i, a := range line {
		for j, b := range line {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("%s and %s: %d, want %d", a, b, got, want)
			}
		}
		if a != Most && a.Next().Prev() != a {
			t.Errorf("the number before the one after %s is %s", a, a.Next().Prev())
		}
		if n, err := ParseNumber(a.String()); err != nil || n != a {
			t.Errorf("%s reads as %s, %v", a, n, err)
		}
	}
	if Most.Next() != Most || Least.Prev() != Least {
		t.Error("the line has ends")
	}
}

func TestParseNumberRefuses(t *testing.T) {
	for _, text := range []string{"", "-", "+1", "0x1", "1e3", " 1", "18446744073709551616", "-9223372036854775809", "--1"} {
		if n, err := ParseNumber(text); err == nil {
			t.Errorf("%q reads as %s", text, n)
		}
	}
}

func TestMergeSpans(t *testing.T) {
	spans := spansOf([]Member{Range(Int(5), Int(9)), Equal(Int(4)), Equal(Int(-3)), Range(Int(-1), Int(2)), Range(Least, Int(-5)), Range(Uint(1<<63), Most)}, true)
	var got []Number
	for _, s := range spans {
		got = append(got, Int(int64(ordered(s.lo, true))), Int(int64(ordered(s.hi, true))))
	}
	want := []Number{Least, Int(-5), Int(-3), Int(-3), Int(-1), Int(2), Int(4), Int(9)}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got, want)
			break
		}
	}
	if all := spansOf([]Member{Range(Least, Most)}, false); len(all) != 1 || all[0] != (span{0, 1<<64 - 1}) {
		t.Errorf("everything is %v", all)
	}
}
