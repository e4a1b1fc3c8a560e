package kernel

const (
	objectName    = "program_x86_bpfel.o"
	oldObjectName = "old_x86_bpfel.o"
)
