package filter_test

import (
	"fmt"
	"log"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
)

func Example() {
	expr, err := filter.Parse(`uid=0 and (event!=openat or openat.pathname="/etc/"*)`)
	if err != nil {
		log.Fatal(err)
	}
	program, err := expr.Compile(filter.Events)
	if err != nil {
		log.Fatal(err)
	}
	e := opened("/etc/passwd", "")
	e.UID = 0
	fmt.Println(program.Match(e), len(program.Plan().Process))
	// Output: true 1
}

func ExampleProgram_Explain() {
	root := filter.And(
		filter.Event(event.ID(257)),
		filter.Follow(filter.In("comm", filter.Text("bash"))),
		filter.In("openat.pathname", filter.Prefix("/etc/")),
		filter.Not(filter.In("openat.pathname", filter.Contains("secret"))),
	)
	program, err := (&filter.Expr{Root: root}).Compile(filter.Events)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(program.Explain())
	// Output:
	// expression  event=openat and follow(comm="bash") and openat.pathname="/etc/"* and openat.pathname!=*"secret"*
	// events      openat
	// kernel      comm="bash", or it held when the process executed a program, or of its parent at fork
	//             openat.pathname="/etc/"*
	// user space  openat.pathname!=*"secret"*
}
