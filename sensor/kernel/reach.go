package kernel

// reached says where the object of a call stands, and what is special about it.
type reached struct {
	object uint8
	from   uint8 // the argument with the descriptor, or fromRet
	flags  uint8
}

// The usual ones.
var (
	fileReturned   = reached{object: objectFile, from: fromRet}
	fileGiven      = reached{object: objectFile}
	socketReturned = reached{object: objectSocket, from: fromRet}
	socketGiven    = reached{object: objectSocket}
	directory      = reached{object: objectCwd, from: fromRet}
	atEntry        = reached{flags: descEntry}
	twice          = reached{flags: descChild}
)

// reach is the one table about system calls that cannot be derived from the
// dictionary: which object they reach, and how they return.
var reach = map[string]reached{
	"open":              fileReturned,
	"openat":            fileReturned,
	"openat2":           fileReturned,
	"creat":             fileReturned,
	"open_by_handle_at": fileReturned,
	"open_tree":         fileReturned,
	"memfd_create":      fileReturned,
	"memfd_secret":      fileReturned,
	"mq_open":           fileReturned,
	"dup":               fileReturned,
	"dup2":              fileReturned,
	"dup3":              fileReturned,

	"ftruncate":    fileGiven,
	"fallocate":    fileGiven,
	"fchmod":       fileGiven,
	"fchown":       fileGiven,
	"fsetxattr":    fileGiven,
	"fremovexattr": fileGiven,
	"finit_module": fileGiven,
	"getdents":     fileGiven,
	"getdents64":   fileGiven,

	"socket":      socketReturned,
	"accept":      socketReturned,
	"accept4":     socketReturned,
	"connect":     socketGiven,
	"bind":        socketGiven,
	"listen":      socketGiven,
	"shutdown":    socketGiven,
	"sendto":      socketGiven,
	"recvfrom":    socketGiven,
	"sendmsg":     socketGiven,
	"recvmsg":     socketGiven,
	"sendmmsg":    socketGiven,
	"recvmmsg":    socketGiven,
	"getsockname": socketGiven,
	"getpeername": socketGiven,
	"setsockopt":  socketGiven,
	"getsockopt":  socketGiven,

	"chdir":  directory,
	"fchdir": directory,
	"chroot": {object: objectRoot, from: fromRet},

	"fork":   twice,
	"vfork":  twice,
	"clone":  twice,
	"clone3": twice,

	"execve":       {flags: descEntry | descExec},
	"execveat":     {flags: descEntry | descExec},
	"exit":         atEntry,
	"exit_group":   atEntry,
	"rt_sigreturn": {flags: descEntry | descReturn},
	"sigreturn":    {flags: descEntry | descReturn},
}
