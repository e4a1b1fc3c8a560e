// Package layers guards the shape of the tree, in tests only:
//
//	go test ./internal/layers
//
// It reads every Go file's imports and fails on an arrow that goes up
// layers.txt, on a package that the table does not name, on a module that
// docs/dependencies.md does not allow there, on cgo, and on a package without a
// doc comment. Nothing imports it.
package layers
