package dictionary

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bulwark-security/bulwark/internal/corpora"
)

// splitArgs reads "int dirfd; const char* pathname".
func splitArgs(text string) (args [][2]string) {
	if text == "-" || text == "" {
		return nil
	}
	for a := range strings.SplitSeq(text, "; ") {
		i := strings.LastIndexByte(a, ' ')
		args = append(args, [2]string{a[:i], a[i+1:]})
	}
	return args
}

func splitSets(text string) []string {
	if text == "-" || text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// fixes are the prototypes to use instead of those of the tables, by event and
// architecture.
func fixes(t *testing.T) map[string]string {
	fixed := map[string]string{}
	for _, row := range corpora.TSV(t, "tracee", "events_fixes.tsv") {
		if row["args"] == "-" {
			continue
		}
		for name := range strings.SplitSeq(row["event"], ", ") {
			for _, arch := range []string{"x86_64", "arm64"} {
				if row["arch"] == arch || row["arch"] == "any" {
					fixed[name+"/"+arch] = row["args"]
				}
			}
		}
	}
	return fixed
}

// numbers32 are the numbers that the corpus took from Tracee's translation
// table and that the kernel's own tables give to another call.
var numbers32 = map[string]string{
	"mmap/x86_64":           "90 is old_mmap, whose arguments are in a structure; mmap2 is 192",
	"mmap/arm64":            "90 is not implemented; mmap2 is 192",
	"select/x86_64":         "82 is the old call, whose arguments are in a structure; _newselect is 142",
	"umount/x86_64":         "22 is the old call without flags; umount2 is 52",
	"sysctl/x86_64":         "the corpus has no number; the kernel's is 149",
	"afs/x86_64":            "the corpus has no number; the kernel's is 137",
	"pivot_root/arm64":      "217 is i386's number; arm EABI's is 218",
	"getdents64/arm64":      "220 is i386's number; arm EABI's is 217",
	"semop/arm64":           "the corpus has no number; arm EABI's is 298",
	"accept/arm64":          "the corpus has no number; arm EABI's is 285",
	"mincore/arm64":         "218 is i386's number; arm EABI's is 219",
	"madvise/arm64":         "219 is i386's number; arm EABI's is 220",
	"fadvise64/arm64":       "the corpus has no number; arm_fadvise64_64 is 270",
	"sync_file_range/arm64": "the corpus has no number; arm_sync_file_range is 341",
	"kexec_file_load/arm64": "the corpus has no number; arm EABI's is 401",
}

func checkRow(row map[string]string, arch string, fixed map[string]string) error {
	e := Lookup(row["name"])
	if e == nil {
		return fmt.Errorf("no such event")
	}
	a, id := AMD64, strconv.Itoa(int(e.ID))
	if arch == "arm64" {
		a = ARM64
	}
	if row["kind"] == "syscall" {
		id = strconv.Itoa(e.Number[a])
		if e.Number[a] >= 0 && Native(a, false, e.Number[a]) != e {
			return fmt.Errorf("its number %s is not found again", id)
		}
	}
	if id != row["id"] {
		return fmt.Errorf("number is %s, want %s", id, row["id"])
	}
	id32 := "-"
	if e.Number32[a] >= 0 {
		id32 = strconv.Itoa(e.Number32[a])
	}
	if _, known := numbers32[e.Name+"/"+arch]; id32 != row["id32"] && !known {
		return fmt.Errorf("32-bit number is %s, want %s", id32, row["id32"])
	}
	want := splitSets(row["sets"])
	if row["name"] == "umount2" {
		want = []string{"default", "syscalls", "fs"} // as its row for x86-64 has them
	}
	if !slices.Equal(e.Sets, want) {
		return fmt.Errorf("sets are %v, want %v", e.Sets, want)
	}
	args := row["args"]
	if f, ok := fixed[row["name"]+"/"+arch]; ok {
		args = f
	}
	return checkArgs(e, args, arch)
}

func checkArgs(e *Event, text, arch string) error {
	want := splitArgs(text)
	// What the kernel has on arm64 in another order stands in the record in x86-64's.
	if e.Name == "clone" && arch == "arm64" {
		want[3], want[4] = want[4], want[3]
	}
	if len(e.Args) < len(want) || e.Kind == Syscall && len(e.Args) > len(want) {
		return fmt.Errorf("has %d arguments, want %d", len(e.Args), len(want))
	}
	for i, w := range want {
		if a := e.Args[i]; a.Type != w[0] || a.Name != w[1] {
			return fmt.Errorf("argument %d is %s %s, want %s %s", i, a.Type, a.Name, w[0], w[1])
		}
	}
	return nil
}

func testTable(t *testing.T, file, arch string) {
	fixed := fixes(t)
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", file) {
		results[row["name"]] = checkRow(row, arch, fixed)
	}
	corpora.Report(t, "tracee", file, results)
}

