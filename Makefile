# What a developer of bulwark types. `make` lists the targets.

GO        ?= go
FUZZTIME  ?= 10m
# The whole-program tests under test/ start bulwark as a program of its own and
# measure: the race detector would see nothing there, and slow them down.
RACE      = ./cmd/... ./event/... ./filter/... ./sensor/... ./watch/... ./workload/... ./internal/...

.DEFAULT_GOAL := help
.PHONY: help build test vet layers race unit bench fuzz soak generate check-generated vm-test cross clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the program, static, as ./bulwark
	CGO_ENABLED=0 $(GO) build -trimpath -o bulwark .

test: vet layers unit race ## everything that is checked before a commit (as root: with the kernel)

vet: ## go vet, gofmt and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'gofmt would change these files' >&2; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

layers: ## imports, dependencies and doc comments
	$(GO) test -count=1 ./internal/layers

unit: ## all tests but those of the virtual machines
	$(GO) test -count=1 -timeout 15m $$($(GO) list ./... | grep -v /test/)
	$(GO) test -count=1 -timeout 15m -p 1 $$($(GO) list ./test/... | grep -v /test/vm)

race: ## the tests again, with the race detector
	$(GO) test -race -timeout 15m $(RACE)

bench: ## measure and write docs/performance.md (as root)
	$(GO) run ./test/bench -write docs/performance.md

fuzz: ## every fuzzer for FUZZTIME (10m)
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

soak: ## the long runs (as root)
	BULWARK_TEST_SOAK=1 $(GO) test -count=1 -v -timeout 2h -run Soak ./test/...

generate: ## kernel programs (needs clang-14) and reference docs
	$(GO) generate ./...

check-generated: generate ## generate and fail on a difference
	git diff --exit-code
	@test -z "$$(git status --porcelain --untracked-files=normal)" || { git status --short; echo 'generating left files that are not committed' >&2; exit 1; }

vm-test: ## the same on Debian's kernels, in virtual machines
	$(GO) test -count=1 -v -timeout 30m ./test/vm/...

cross: ## everything builds for arm64, and what needs no kernel for other systems
	GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...
	GOOS=darwin GOARCH=arm64 $(GO) build ./event/... ./filter/... ./sensor

clean: ## remove what building and testing left
	rm -f bulwark
	$(GO) clean -testcache
