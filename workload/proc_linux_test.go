package workload

import "testing"

func TestFromProcReadsThisProcess(t *testing.T) {
	for _, p := range FromProc("/proc") {
		if p.Comm == "workload.test" && len(p.Argv) > 0 && p.Exe != "" && p.MntNS != 0 && p.PidNS != 0 && p.Start != 0 {
			return
		}
	}
	t.Error("this test is not among the processes of /proc")
}
