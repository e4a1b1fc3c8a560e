// Package e2e runs the whole program against small programs that make known
// system calls, and checks that what it prints is exactly what was asked for.
//
//	go test ./test/e2e                            # as root, on this host
//	go test -c ./test/e2e                         # for a machine without Go; then, in it:
//	BULWARK=/bulwark ./e2e.test -test.run TestTable
//
// table.txt is the list: filters, what programs do, and the events that must be
// printed, no more and no fewer. The programs are compiled by test/program/tiny
// when the test runs. Tests that need what a host lacks are skipped with a line
// that names it; BULWARK_TEST_REQUIRE=all makes such a line a failure.
package e2e
