package filter

import (
	"bytes"
)

// texts is a set of texts.
type texts struct {
	exact                      map[string]bool
	few                        []string // the exact ones, while they are few
	prefixes, suffixes, within [][]byte
}

// fewTexts is how many texts are compared one by one before a map is faster.
const fewTexts = 4

func newTexts(members []Member) *texts {
	s := &texts{exact: map[string]bool{}}
	for _, m := range members {
		switch m.Kind {
		case MemberText:
			if !s.exact[m.Text] {
				s.exact[m.Text], s.few = true, append(s.few, m.Text)
			}
		case MemberPrefix:
			s.prefixes = append(s.prefixes, []byte(m.Text))
		case MemberSuffix:
			s.suffixes = append(s.suffixes, []byte(m.Text))
		case MemberContains:
			s.within = append(s.within, []byte(m.Text))
		}
	}
	return s
}

func (s *texts) has(b []byte) bool { return s.hasExact(b) || s.hasPart(b) }

func (s *texts) hasExact(b []byte) bool {
	if len(s.few) > fewTexts {
		return s.exact[string(b)]
	}
	for _, t := range s.few {
		if string(b) == t {
			return true
		}
	}
	return false
}

// hasPart compares with what is not a whole text.
func (s *texts) hasPart(b []byte) bool {
	for _, t := range s.prefixes {
		if bytes.HasPrefix(b, t) {
			return true
		}
	}
	for _, t := range s.suffixes {
		if bytes.HasSuffix(b, t) {
			return true
		}
	}
	for _, t := range s.within {
		if bytes.Contains(b, t) {
			return true
		}
	}
	return false
}
