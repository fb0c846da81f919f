//! A crowd of holders: sealed, settled, published, and some of them paid. What it takes is printed.
//!
//! ```text
//! cargo nextest run --workspace -E 'package(mayfly-l1) & test(crowd)' --success-output final
//! ```
//!
//! `MAYFLY_HOLDERS` says how many others there should be.

use std::time::Instant;

use alloy::{
    consensus::TxEip1559,
    primitives::{Address, U256, address},
};
use mayfly_l1::claim;
use node_core::{
    chain::{Finality, Phase},
    flow::teardown::exits::{self, Exits},
    port::L1Action,
};

use crate::{
    event::{Event, HEAD, ether, to},
    tokens::returns,
};

/// How many holders there are when nothing else is said.
const HOLDERS: u64 = 100_000;

/// Holders that one transaction makes: 34,400 gas each, of 16.7 million.
const AT_ONCE: u64 = 480;

/// Transactions that one account may have waiting.
const IN_FLIGHT: usize = 200;

/// Exits that are claimed.
const SAMPLE: u64 = 20;

/// What an address is more than the one before: all of its bytes change, as in addresses of people.
const STEP: Address = address!("9e3779b97f4a7c15f39cc0605cedc8341082276b");

/// Code that pays one wei each to `count` accounts from `first` on, which are the call data.
///
/// ```text
/// PUSH0 CALLDATALOAD PUSH1 32 CALLDATALOAD
/// JUMPDEST PUSH0 PUSH0 PUSH0 PUSH0 PUSH1 1 DUP7 PUSH0 CALL POP
/// SWAP1 PUSH20 step ADD SWAP1 PUSH1 1 SWAP1 SUB DUP1 PUSH1 5 JUMPI STOP
/// ```
fn sprinkler() -> Vec<u8> {
    let pay = [
        0x5f, 0x35, 0x60, 32, 0x35, 0x5b, 0x5f, 0x5f, 0x5f, 0x5f, 0x60, 1, 0x86, 0x5f, 0xf1, 0x50,
        0x90, 0x73,
    ];
    let repeat = [0x01, 0x90, 0x60, 1, 0x90, 0x03, 0x80, 0x60, 5, 0x57, 0x00];
    returns(&[&pay[..], STEP.as_slice(), &repeat].concat())
}

/// The address of holder `i` in its last 20 bytes.
fn word(i: u64) -> U256 {
    U256::from_be_bytes(STEP.into_word().0) * U256::from(i + 1)
}

fn holder(i: u64) -> Address {
    Address::from_word(word(i).into())
}

/// Gives one wei to each of `count` accounts.
async fn fill(event: &Event, count: u64) {
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    let sprinkler = event.create(1, sprinkler()).await;
    let payment = |start: u64| {
        let paid = AT_ONCE.min(count - start);
        let words = [word(start), U256::from(paid)].map(|word| word.to_be_bytes::<32>());
        let input = words.concat().into();
        TxEip1559 { value: U256::from(paid), input, gas_limit: 1 << 24, ..to(sprinkler.into()) }
    };
    let starts = usize::try_from(AT_ONCE).expect("small");
    let payments: Vec<TxEip1559> = (0..count).step_by(starts).map(payment).collect();
    for some in payments.chunks(IN_FLIGHT) {
        event.send_all(1, some.to_vec()).await;
    }
}

#[tokio::test]
async fn a_crowd_is_sealed_settled_published_and_paid() {
    let asked = std::env::var("MAYFLY_HOLDERS").ok();
    let count = asked.map_or(HOLDERS, |count| count.parse().expect("MAYFLY_HOLDERS: a number"));
    let event = Event::open().await;
    let start = Instant::now();
    fill(&event, count).await;
    println!("{count} holders in {:.1?}", start.elapsed());

    let start = Instant::now();
    event.end(Phase::Sealed).await;
    println!("sealed in {:.1?}", start.elapsed());
    let start = Instant::now();
    event.end(Phase::Final).await;
    let settle = event.recorder.gas(|action| matches!(action, L1Action::Settle(_)));
    println!("settled in {:.1?}, {} gas", start.elapsed(), settle[0]);
    let leaves = exits::collect(&event.context.stores).await.expect("memory does not fail");
    let exits = Exits::new(leaves);
    assert_eq!(exits.leaves().len() as u64, count + 1, "the holders, and who paid them");

    let start = Instant::now();
    event.end(Phase::Published).await;
    let publish = event.recorder.gas(|action| matches!(action, L1Action::Publish(_)));
    let sum: u64 = publish.iter().sum();
    println!(
        "published in {:.1?}, {} transactions, {} gas a holder",
        start.elapsed(),
        publish.len(),
        sum / (count + 1)
    );
    assert!(event.view(Finality::Finalized).await.disposable);

    let start = Instant::now();
    let (sender, layer) = (event.sender(7), event.layer());
    let mut gas = 0;
    for i in (0..SAMPLE).map(|k| k * 2_654_435_761 % count) {
        let leaf = exits.leaves().iter().find(|leaf| leaf.recipient == holder(i));
        let leaf = leaf.expect("every holder has an exit");
        let proof = exits.proof(leaf.index.into()).expect("it is in the tree");
        gas += claim(&sender, layer, leaf, proof).await.expect("claims are open").gas_used;
        let paid = event.node.balance_of(holder(i)).await.expect("anvil answers");
        assert_eq!(paid, U256::ONE);
    }
    println!("{SAMPLE} claimed in {:.1?}, {} gas each", start.elapsed(), gas / SAMPLE);
    assert_eq!(event.view(HEAD).await.claimed, SAMPLE);
}