func TestCorpusEventsX86(t *testing.T)   { testTable(t, "events_x86_64.tsv", "x86_64") }
func TestCorpusEventsARM64(t *testing.T) { testTable(t, "events_arm64.tsv", "arm64") }

func TestCorpusEventsLater(t *testing.T) {
	old := map[string]bool{}
	for _, row := range corpora.TSV(t, "tracee", "events_x86_64.tsv") {
		old[row["name"]] = true
	}
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", "events_later.tsv") {
		results[row["name"]] = checkLater(row, old[row["name"]])
	}
	corpora.Report(t, "tracee", "events_later.tsv", results)
}

// checkLater compares a row of a later version. Where 2021 has the event, its
// arguments come first and those that are later are appended.
func checkLater(row map[string]string, old bool) error {
	e := Lookup(row["name"])
	if e == nil {
		return fmt.Errorf("no such event")
	}
	if old {
		for _, w := range splitArgs(row["args"]) {
			if e.ArgIndex(w[1]) < 0 {
				return fmt.Errorf("no argument %s", w[1])
			}
		}
		return nil
	}
	want := slices.DeleteFunc(splitSets(row["sets"]), func(s string) bool { return s == "default" })
	if !slices.Equal(e.Sets, want) {
		return fmt.Errorf("sets are %v, want %v", e.Sets, want)
	}
	if e.Origin != "later" {
		return fmt.Errorf("origin is %s", e.Origin)
	}
	return checkArgs(e, row["args"], "x86_64")
}

func TestCorpusEventsFixes(t *testing.T) {
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", "events_fixes.tsv") {
		for name := range strings.SplitSeq(row["event"], ", ") {
			e := Lookup(name)
			switch {
			case e == nil:
				results[name] = fmt.Errorf("no such event")
			case row["args"] != "-":
				results[name+"/"+row["arch"]] = checkArgs(e, row["args"], row["arch"])
			case strings.Contains(name, "listxattr"):
				results[name] = want(e.Args[e.ArgIndex("list")].Class == Strings, "list is not a vector of strings")
			case strings.Contains(name, "readlink"):
				results[name] = want(e.Args[e.ArgIndex("buf")].Length == LengthRet, "buf is not cut to the return value")
			default:
				results[name] = want(len(e.Aliases) > 0, "has no alias")
			}
		}
	}
	for name, other := range map[string]string{"umount": "umount2", "sysctl": "_sysctl", "afs": "afs_syscall"} {
		results[name] = want(Lookup(name) == Lookup(other), other+" is another event")
	}
	corpora.Report(t, "tracee", "events_fixes.tsv", results)
}

func want(ok bool, otherwise string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s", otherwise)
}

func TestCorpusAbsentOnARM64(t *testing.T) {
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", "arm64_absent.tsv") {
		e := Lookup(row["name"])
		// umount is called umount2 there, and has its number.
		results[row["name"]] = want(e != nil && (e.Number[ARM64] < 0 || row["name"] == "umount"), "has a number on arm64")
	}
	corpora.Report(t, "tracee", "arm64_absent.tsv", results)
}

