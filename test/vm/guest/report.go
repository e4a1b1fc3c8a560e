package guest

// Report is what the program test/vm/probe prints, as JSON: what this kernel
// lets a tracer do, found out by trying.
type Report struct {
	Uname    string `json:"uname"`
	BTF      int64  `json:"btf"` // size of /sys/kernel/btf/vmlinux, 0: absent
	LSM      string `json:"lsm"` // active security modules
	Lockdown string `json:"lockdown"`
	CPUs     int    `json:"cpus"`
	Loopback bool   `json:"loopback"`

	Hooks   []Hook              `json:"hooks"`
	Kfuncs  map[string]bool     `json:"kfuncs"`  // name → is in BTF
	Calls   map[string][]string `json:"calls"`   // kfunc or instruction → kinds of program that load with it
	Helpers map[string][]string `json:"helpers"` // helper → kinds of program that may call it
	Maps    map[string]bool     `json:"maps"`
}

// Hook is the fate of one program.
type Hook struct {
	Name     string `json:"name"` // such as fentry/vfs_read
	Loaded   bool   `json:"loaded"`
	Attached bool   `json:"attached"`
	Fired    uint64 `json:"fired"` // how often it ran when it was provoked
	Error    string `json:"error,omitempty"`
}
