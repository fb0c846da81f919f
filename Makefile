# Everything a newcomer types. The work is done by cargo, npm and tests/gate.

.PHONY: demo up functions test check bench load fuzz soak

# Watch a whole event: a flash layer opens, sells, ends, settles, pays out and is gone.
demo:
	cargo run --release --quiet --package mayfly -- demo

# Open a layer of your own, with a development L1 and ten funded accounts.
up:
	cargo run --release --quiet --package mayfly -- up

# Build the functions for AWS Lambda: target/lambda/<function>/bootstrap.zip. cargo-lambda, and the zig that links for
# another processor, come from PyPI. ARCH=x86-64 builds for the other kind of processor. cargo-lambda builds smaller than a
# release is otherwise (link-time optimisation, one unit of code, a panic ends the process), and `sam build` does the same.
ARCH = arm64
LAMBDA = target/cargo-lambda
FUNCTIONS = rpc webhook sequencer bridge teardown operator
functions:
	$(if $(filter arm64,$(ARCH)),rustup target add aarch64-unknown-linux-gnu)
	python3 -m venv $(LAMBDA)
	$(LAMBDA)/bin/pip install --quiet --requirement functions/requirements.txt
	PATH="$(CURDIR)/$(LAMBDA)/bin:$$PATH" cargo lambda build --release --$(ARCH) --output-format zip \
	  $(foreach function,$(FUNCTIONS),--package mayfly-$(function) --bin $(function))

# Install what the tests need into this folder, run everything, print one summary.
test:
	node tests/gate/run.mjs test

# Everything that needs no run: format, lints, docs, floors, purity, licences, artifacts, spelling.
check:
	node tests/gate/run.mjs check

# Measure the parts against their limits, the writer beside bare revm, state in an object store, and a whole layer
# beside anvil (which npm brings).
# Ratios within one run are what counts; figures are left in target/mayfly-bench.json.
bench:
	npm install --no-save --no-audit --no-fund
	cargo bench --package mayfly --package mayfly-bench --bench parts --bench engine --bench state --bench system

# Send a deployment on an emulated cloud 1,000 transactions a second for a minute in requests of 100, then as many as wallets get
# through one by one; start each function cold; and sell tickets beside what `mayfly estimate` says of such a sale.
load:
	node tests/gate/run.mjs tools
	cargo build --release --workspace --bins
	cargo nextest run --release --workspace --test cloud_stories --run-ignored only --no-capture -E 'test(load::)'

# What takes longer than anybody waits for: simulated lives with faults by seed for SECONDS, a minute of each fuzz target,
# and the runner for SECONDS, under load and killed every few seconds. Says what was lost: nothing.
soak:
	node tests/soak/run.mjs $(SECONDS)

# Look for input that crashes a decoder, SECONDS for each target, going on from what was found before.
SECONDS = 300
fuzz:
	node tests/fuzz/run.mjs $(SECONDS)