func TestCorpusSets(t *testing.T) {
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", "sets.tsv") {
		for column, arch := range map[string]Arch{"x86_64": AMD64, "arm64": ARM64} {
			want := splitSets(row["members_"+column])
			var got []string
			for _, e := range Members(row["set"]) {
				if e.Origin == "2021-01" && (e.Kind == Other || e.Number[arch] >= 0) {
					got = append(got, e.Name)
				}
			}
			// On arm64 the corpus lacks umount2, which is a fix.
			got = slices.DeleteFunc(got, func(name string) bool { return arch == ARM64 && name == "umount" })
			slices.Sort(want)
			slices.Sort(got)
			var err error
			if !slices.Equal(got, want) {
				err = fmt.Errorf("members are %v, want %v", got, want)
			}
			results[row["set"]+"/"+column] = err
		}
	}
	corpora.Report(t, "tracee", "sets.tsv", results)
}

func TestCorpusArgTypes(t *testing.T) {
	classes := map[string]Class{
		"ptr": Pointer, "str": String, "strarr": Strings, "int": Int, "uint": Uint, "long": Long, "ulong": Ulong,
		"size": Ulong, "off": Ulong, "dev": Uint, "mode": Uint, "sockaddr": Sockaddr, "alert": Uint,
	}
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", "arg_types.tsv") {
		class, ok := classes[row["decoded_as"]]
		got := classOf(row["declared_type"])
		results[row["declared_type"]] = want(ok && got == class, fmt.Sprintf("class is %d, want %s", got, row["decoded_as"]))
	}
	corpora.Report(t, "tracee", "arg_types.tsv", results)
}

// decoderNames are the dictionary's names of the corpus's decoders, where they
// differ.
var decoderNames = map[string]string{
	"clone_flags plus CLONE_NEWTIME (0x80)": "unshare_flags",
	"open_flags without the access mode":    "fd_flags",
}

func TestCorpusArgDecoders(t *testing.T) {
	results := map[string]error{}
	for _, row := range corpora.TSV(t, "tracee", "arg_decoders.tsv") {
		results[row["event"]+"."+row["argument"]] = checkDecoder(row)
	}
	corpora.Report(t, "tracee", "arg_decoders.tsv", results)
}

func checkDecoder(row map[string]string) error {
	e := Lookup(row["event"])
	if e == nil || e.ArgIndex(row["argument"]) < 0 {
		return fmt.Errorf("no such argument")
	}
	a := e.Args[e.ArgIndex(row["argument"])]
	if a.Decoded != (row["decoded_2021"] == "yes") {
		return fmt.Errorf("decoded is %t", a.Decoded)
	}
	name := row["decoder"]
	if n, ok := decoderNames[name]; ok {
		name = n
	}
	name, _, _ = strings.Cut(name, ", only")
	switch {
	case name == "sockaddr":
		return want(a.Class == Sockaddr, "is no socket address")
	case name == "socket_options":
		return want(strings.HasSuffix(a.Decoder, "sockopt_name"), "decoder is "+a.Decoder)
	case a.Decoder != name:
		return fmt.Errorf("decoder is %q, want %q", a.Decoder, name)
	}
	return nil
}

