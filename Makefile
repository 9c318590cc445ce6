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

.DEFAULT_GOAL := help
.PHONY: help demo run test handlers bench bench-handlers lint sdks compiler components build guests peers

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Create 1,000 users while everything fails, then check them (HANDLER=rust|js|python|c|go, USERS=file.csv, ARGS=…)
	$(BUILT)/release/demo --users '$(USERS)' --handler '$(HANDLER)' $(ARGS)

run: build ## Serve the same set-up for your own hands, until Ctrl-C (HANDLER=…, ARGS=…)
	$(BUILT)/release/demo --serve --dir run --handler '$(HANDLER)' $(ARGS)

test: compiler lint handlers sdks ## Everything that CI runs: formatting, lints, every example and SDK, every test
	cargo test --locked --workspace
	cargo test --locked --workspace --test sandbox -- --ignored

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

# A C compiler: Rust links with it, and the example's SQLite is compiled by it.
compiler:
	@command -v cc >/dev/null || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
