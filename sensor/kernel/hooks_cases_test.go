package kernel

import "golang.org/x/sys/unix"

// hookCases has a row for every event that is no system call. Who runs the table
// with BULWARK_TEST_MODULE=FILE.ko has modules loaded and unloaded.
var hookCases = []hookCase{
	// life cycle
	{event: "sched_process_fork", do: runChild("exit7"), args: map[string]string{
		"parent_tid": "*", "child_tid": "*", "child_pid": "*", "child_ns_pid": "*", "child_start": "*",
	}},
	{event: "sched_process_exec", do: runChild("exit7", "one", "", "three"), args: map[string]string{
		"cmdpath": "{exe}", "pathname": "{exe}", "argv": "[{exe} one  three]", "env": "-",
		"dev": "*", "inode": "*", "invoked_from_kernel": "0", "ctime": "{ctime}", "stdin_type": "*S_IFCHR*",
	}, object: map[string]string{"exe": "{exe}", "interp": "{exe}", "cwd": "/*", "mode": "*S_IFREG*"}},
	{event: "sched_process_exit", do: runChild("exit7"), args: map[string]string{"exit_code": "1792", "group_dead": "1"}},
	{event: "do_exit", do: runChild("exit7"), ret: "1792"},
	{event: "task_rename", do: renameThread, args: map[string]string{"old_name": "*", "new_name": "bulwark-hook", "tid": "*"}},
	{event: "cgroup_mkdir", do: makeCgroup, needs: needsCgroup, args: map[string]string{
		"cgroup_id": "*", "cgroup_path": "*/bulwark-test-{pid}", "hierarchy_id": "*", "names_containers": "*",
	}},
	{event: "cgroup_rmdir", do: makeCgroup, needs: needsCgroup, args: map[string]string{
		"cgroup_id": "*", "cgroup_path": "*/bulwark-test-{pid}", "hierarchy_id": "*",
	}},
	{event: "cgroup_attach_task", do: enterCgroup, needs: needsCgroup, args: map[string]string{
		"cgroup_path": "*/bulwark-test-{pid}", "comm": "*", "pid": "*", "cgroup_id": "*",
	}},
	{event: "commit_creds", do: changeFSUID, args: map[string]string{"old_cred": "*", "new_cred": "*1234*", "syscall": "setfsuid"}},
	{event: "switch_task_ns", do: unshareUTS, args: map[string]string{
		"pid": "*", "new_uts": "*", "new_mnt": "-", "new_pid": "-", "new_ipc": "-", "new_net": "-", "new_cgroup": "-",
	}},
	{event: "init_namespaces", args: map[string]string{"mnt": "*", "pid": "*", "uts": "*", "user": "*", "net": "*"}},
	{event: "sched_switch", args: map[string]string{"cpu": "*", "prev_comm": "*", "next_comm": "*"}},

	// security
	{event: "cap_capable", do: makeDevice, args: map[string]string{"cap": "CAP_MKNOD", "syscall": "mknodat"}},
	{event: "security_bprm_check", do: runChild("exit7"), args: map[string]string{"pathname": "{exe}", "dev": "*", "inode": "*"},
		object: map[string]string{"path": "{exe}", "mode": "*S_IFREG*"}},
	{event: "security_file_open", do: openFile, args: map[string]string{
		"pathname": "{dir}/opened", "flags": "*O_WRONLY|O_CREAT|O_EXCL*", "dev": "*", "inode": "*", "ctime": "*", "syscall": "openat",
	}, object: map[string]string{"path": "{dir}/opened"}},
	{event: "security_inode_unlink", do: changeNames, args: map[string]string{"pathname": "{dir}/renamed"}},
	{event: "security_inode_rename", do: changeNames, args: map[string]string{"old_path": "{dir}/file", "new_path": "{dir}/renamed"}},
	{event: "security_inode_symlink", do: changeNames, args: map[string]string{"linkpath": "{dir}/link", "target": "some/target"}},
	{event: "security_inode_mknod", do: changeNames, args: map[string]string{"file_name": "{dir}/fifo", "mode": "S_IFIFO|*", "dev": "0"}},
	{event: "security_socket_create", do: useSockets, args: map[string]string{"family": "AF_INET", "type": "SOCK_STREAM*", "protocol": "*", "kern": "0"}},
	{event: "security_socket_bind", do: useSockets, args: map[string]string{"sockfd": "*", "local_addr": "*127.0.0.1*"}},
	{event: "security_socket_listen", do: useSockets, args: map[string]string{"sockfd": "*", "local_addr": "*127.0.0.1*", "backlog": "5"}},
	{event: "security_socket_connect", do: useSockets, args: map[string]string{"sockfd": "*", "remote_addr": "*127.0.0.1*"}},
	{event: "security_socket_accept", do: useSockets, args: map[string]string{"sockfd": "*", "local_addr": "*127.0.0.1*"}},
	{event: "security_sb_mount", do: mountTmpfs, args: map[string]string{"dev_name": "bulwark", "path": "{dir}", "type": "tmpfs", "flags": "*MS_NOEXEC*"}},
	{event: "security_bpf", do: makeMap, args: map[string]string{"cmd": "BPF_MAP_CREATE"}},
	{event: "security_bpf_map", do: makeMap, args: map[string]string{"map_id": "*", "map_name": "bulwark_test"}},
	{event: "security_kernel_read_file", do: loadModule, needs: needsModule, args: map[string]string{"pathname": "*.ko*", "type": "*"}},
	{event: "security_kernel_post_read_file", do: loadModule, needs: needsModule, args: map[string]string{"pathname": "*.ko*", "size": "*", "type": "*"}},

	// files and memory
	{event: "vfs_write", do: writeFile, ret: "11", args: map[string]string{
		"pathname": "{dir}/written", "dev": "*", "inode": "*", "count": "11", "pos": "6",
	}, object: map[string]string{"path": "{dir}/written"}},
	{event: "vfs_writev", do: writeFile, ret: "6", args: map[string]string{"pathname": "{dir}/written", "vlen": "2", "pos": "0"}},
	{event: "magic_write", do: writeFile, args: map[string]string{"pathname": "{dir}/written", "bytes": "*", "inode": "*"}},
	{event: "mem_prot_alert", do: protect(unix.PROT_WRITE|unix.PROT_EXEC, 0), args: map[string]string{
		"alert": "Mmaped region with W+E permissions!", "length": "8192", "prev_prot": "-",
	}},
	{event: "mem_prot_alert", do: protect(unix.PROT_READ, unix.PROT_READ|unix.PROT_EXEC), args: map[string]string{
		"alert": "Protection changed to Executable!", "length": "8192", "prot": "PROT_READ|PROT_EXEC", "prev_prot": "PROT_READ",
	}},
	{event: "mem_prot_alert", do: protect(unix.PROT_READ|unix.PROT_EXEC, unix.PROT_WRITE|unix.PROT_EXEC), args: map[string]string{
		"alert": "Protection changed from E to W+E!",
	}},
	{event: "mem_prot_alert", do: protect(unix.PROT_WRITE|unix.PROT_EXEC, unix.PROT_READ|unix.PROT_EXEC), args: map[string]string{
		"alert": "Protection changed from W+E to E!",
	}},
	{event: "io_uring_submit_req", do: submitNop, needs: needsURing, args: map[string]string{"opcode": "IORING_OP_NOP", "user_data": "4711"}},

	// network and signals
	{event: "socket_dup", do: useSockets, args: map[string]string{"oldfd": "*", "newfd": "*", "remote_addr": "*127.0.0.1*"}},
	{event: "inet_sock_set_state", do: useSockets, args: map[string]string{
		"old_state": "TCP_CLOSE", "new_state": "TCP_SYN_SENT", "family": "AF_INET", "protocol": "IPPROTO_TCP", "remote_addr": "*127.0.0.1*",
	}},
	{event: "signal_generate", do: signalSelf, args: map[string]string{
		"sig": "SIGUSR1", "code": "*", "comm": "*", "pid": "{pid}", "result": "*",
	}},
	{event: "signal_deliver", do: signalSelf, args: map[string]string{"sig": "SIGUSR1", "handler": "0x*", "flags": "*SA_*"}},

	// modules
	{event: "module_load", do: loadModule, needs: needsModule, args: map[string]string{"name": "*"}},
	{event: "module_free", do: loadModule, needs: needsModule, args: map[string]string{"name": "*"}},
}