// TestCorpusFlagsDecode leaves alerts with data and addresses to package event.
func TestCorpusFlagsDecode(t *testing.T) {
	results := map[string]error{}
	for _, line := range corpora.Lines(t, "tracee", "flags_decode.jsonl") {
		var c struct {
			ID, Kind, Arch, Raw, Expect string
			Payload                     int
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if c.Payload != 0 || c.Kind == "ipv4" || c.Kind == "ipv6" {
			continue
		}
		results[c.ID] = checkDecode(c.Kind, c.Arch, c.Raw, c.Expect)
	}
	corpora.Report(t, "tracee", "flags_decode.jsonl", results)
}

func checkDecode(kind, arch, text, want string) error {
	d := Decoders(kind)
	if d == nil {
		return fmt.Errorf("no decoder %s", kind)
	}
	raw, err := parseNumber(text)
	if err != nil {
		return err
	}
	for a, name := range []string{"x86_64", "arm64"} {
		if arch != name && arch != "any" {
			continue
		}
		got := string(d.Append(nil, Arch(a), raw))
		if got != want {
			return fmt.Errorf("%s %s is %q, want %q", kind, text, got, want)
		}
		back, ok := d.Parse(Arch(a), got)
		if again := string(d.Append(nil, Arch(a), back)); !ok && got != "" || ok && again != got {
			return fmt.Errorf("%s %q is read as %#x, %t, which prints as %q", kind, got, back, ok, again)
		}
	}
	return nil
}

// valueTables are the dictionary's names of the corpus's value tables, where
// they differ, with the values that the decoder has no use for.
var valueTables = map[string]struct {
	decoder string
	without []string
}{
	"access_modes":    {decoder: "access_mode"},
	"at_flags":        {decoder: "at_flags", without: []string{"AT_FDCWD", "AT_EACCESS", "AT_EXECVE_CHECK"}},
	"bpf_cmds":        {decoder: "bpf_cmd"},
	"bpf_prog_types":  {decoder: "bpf_prog_type"},
	"capabilities":    {decoder: "capability"},
	"clone_flags":     {decoder: "clone_flags", without: []string{"CLONE_NEWTIME"}},
	"inode_modes":     {decoder: "inode_mode"},
	"memfd_flags":     {decoder: "memfd_flags", without: []string{"MFD_HUGE_SHIFT", "MFD_HUGE_MASK"}},
	"mmap_flags":      {decoder: "mmap_flags", without: []string{"MAP_FILE", "MAP_TYPE", "MAP_HUGE_SHIFT", "MAP_HUGE_MASK"}},
	"mmap_prot":       {decoder: "mem_prot"},
	"open_flags":      {decoder: "open_flags", without: []string{"O_ACCMODE", "__O_TMPFILE"}},
	"prctl_options":   {decoder: "prctl_option"},
	"ptrace_requests": {decoder: "ptrace_request"},
	"socket_domains":  {decoder: "socket_domain"},
	"socket_options":  {decoder: "setsockopt_name"},
	"socket_types":    {decoder: "socket_type"},
}

// TestCorpusValues compares the numbers behind the names.
func TestCorpusValues(t *testing.T) {
	for _, file := range []string{
		"access_modes", "at_flags", "bpf_cmds", "bpf_prog_types", "capabilities", "clone_flags", "epoll_ops", "errno",
		"fcntl_cmds", "inode_modes", "keyctl", "madvise", "memfd_flags", "mmap_flags", "mmap_prot", "mount_flags", "msg_flags",
		"open_flags", "prctl_options", "ptrace_requests", "rename_flags", "rlimits", "sched_policies", "signals",
		"socket_domains", "socket_levels", "socket_options", "socket_types", "umount_flags",
	} {
		t.Run(file, func(t *testing.T) {
			table := valueTables[file]
			if table.decoder == "" {
				table.decoder = file
			}
			results := map[string]error{}
			for _, row := range corpora.TSV(t, "tracee", "values", file+".tsv") {
				if !slices.Contains(table.without, row["name"]) {
					results[row["name"]+"/"+row["arch"]] = checkValue(Decoders(table.decoder), row)
				}
			}
			corpora.Report(t, "tracee", "values/"+file+".tsv", results)
		})
	}
}

func checkValue(d *Decoder, row map[string]string) error {
	want, err := parseNumber(row["value"])
	if err != nil {
		return err
	}
	for a, name := range []string{"x86_64", "arm64"} {
		if row["arch"] != name && row["arch"] != "any" {
			continue
		}
		got, ok := d.Parse(Arch(a), row["name"])
		if !ok || narrow(got) != narrow(want) {
			return fmt.Errorf("%s is %#x, %t, want %#x", row["name"], got, ok, want)
		}
	}
	return nil
}
