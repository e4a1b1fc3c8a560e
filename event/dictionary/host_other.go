//go:build !amd64 && !arm64

package dictionary

// Host is the architecture whose tables are used where no sensor runs: records
// made elsewhere name their own.
const Host = AMD64
