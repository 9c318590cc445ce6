# What can be done here: `make` lists it. Every target works on a bare Debian machine with Rust, run as root, and
# installs what is missing.

# Where cargo builds; handlers go to $(BUILT)/guests, their toolchains to $(BUILT)/toolchains.
BUILT := $(or $(CARGO_TARGET_DIR),target)
# The list of users that `make demo` creates: a CSV file with the columns nick, name and mail.
USERS ?= plugins-examples/create-user/users.csv
# The language of the handler that `make demo` and `make run` use: rust, js, python, c or go.
HANDLER ?= rust
# More options for `make demo`, `make run` and `make bench`: `make demo ARGS="--seed 7 --share 0.5"`; ARGS=--help lists them.
ARGS ?=
# How long `make fuzz` breeds inputs for each target (60 s without) and each round of `make torture` lasts (5 s).
SECONDS ?=
# Which target `make fuzz` takes, all without; KEEP=1 makes what reached new code the target's corpus.
TARGET ?=
KEEP ?=
# How many histories `make sim` lives through.
SEEDS ?= 2000
# How many rounds `make torture` plays, from which seed (by chance if none is given), and by which fault (each in turn if
# none is given; docs/testing.md lists them).
ROUNDS ?= 24
SEED ?=
FAULT ?=

.DEFAULT_GOAL := help
.PHONY: help demo run test release deb audit sim torture fuzz handlers bench bench-handlers lint sdks compiler components build guests mkfs browser prometheus peers

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Create 1,000 users while everything fails, then check them (HANDLER=rust|js|python|c|go, USERS=file.csv, ARGS=…)
	$(BUILT)/release/demo --users '$(USERS)' --handler '$(HANDLER)' $(ARGS)

run: build ## Serve the same set-up for your own hands, until Ctrl-C (HANDLER=…, ARGS=…)
	$(BUILT)/release/demo --serve --dir run --handler '$(HANDLER)' $(ARGS)

test: compiler mkfs browser prometheus lint handlers sdks ## Everything that CI runs: formatting, lints, every example and SDK, every test
	cargo test --locked --workspace
	cargo test --locked --workspace --test sandbox -- --ignored
	.ci/test-packages

release: compiler ## Build the program as it is given away: the same file from the same commit, wherever it is built
	.ci/release

deb: release ## The same, as a Debian package, in $(BUILT)/debian
	.ci/deb

audit: ## Ask RustSec's database whether a package has a known hole (needs github.com, or a copy of it from this week)
	.ci/audit

sim: compiler ## Simulate the state machine on a failing disk: fresh seeds (SEEDS=2000), each replays exactly
	cargo test --locked -p mpy6a-sessions --test sim -- --seeds $(SEEDS)

fuzz: compiler ## Breed hostile inputs for everything that parses (SECONDS=60 for each target, TARGET=config, KEEP=1)
	.ci/fuzz '$(or $(SECONDS),60)' '$(TARGET)' $(if $(KEEP),keep)
torture: compiler mkfs guests ## Kill, freeze, starve and confuse the real host under load, and check all histories (ROUNDS=, SEED=, SECONDS=, FAULT=)
	MPY6A_TORTURE_ROUNDS='$(ROUNDS)' MPY6A_TORTURE_SEED='$(SEED)' MPY6A_TORTURE_SECONDS='$(or $(SECONDS),5)' MPY6A_TORTURE_FAULT='$(FAULT)' \
		cargo test --locked --workspace --test torture -- --nocapture

handlers: compiler ## Build every example in every language, into $(BUILT)/guests
	cargo test --locked --workspace --test conformance --no-run
	MPY6A=$(BUILT)/debug/mpy6a .ci/build-handlers

bench: compiler guests peers ## The host beside the disk, bare gRPC and its peers (ARGS="--only peers", ARGS=--help lists more)
	cargo build --release --locked -p mpy6a -p create-user
	cargo build --release --locked -p mpy6a-bench
	$(BUILT)/release/mpy6a-bench $(ARGS)

bench-handlers: handlers ## What each example costs in each language: runs, loading, memory, size
	cargo build --release --locked -p mpy6a -p create-user
	for example in reminder create-user; do \
		$(BUILT)/release/mpy6a plugin bench --scenarios plugins-examples/$$example/scenarios.toml \
			$$(for language in rust c js go python; do echo $(BUILT)/guests/$$example-$$language.wasm; done); \
	done

# The host, the example's programs, and one handler of it. Only what that language needs is installed.
build: compiler
	cargo build --release --locked -p mpy6a -p create-user
	MPY6A=$(BUILT)/release/mpy6a .ci/build-handlers '$(HANDLER)'

lint: compiler components
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	.ci/tools cargo-deny -- cargo-deny --locked check licenses bans sources
	tests/audit

# The tests that each SDK and each example has in its own language.
sdks:
	.ci/test-sdks

# The handlers in Rust, and the guests of tests.
guests:
	.ci/build-guests

# The systems that the bench measures beside the host.
peers:
	.ci/bench-peers

# Parts of the Rust toolchain that a minimal installation lacks.
components:
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || rustup component add rustfmt clippy

# What the tests of metrics and alerts ask.
prometheus:
	.ci/prometheus

# What makes the small disk that `make torture` fills.
mkfs:
	@command -v mkfs.ext4 >/dev/null && command -v mount >/dev/null || \
		{ apt-get update && apt-get install -y --no-install-recommends e2fsprogs mount; }

# A real Chromium, which looks at the console: 440 MB on a machine that has what GTK needs, 870 MB on one that has nothing.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
		{ apt-get update && apt-get install -y --no-install-recommends chromium chromium-driver fonts-dejavu-core; }

# A C compiler: Rust links with it, and the example's SQLite is compiled by it.
compiler:
	@command -v cc >/dev/null || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
