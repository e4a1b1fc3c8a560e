package dictionary_test

import (
	"fmt"

	"github.com/bulwark-security/bulwark/event/dictionary"
)

func Example() {
	e := dictionary.Lookup("openat")
	fmt.Println(e.ID, e.Sets, e.Args[1].Name)
	// Output: 257 [default syscalls fs fs_file_ops] pathname
}

func ExampleDecoder() {
	d := dictionary.Decoders("open_flags")
	fmt.Printf("%s\n", d.Append(nil, dictionary.AMD64, 0x80241))
	n, ok := d.Parse(dictionary.AMD64, "O_RDWR|O_CREAT")
	fmt.Println(n, ok)
	// Output:
	// O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC
	// 66 true
}

func ExampleSuggest() {
	fmt.Println(dictionary.Suggest("opnat"))
	// Output: openat
}
