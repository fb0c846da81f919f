//! The official blockchain tests of Osaka, imported by our own `verify`: genesis root, every block's
//! hash, roots and gas, the last block's hash, and the whole state at the end; blocks that must be
//! rejected must be rejected.

mod state_alloc;
mod state_exception;

use std::collections::BTreeMap;

use alloy_eips::eip4895::Withdrawal;
use alloy_primitives::{B256, Bytes, U64};
use alloy_rlp::Decodable;
use mayfly_spec::{Tally, fixtures};
use node_core::{
    chain::{Ancestors, Block, SealedHeader, Transaction, seal},
    execute::{Candidate, Rules, Senders, Verified, VerifyError, verify_candidate},
    state::WorldState,
};
use serde::Deserialize;
use state_alloc::Alloc;

#[test]
fn osaka_blockchain_tests_pass() {
    let Some(files) = fixtures::tgz("smoke_blockchain_osaka.tgz") else { return };
    let (mut tally, mut cases) = (Tally::new("osaka blockchain tests"), 0);
    for (path, json) in files {
        let tests: BTreeMap<String, BlockchainTest> = serde_json::from_slice(&json).expect(&path);
        for (name, test) in &tests {
            tally.record(name, run(test));
            cases += 1;
        }
    }
    tally.finish();
    assert_eq!(cases, 470, "the archive has other cases than it had");
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockchainTest {
    #[serde(rename = "genesisRLP")]
    genesis_rlp: Bytes,
    pre: Alloc,
    post_state: Option<Alloc>,
    post_state_hash: Option<B256>,
    blocks: Vec<TestBlock>,
    #[serde(rename = "lastblockhash")]
    last_block_hash: B256,
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    chainid: U64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestBlock {
    rlp: Bytes,
    expect_exception: Option<String>,
}

/// Where the import stands.
struct Chain {
    head: SealedHeader,
    world: WorldState,
    ancestors: Ancestors,
    rules: Rules,
}

/// Runs one test; says what is wrong.
fn run(test: &BlockchainTest) -> Result<(), String> {
    let mut chain = genesis(test)?;
    for (index, block) in test.blocks.iter().enumerate() {
        let outcome = chain.import(&block.rlp);
        match (outcome, &block.expect_exception) {
            (Ok(()), None) => {}
            (Err(Refusal::Invalid(reason)), Some(expected)) => {
                state_exception::check(expected, &reason)?;
            }
            (Ok(()), Some(expected)) => {
                return Err(format!("block {index}: imported, expected {expected}"));
            }
            (Err(Refusal::Invalid(reason)), None) => {
                return Err(format!("block {index}: rejected: {reason}"));
            }
            (Err(Refusal::Internal(fault)), _) => return Err(format!("block {index}: {fault}")),
        }
    }
    same("last block hash", test.last_block_hash, chain.head.hash())?;
    let root = match (&test.post_state, test.post_state_hash) {
        (Some(post), _) => state_alloc::world(post).root(),
        (None, Some(hash)) => hash,
        (None, None) => return Err("no post-state".to_owned()),
    };
    same("post-state root", root, chain.world.root())
}

fn genesis(test: &BlockchainTest) -> Result<Chain, String> {
    let block = decode(&test.genesis_rlp).map_err(|error| error.to_string())?.block;
    let head = seal(block.header);
    let world = state_alloc::world(&test.pre);
    same("genesis root", head.state_root, world.root())?;
    let rules = Rules::ethereum(test.config.chainid.to());
    Ok(Chain { head, world, ancestors: Ancestors::default(), rules })
}

/// A block that was not imported.
enum Refusal {
    /// It is wrong.
    Invalid(String),
    /// We are.
    Internal(String),
}

impl Chain {
    /// Verifies a block and makes it the head.
    fn import(&mut self, rlp: &[u8]) -> Result<(), Refusal> {
        let body = decode(rlp).map_err(|error| Refusal::Invalid(error.to_string()))?;
        let Body { block, withdrawals } = &body;
        let candidate = Candidate { block, senders: Senders::Recover, withdrawals };
        let Self { head, world, ancestors, rules } = self;
        let Verified { header, world, .. } =
            verify_candidate(head, world, ancestors, rules, candidate).map_err(refusal)?;
        assert_eq!(header.hash(), seal(block.header.clone()).hash());
        self.ancestors.push(self.head.number, self.head.hash());
        self.head = header;
        self.world = world;
        Ok(())
    }
}

fn refusal(error: VerifyError) -> Refusal {
    match error {
        VerifyError::Invalid(invalid) => Refusal::Invalid(invalid.to_string()),
        VerifyError::Internal(fault) => Refusal::Internal(fault.to_string()),
    }
}

/// A block as Ethereum encodes it.
struct Body {
    block: Block,
    withdrawals: Vec<Withdrawal>,
}

fn decode(mut rlp: &[u8]) -> Result<Body, alloy_rlp::Error> {
    let block = alloy_consensus::Block::<Transaction>::decode(&mut rlp)?;
    if !block.body.ommers.is_empty() {
        return Err(alloy_rlp::Error::Custom("ommers"));
    }
    Ok(Body {
        block: Block { header: block.header, transactions: block.body.transactions },
        withdrawals: block.body.withdrawals.unwrap_or_default().into_inner(),
    })
}

fn same(what: &str, expected: B256, got: B256) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: expected {expected}, got {got}")) }
}
