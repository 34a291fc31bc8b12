# What can be done here. `make` alone lists it.
.DEFAULT_GOAL := help

SWIFT ?= swift
CC ?= cc
PREFIX ?= /usr/local
DESTDIR ?=
# How long make test-model may ask its model.
MINUTES ?= 60
# How long make fuzz runs each of its targets.
SECONDS ?= 60
# How many requests make soak sends.
REQUESTS ?= 1000000

SPECGEN := Tools/SpecGen
# Libraries to be linked in where otherwise they would be loaded at every start.
STATIC := .build/static
# What nobody looks up by name in the running program is not exported, and addresses are packed, which spares every start of it.
# Functions that run at the start, and in common requests, are side by side: the others, nine in ten, need no memory.
# Types are found by functions, not by name: a name is looked up by going through all conformances of the program.
RELEASE_FLAGS := -c release --static-swift-stdlib --product dbassistd -Xswiftc -use-ld=lld -Xswiftc -Xfrontend -Xswiftc -function-sections \
	-Xlinker --no-export-dynamic -Xlinker --icf=safe -Xlinker -z -Xlinker pack-relative-relocs \
	-Xlinker --symbol-ordering-file=packaging/function-order.txt -Xlinker --no-warn-symbol-ordering \
	-Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors -Xswiftc -L$(STATIC)
RELEASE_BINARY := .build/release/dbassistd
PACKAGE = .build/package/dbassistd_$(shell scripts/version)_$(shell dpkg --print-architecture).deb
FORMATTED := Sources Tests Tools benchmarks Package.swift

# To build, and to use what was built.
BUILD_PACKAGES := libpq-dev libmariadb-dev libsodium-dev libsqlite3-dev libyaml-dev pkg-config
CLIENT_PACKAGES := jq socat sqlite3
# The servers the tests start, and what checks everything else.
TEST_PACKAGES := gcc libc6-dev curl postgresql-15 pgbouncer mariadb-server openssl util-linux netcat-openbsd bats shellcheck strace systemd man-db groff-base python3 python3-jsonschema python3-yaml python3-venv
BENCH_PACKAGES := gcc libc6-dev python3
PACKAGE_PACKAGES := dpkg-dev binutils lintian
# What a clean Debian and an image are made with.
CONTAINER_PACKAGES := mmdebstrap buildah iproute2 postgresql-15 python3-yaml

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

## Packages

.PHONY: deps test-deps bench-deps
deps: ## install the Debian packages that building and running need
	@scripts/install-packages $(BUILD_PACKAGES) $(CLIENT_PACKAGES)

test-deps: ## the same, and those the tests need
	@scripts/install-packages $(BUILD_PACKAGES) $(CLIENT_PACKAGES) $(TEST_PACKAGES)

bench-deps:
	@scripts/install-packages $(BUILD_PACKAGES) $(BENCH_PACKAGES)

## Building and running

.PHONY: build release function-order run demo
build: ## build for debugging
	$(SWIFT) build

release: $(STATIC) ## build the daemon as it is shipped: optimised, the libraries of Swift and C++ inside
	$(SWIFT) build $(RELEASE_FLAGS)

# Where there is only the shared one, that is used. libgcc_eh is the static half of what libgcc_s has.
$(STATIC):
	@mkdir -p $@
	@for name in stdc++ gcc_s:gcc_eh; do \
	    library=$$(clang -print-file-name="lib$${name#*:}.a") && if [ -e "$$library" ]; then ln -s "$$library" "$@/lib$${name%:*}.a"; fi; \
	done

function-order: release ## bring the order of functions up to date, after much has changed, and link by it
	@scripts/install-packages valgrind binutils postgresql-15 mariadb-server python3
	@scripts/function-order $(RELEASE_BINARY) > .build/function-order.txt
	@mv .build/function-order.txt packaging/function-order.txt
	@rm $(RELEASE_BINARY)
	@$(MAKE) release

run: deps release ## build, and run the daemon in the foreground with a sample database
	@scripts/run-daemon $(RELEASE_BINARY)

demo: deps release ## show the daemon at work in a temporary directory, and leave nothing behind
	@scripts/demo $(RELEASE_BINARY)

## Tests. Each part stands alone; `make test` runs them all, goes on after a failure and says at the end what failed.

.PHONY: test test-build test-swift test-sanitized test-full test-one test-specgen test-openrpc test-client test-guide test-evaluation test-model test-packaging
test: test-deps ## run every test and check
	@scripts/test-all

test-build:
	$(SWIFT) build --build-tests

test-swift: ## run the tests of the daemon; they start database servers of their own and stop them
	@scripts/test-swift

test-sanitized: test-deps ## run all tests but those of the whole daemon with the address sanitizer, in a build of its own
	@scripts/test-swift --sanitize

