#!/bin/sh
# RUSTC_WORKSPACE_WRAPPER of the fuzz targets: counts edges and traces comparisons in our own crates.
#
# What is listed here is what `cargo fuzz --sanitizer none` sets, and it works with stable Rust. Set as
# a wrapper for the crates of the workspace and not as RUSTFLAGS, it leaves all dependencies as every
# other build made them.
rustc=$1
shift
case "$CARGO_PKG_NAME" in
node-core | mayfly-fuzz | mayfly-l1 | mayfly-webhook) ;;
*) exec "$rustc" "$@" ;;
esac
exec "$rustc" "$@" \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
    -Ccodegen-units=1
