//! First version.
use alloy_consensus as _;
use alloy_eips as _;
use alloy_primitives as _;
use alloy_rlp as _;
use alloy_sol_types as _;
use alloy_trie as _;
use futures as _;
use mayfly_contracts as _;
use node_core as _;
use xxhash_rust as _;
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {}
