// Package differential compares bulwark with strace, call by call:
//
//	go test ./test/differential            # as root, where strace is installed
//
// Both watch the same processes at the same time, so process numbers, addresses
// and times need no masks: order, name, return value and every argument must be
// equal. The programs of test/program/calls make every system call that can be
// made without harm. They run twice: once with strace decoding (names of flags,
// strings, vectors, socket addresses, and plain numbers for the structures that
// an event has as pointers), once with strace printing every argument as it
// stands in its register. Where the two may differ, and why, is one short table,
// differences, in differences_test.go.
package differential