test-full: test-deps test-build ## run the tests that take a part of the load in `make test` with all of it: two hours, most of them for crashes and failing calls
	DBASSIST_TEST_FULL=1 $(SWIFT) test --skip-build --no-parallel --filter 'DaemonTests\.((Chat)?Crash|Drain|FaultInjection|Flood|ForeignID|HashQueue|Login|PolicySilence|Pooler|SlowClient|UnreadResult)Tests|SecurityTests\.SealerTests'

test-one: ## run the tests that match: make test-one FILTER=QueryRunTests
	@test -n "$(FILTER)" || { echo "Say which: make test-one FILTER=QueryRunTests" >&2; exit 2; }
	$(SWIFT) test --filter "$(FILTER)"

test-specgen: ## run the tests of the generator
	$(SWIFT) test --package-path $(SPECGEN)

test-openrpc: ## check spec/openrpc.json against OpenRPC's own schema
	@scripts/check-openrpc

test-client: ## run the tests of the shell client
	@scripts/test-client

test-guide: ## run every command of the operator's guide, docs/assistant.md, docs/editors.md and README.md, and look at what they promise
	@scripts/test-guide .build/debug/dbassistd

test-packaging: ## check what packages and releases are made from: manual pages, units, workflows, image
	@scripts/test-packaging .build/debug/dbassistd

test-evaluation: ## check the questions of the evaluation on every engine, and what judges the answers
	@evaluation/check

test-model: test-deps build ## test the assistant with a small real model, which is downloaded once: a gigabyte
	@evaluation/test-model .build/debug/dbassistd --minutes $(MINUTES)

.PHONY: fuzz
fuzz: ## run what reads strangers' bytes on any bytes, SECONDS for each of seven targets
	@scripts/fuzz $(SECONDS)

## Generated files

.PHONY: generate check-generated man
generate: ## write Swift, openrpc.json, documents and completions from spec/
	$(SWIFT) run --package-path $(SPECGEN) specgen --root .

check-generated: ## fail if a generated file is not what spec/ says
	$(SWIFT) run --package-path $(SPECGEN) specgen --check --root .

man: build ## write the manual pages and the completion of the daemon from what it says of itself
	@scripts/man-pages .build/debug/dbassistd

## Style

.PHONY: format lint lint-swift lint-shell lint-size lint-links
format: ## format all Swift
	$(SWIFT) format --in-place --recursive $(wildcard $(FORMATTED))

lint: lint-swift lint-shell lint-size lint-links ## check formatting, shell scripts, sizes and links

lint-swift:
	$(SWIFT) format lint --strict --recursive $(wildcard $(FORMATTED))

lint-shell:
	@scripts/lint-shell

lint-size:
	@scripts/style-check

lint-links:
	@scripts/check-links

## Benchmarks

.PHONY: bench soak
bench: bench-deps release benchmarks/.build/rpcload benchmarks/.build/pwverify ## measure beside what else could be used; prints ratios
	@benchmarks/run $(RELEASE_BINARY)

soak: bench-deps release benchmarks/.build/heap.so ## send REQUESTS of every kind and see whether the daemon grows: a quarter of an hour
	@benchmarks/soak.py $(RELEASE_BINARY) --requests $(REQUESTS)

benchmarks/.build/%.so: benchmarks/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC -pthread -o $@ $<

benchmarks/.build/%: benchmarks/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -o $@ $< $(if $(filter %pwverify,$@),-lsodium)

.PHONY: eval
eval: test-deps release ## ask a model 66 questions: that of DBASSIST_MODEL_URL and DBASSIST_MODEL, else the small one
	@evaluation/run $(RELEASE_BINARY) --json .build/eval.json

## Installing

.PHONY: install uninstall clean
# Built beforehand, by the user who owns the source: `make release && sudo make install`.
install: ## install daemon, client, manual pages, completions and units under PREFIX (/usr/local)
	@test -x $(RELEASE_BINARY) || { echo "There is nothing to install yet; run make release first." >&2; exit 1; }
	@DESTDIR="$(DESTDIR)" scripts/install-files "$(PREFIX)" $(RELEASE_BINARY)

uninstall: ## remove what install installed
	@DESTDIR="$(DESTDIR)" scripts/install-files --remove "$(PREFIX)"

## Packages and images

.PHONY: package check-package test-package test-container
package: deps ## make a Debian package of the release build, in .build/package
	@scripts/install-packages $(PACKAGE_PACKAGES)
	@test -x $(RELEASE_BINARY) || { echo "There is nothing to pack yet; run make release first." >&2; exit 1; }
	@scripts/make-package $(RELEASE_BINARY)

check-package: package ## look at that package: lintian, its files, its units
	@scripts/check-package $(PACKAGE)

test-package: package ## install that package in a clean Debian with systemd, use it, and remove it; as root
	@scripts/install-packages mmdebstrap
	@scripts/test-package $(PACKAGE)

test-container: package ## build the image around that package, and run compose.yaml without an engine; as root
	@scripts/install-packages $(CONTAINER_PACKAGES)
	@scripts/test-container $(PACKAGE)

clean: ## remove everything that was built; run/ with its databases stays
	rm -rf .build $(SPECGEN)/.build benchmarks/.build
