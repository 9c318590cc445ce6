# What can be done here: `make` lists it. Every target works on a bare Debian machine with Rust, run as root, and
# installs what is missing.

# Where cargo builds; handlers go to $(BUILT)/guests.
BUILT := $(or $(CARGO_TARGET_DIR),target)
# The list of users that `make demo` creates: a CSV file with the columns nick, name and mail.
USERS ?= plugins-examples/create-user/users.csv
# More options for `make demo` and `make run`: `make demo ARGS="--seed 7 --share 0.5"`; ARGS=--help lists them.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo run test bench compiler components build guests

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Create 1,000 users while everything fails, then check them (USERS=file.csv, ARGS=…)
	$(BUILT)/release/demo --users '$(USERS)' $(ARGS)

run: build ## Serve the same set-up for your own hands, until Ctrl-C (ARGS=…)
	$(BUILT)/release/demo --serve --dir run $(ARGS)

test: compiler components guests ## Everything that CI runs: formatting, lints, every test
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	cargo test --locked --workspace
	cargo test --locked --workspace --test sandbox -- --ignored

bench: compiler guests ## The quick bench: operations beside a bare echo, repeats from due to committed
	cargo bench --locked -p mpy6a --bench quick

# The host, the example's programs, and the handlers.
build: compiler guests
	cargo build --release --locked -p mpy6a -p create-user

# The handlers, as WebAssembly.
guests:
	.ci/build-guests

# Parts of the Rust toolchain that a minimal installation lacks.
components:
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || rustup component add rustfmt clippy

# A C compiler: Rust links with it, and the example's SQLite is compiled by it.
compiler:
	@command -v cc >/dev/null || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
