# One static binary and nothing else: no shell, no packages, no kernel headers.
#
#   docker build -t bulwark .
#   docker run --rm -it --pid=host --cgroupns=host \
#     --cap-drop=ALL --cap-add=BPF --cap-add=PERFMON --cap-add=SYS_PTRACE bulwark trace
#
# docs/how-to/container.md says what each capability and mount is for.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /bulwark .

FROM scratch
COPY --from=build /bulwark /bulwark
COPY LICENSE /LICENSE
ENTRYPOINT ["/bulwark"]
CMD ["trace"]
