package kernel

const (
	objectName    = "program_arm64_bpfel.o"
	oldObjectName = "old_arm64_bpfel.o"
)
