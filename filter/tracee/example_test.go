package tracee_test

import (
	"fmt"
	"log"

	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/filter/tracee"
)

func Example() {
	expr, err := tracee.Parse([]string{"comm=bash", "follow", "openat.pathname=/tmp*"}, tracee.Options{})
	if err != nil {
		log.Fatal(err)
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(expr)
	fmt.Println(len(program.Events()), "event")
	// Output:
	// event=openat and follow(comm="bash") and (event!=openat or openat.pathname="/tmp"*)
	// 1 event
}

func Example_mistake() {
	_, err := tracee.Parse([]string{"opnat.pathname=/tmp*"}, tracee.Options{})
	fmt.Println(err)
	// Output:
	// filter "opnat.pathname=/tmp*": there is no event "opnat"
	//   hint: did you mean openat?
}
