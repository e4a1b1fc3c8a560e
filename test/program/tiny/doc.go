// Package tiny makes programs that perform exactly the system calls of a
// script: no runtime, no libc, no start-up code, so nothing else appears in a
// trace of them, not even memory management.
//
//	elf, err := tiny.Compile(`
//	    fd = openat AT_FDCWD "/etc/passwd" O_RDONLY|O_CLOEXEC 0
//	    read $fd &b 16
//	    close $fd
//	    buffer b 16
//	`, dictionary.Host)
//	os.WriteFile("/tmp/program", elf, 0o755)
//
// It needs no compiler, so that a test inside a bare virtual machine makes its
// own. A script is lines; "#" begins a comment.
//
//	CALL ARG…               the call, by its name in the dictionary
//	CALL ARG… {             a block that runs where the call returned 0: the
//	}                       child of fork, vfork or clone. It ends with
//	                        exit_group 0 unless it says otherwise
//	NAME = CALL ARG…        keeps the result as $NAME
//	call32 CALL ARG…        through the 32-bit entry of x86-64
//	buffer NAME SIZE        zeroed memory
//	poke NAME OFFSET VALUE  stores 32 bits into it, without a call; instead of
//	                        NAME also the address that a call returned, $NAME
//	loop N {                the block, N times
//	spin NAME               waits, without a call, until its first 32 bits are 0
//	handler NAME {          a signal handler and restorer: the block, then rt_sigreturn
//	gate                    writes a byte to descriptor 1 and waits for one from 0
//
// The program ends with exit_group 0. An argument is
//
//	12, -1, 0x1f, 0644      a number
//	O_RDONLY|O_CLOEXEC      constants, see constants.go
//	"text"                  the address of that text, quoted as in Go
//	$NAME                   a result
//	&NAME, &NAME+8          an address
//	*NAME, *NAME+4          the 32 bits there, sign-extended
//	["a" "b"]               the address of a vector that ends with a null
//	{ITEM…}                 the address of a structure: 8 bytes an item, fewer
//	                        with a width: d:4 bytes, w:2, b:1; s:"text" the
//	                        bytes themselves, z:16 zero bytes
//	inet:127.0.0.1:80       the address of a socket address; its length is len:…
//	unix:/path, unix:@name
//
// Arguments that are not given are 0. In a call32, addresses are of the same
// memory, which lies below 4 GiB.
package tiny
