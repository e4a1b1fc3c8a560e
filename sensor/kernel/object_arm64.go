package kernel

const objectName = "program_arm64_bpfel.o"
