package kernel

// reached says where the object of a call stands, and what is special about it.
type reached struct {
	object uint8
	from   uint8 // the argument with the descriptor, or fromRet
	flags  uint8
}

// reach is the one table about system calls that cannot be derived from the
// dictionary: which object they reach, and how they return.
var reach = map[string]reached{
	"open":              {object: objectFile, from: fromRet},
	"openat":            {object: objectFile, from: fromRet},
	"openat2":           {object: objectFile, from: fromRet},
	"creat":             {object: objectFile, from: fromRet},
	"open_by_handle_at": {object: objectFile, from: fromRet},

	"fork":   {flags: descChild},
	"vfork":  {flags: descChild},
	"clone":  {flags: descChild},
	"clone3": {flags: descChild},

	"execve":       {flags: descEntry | descExec},
	"execveat":     {flags: descEntry | descExec},
	"exit":         {flags: descEntry},
	"exit_group":   {flags: descEntry},
	"rt_sigreturn": {flags: descEntry},
}
