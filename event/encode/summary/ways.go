package summary

// ways say how something was done to a file or peer.
type ways uint32

const (
	opened ways = 1 << iota
	created
	truncated
	wrote
	removed
	renamed
	linked
	made
	attributes
	connected
	accepted
	listened
	sent
	received
	granted
	denied
)

var wayWords = []string{
	"opened", "created", "truncated", "wrote", "removed", "renamed", "linked", "made", "attributes",
	"connected", "accepted", "listened", "sent", "received", "granted", "denied",
}

func (w ways) words() (list []string) {
	for i, word := range wayWords {
		if w>>i&1 != 0 {
			list = append(list, word)
		}
	}
	return list
}
