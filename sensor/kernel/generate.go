package kernel

//go:generate go tool bpf2go -tags linux -target amd64,arm64 -cc clang-14 -strip llvm-strip -no-global-types program bpf/sensor.bpf.c -- -O2 -mcpu=v3 -Wall -Werror -Wno-unused-function -Wno-compare-distinct-pointer-types
//go:generate go tool bpf2go -tags linux -target amd64,arm64 -cc clang-14 -strip llvm-strip -no-global-types old bpf/sensor.bpf.c -- -DOLD -O2 -mcpu=v3 -Wall -Werror -Wno-unused-function -Wno-compare-distinct-pointer-types
