package kernel

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/bulwark-security/bulwark/event"
	"github.com/bulwark-security/bulwark/filter"
	"github.com/bulwark-security/bulwark/sensor"
)

func TestGetppid(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := New(Options{}).Open(ctx, []filter.Plan{{Events: []event.ID{110, 257}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := exec.Command("cat", os.DevNull)
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	var b sensor.Batch
	var v event.Value
	for s.Next(&b) == nil {
		for i := range b.Events {
			e := &b.Events[i]
			e.Arg(1, &v)
			p := string(v.Bytes)
			e.Object(event.FieldPath, &v)
			if string(event.Text(&e.Comm)) == "cat" {
				t.Logf("%d %d %s %s %d %d ret %d %s %s", e.Time, e.ID, event.Text(&e.Comm), event.Text(&e.UTS), e.HostPID, e.PPID, e.Ret, p, v.Bytes)
			}
		}
	}
}
