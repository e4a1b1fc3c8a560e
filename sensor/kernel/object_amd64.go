package kernel

const objectName = "program_x86_bpfel.o"
