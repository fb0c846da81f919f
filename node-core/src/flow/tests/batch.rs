//! Batches: what is posted rebuilds the layer, and whatever else is posted is named.

use alloy_consensus::{Sealable, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use futures::executor::block_on;

use super::kit::{CHAIN_ID, Layer, NOW_MS, account, deposit, l1_block, sign, timing, transfer};
use crate::{
    chain::{DepositEvent, EXIT_SEALER, Transaction, system_transaction},
    codec::{
        batch::{Payload, PostedBlock},
        record::Record,
    },
    execute::{Built, InvalidBlock, VerifyError},
    flow::{
        batch::Batcher,
        query::Replica,
        rebuild::{Difference, GenesisTerms, Rebuild, RebuildError, Restored},
    },
    port::{BatchHead, Posted, PostedBatch, memory::Memory},
    trie::EMPTY_ROOT,
};

/// Bytes that no compression makes smaller.
const LARGE: usize = 40_000;

/// The code of the tickets in the kit's layer, which a reader is to know already.
const KNOWN: &[u8] = &[0];

/// A layer with transfers, large transactions, a deposit in the middle, and two calls of the system. It rests on L1
/// block 4 from block 2 on, and on a later one after the deposit.
pub(super) fn lived() -> Layer {
    let layer = Layer::open();
    let mut sequencer = layer.writer("author", NOW_MS + 60_000);
    layer.read_l1(4, 4);
    for nonce in 0..3 {
        layer.force(&transfer(0, nonce, 0));
        layer.force(&large(1, nonce));
        layer.drain(&mut sequencer);
    }
    layer.deposit(4, account(5));
    layer.force(&transfer(2, 0, 0));
    layer.drain(&mut sequencer);
    layer.read_l1(5, 5);
    layer.force(&transfer(5, 0, 0));
    for nonce in 3..10 {
        layer.force(&large(1, nonce));
        layer.drain(&mut sequencer);
    }
    for sequence in 0..2 {
        let call = Bytes::from(vec![1, 2, 3]);
        let l1 = layer.context.config.l1.layer;
        let call = system_transaction(l1, sequence, EXIT_SEALER, call);
        block_on(sequencer.commit_system(&[call], sequence, timing(NOW_MS))).expect("succeeds");
    }
    block_on(sequencer.leave()).expect("memory does not fail");
    layer
}

fn large(i: u8, nonce: u64) -> Transaction {
    let words =
        (0..LARGE / 32).map(|word| keccak256([nonce.to_be_bytes(), word.to_be_bytes()].concat()));
    sign(
        i,
        TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 4_000_000,
            to: TxKind::Call(Address::repeat_byte(0xbb)),
            input: words.flat_map(|word| word.0).collect::<Vec<u8>>().into(),
            ..TxEip1559::default()
        },
    )
}

pub(super) fn deposits() -> Vec<DepositEvent> {
    (0..4).map(|i| deposit(u64::from(i), account(i))).chain([deposit(4, account(5))]).collect()
}

pub(super) fn replica(layer: &Layer) -> Replica {
    let Layer { context, .. } = layer;
    block_on(Replica::open(&context.stores, context.config.id)).expect("memory does not fail")
}

/// All batches of a layer, each made from what the L1 says after the one before.
fn batches(layer: &Layer) -> Vec<PostedBatch> {
    let replica = replica(layer);
    let known_codes = &[Bytes::from_static(KNOWN)];
    let (stores, config) = (&layer.context.stores, &*layer.context.config);
    let batcher = Batcher { stores, config, replica: &replica, known_codes };
    let (mut posted, mut batches) = (Posted::default(), Vec::new());
    while let Some(next) = block_on(batcher.next(&posted)).expect("memory does not fail") {
        let again = block_on(batcher.next(&posted)).expect("memory does not fail");
        assert_eq!(again.as_ref(), Some(&next), "the same until it is posted");
        let BatchHead { last_block, consumed_deposits, .. } = next.batch.head;
        posted = Posted { batches: posted.batches + 1, last_block, consumed_deposits };
        batches.push(next.batch);
    }
    batches
}

pub(super) fn terms(layer: &Layer) -> GenesisTerms {
    let genesis =
        block_on(replica(layer).block(0)).expect("memory does not fail").expect("is there");
    GenesisTerms { hash: genesis.header.hash(), state_root: genesis.header.state_root }
}

fn rebuild(
    layer: &Layer,
    batches: &[PostedBatch],
    deposits: &[DepositEvent],
) -> Result<(Rebuild, Vec<Built>), RebuildError> {
    let config = (*layer.context.config).clone();
    let known = &[Bytes::from_static(KNOWN)];
    let mut rebuild = Rebuild::start(config, &terms(layer), &batches[0], known)?;
    let mut blocks = Vec::new();
    for batch in batches {
        rebuild.batch(batch, deposits, |block| blocks.push(block))?;
    }
    Ok((rebuild, blocks))
}

/// The difference that is found after `change` of the payload of batch `at`, with its batch and block.
fn found(at: usize, change: impl FnOnce(&mut Payload)) -> (u64, u64, Difference) {
    let layer = lived();
    let mut batches = batches(&layer);
    let mut payload = Payload::from_frame(&batches[at].payload).expect("ours");
    change(&mut payload);
    batches[at].payload = payload.to_frame().into();
    difference(rebuild(&layer, &batches, &deposits()))
}

fn difference(outcome: Result<(Rebuild, Vec<Built>), RebuildError>) -> (u64, u64, Difference) {
    match outcome {
        Err(RebuildError::Block { batch, block, what }) => (batch, block, what),
        other => panic!("expected a block that differs, got {:?}", other.map(|_| "none")),
    }
}

#[test]
fn what_is_posted_rebuilds_the_layer() {
    let layer = lived();
    let batches = batches(&layer);
    assert!(batches.len() > 2, "the chain is split, into {}", batches.len());
    for batch in &batches {
        assert!(batch.payload.len() <= 120 * 1024, "{} bytes", batch.payload.len());
    }
    let (rebuilt, blocks) = rebuild(&layer, &batches, &deposits()).expect("all is right");
    let original = replica(&layer);
    assert_eq!(rebuilt.header(), &original.head().header);
    assert_eq!(rebuilt.world().root(), original.head().header.state_root);
    assert_eq!((rebuilt.deposits(), rebuilt.batches()), (5, batches.len() as u64));
    for block in &blocks {
        let theirs =
            block_on(original.block(block.header.number)).expect("reads").expect("is there");
        assert_eq!(block.header, theirs.header);
        assert_eq!(block.receipts, theirs.record.receipts);
    }
    let mut config = (*layer.context.config).clone();
    config.limits = rebuilt.config().limits;
    assert_eq!(rebuilt.config(), &config, "what block 0 says is what it was opened with");
}

#[test]
fn a_rebuilt_layer_is_read_and_goes_on_like_the_first() {
    let layer = lived();
    let (rebuilt, blocks) = rebuild(&layer, &batches(&layer), &deposits()).expect("all is right");
    let stores = Memory::stores();
    for run in 0..2_u64 {
        let (holder, now_ms) = (format!("run {run}"), NOW_MS + run * 60_000);
        let open = Restored::open(&stores, &rebuilt, &holder, now_ms);
        let mut restored = block_on(open).expect("memory does not fail");
        // The first process dies in the middle.
        let until = if run == 0 { 3 } else { blocks.len() };
        for block in &blocks[..until] {
            block_on(restored.add(block.clone())).expect("follows");
        }
        if run == 1 {
            block_on(restored.finish()).expect("memory does not fail");
        }
    }
    let id = layer.context.config.id;
    let restored = block_on(Replica::open(&stores, id)).expect("opens");
    let original = replica(&layer);
    for number in 0..=original.head().header.number {
        let ours = block_on(restored.block(number)).expect("reads").expect("is there");
        let theirs = block_on(original.block(number)).expect("reads").expect("is there");
        assert_eq!(
            (&ours.header, &ours.record.receipts),
            (&theirs.header, &theirs.record.receipts)
        );
    }
    let gap = blocks.last().cloned().expect("there are blocks");
    let stores = Memory::stores();
    let other = block_on(Restored::open(&stores, &rebuilt, "other", NOW_MS));
    let mut other = other.expect("memory does not fail");
    let refused = block_on(other.add(gap));
    assert!(refused.is_err_and(|error| error.to_string().contains("expected parent")));
}

#[test]
fn a_flipped_byte_names_the_batch() {
    let layer = lived();
    let mut batches = batches(&layer);
    let mut bytes = batches[1].payload.to_vec();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    batches[1].payload = bytes.into();
    let refused = rebuild(&layer, &batches, &deposits()).expect_err("a byte is wrong");
    assert!(matches!(refused, RebuildError::Payload { batch: 1, .. }), "{refused}");
}

#[test]
fn changed_inputs_name_the_block_and_what_differs() {
    let first = |payload: &Payload| payload.first_block;
    let mut expected = 0;
    let (batch, block, what) = found(1, |payload| {
        expected = first(payload) + 1;
        payload.blocks[1].after_s += 1;
    });
    assert_eq!((batch, block), (1, expected));
    assert!(matches!(what, Difference::Check { .. }), "{what}");

    let (_, _, what) = found(0, |payload| {
        let signed = payload.blocks[1].transactions[0].to_vec();
        payload.blocks[1].transactions.push(signed.into());
    });
    let rejected = |what: &Difference| match what {
        Difference::Execution(VerifyError::Invalid(invalid)) => {
            matches!(**invalid, InvalidBlock::Transaction { .. })
        }
        _ => false,
    };
    assert!(rejected(&what), "{what}");

    let (_, _, what) = found(0, |payload| payload.blocks[1].transactions[0] = Bytes::new());
    assert!(matches!(what, Difference::Transaction { index: 0, .. }), "{what}");

    let (_, _, what) = found(0, |payload| payload.blocks[1].after_s = u64::MAX);
    assert!(matches!(what, Difference::Time { .. }), "{what}");
}

#[test]
fn nobody_makes_deposits_but_the_l1() {
    let invented = deposit(9, account(7)).into_transaction(Address::repeat_byte(0x11));
    let (_, _, what) = found(0, |payload| {
        payload.blocks[1].transactions.insert(0, invented.encoded_2718().into());
    });
    assert!(matches!(what, Difference::NotSystem { index: 0 }), "{what}");

    // The system's own call with ETH in it, and a later one before its turn.
    let calls = [(0, 1_u128), (1, 0)];
    for (sequence, mint) in calls {
        let layer = Address::repeat_byte(0x11);
        let call = system_transaction(layer, sequence, EXIT_SEALER, Bytes::new());
        let mut call = call.as_deposit().expect("is one").inner().clone();
        call.mint = mint;
        let call = Transaction::Deposit(call.seal_slow()).encoded_2718();
        let (_, _, what) = found(0, |payload| payload.blocks[1].transactions.push(call.into()));
        assert!(matches!(what, Difference::NotSystem { .. }), "{what}");
    }

    let (_, _, what) = found(0, |payload| payload.blocks[1].deposits = 2);
    assert!(matches!(what, Difference::Deposit { index: 5 } | Difference::Check { .. }), "{what}");

    let layer = lived();
    let refused = rebuild(&layer, &batches(&layer), &deposits()[..4]);
    let (_, _, what) = difference(refused);
    assert!(matches!(what, Difference::Deposit { index: 4 }), "{what}");
    let mut other = deposits();
    other[1].value += U256::ONE;
    let (batch, block, what) = difference(rebuild(&layer, &batches(&layer), &other));
    assert_eq!((batch, block), (0, 1));
    assert!(matches!(what, Difference::Check { .. }), "{what}");
}

#[test]
fn what_is_posted_says_on_which_l1_blocks_the_layer_rests() {
    let layer = lived();
    let batches = batches(&layer);
    let payloads = batches.iter().map(|batch| Payload::from_frame(&batch.payload).expect("ours"));
    let posted: Vec<_> = payloads.flat_map(|payload| payload.blocks).collect();
    let named: Vec<_> = (1..).zip(&posted).filter_map(|(n, block)| Some((n, block.l1?))).collect();
    let deposit = 1 + posted.iter().rposition(|block| block.deposits > 0).expect("it has one");
    assert_eq!(named, [(2, l1_block(4)), (deposit + 1, l1_block(5))]);

    for again in [l1_block(4), l1_block(3)] {
        let (batch, block, what) = found(0, |payload| payload.blocks[2].l1 = Some(again));
        assert_eq!((batch, block), (0, 3));
        assert!(matches!(what, Difference::L1 { before: 4, .. }), "{what}");
    }
    let (_, block, what) = found(0, |payload| payload.blocks[1].l1 = Some(l1_block(6)));
    assert_eq!(block, 2);
    assert!(matches!(what, Difference::Check { .. }), "{what}");
}

type Change = fn(&mut BatchHead);

#[test]
fn a_head_that_says_something_else_is_named() {
    let layer = lived();
    let good = batches(&layer);
    let changes: [(&str, Change); 4] = [
        ("last block", |head| head.last_block += 1),
        ("state root", |head| head.state_root = EMPTY_ROOT),
        ("block hash", |head| head.last_block_hash = B256::ZERO),
        ("consumed deposits", |head| head.consumed_deposits += 1),
    ];
    for (name, change) in changes {
        let mut batches = good.clone();
        change(&mut batches[1].head);
        let (batch, _, what) = difference(rebuild(&layer, &batches, &deposits()));
        assert_eq!(batch, 1);
        assert!(what.to_string().starts_with(name), "{name}: {what}");
    }
}

#[test]
fn batches_out_of_order_and_other_genesis_are_refused() {
    let layer = lived();
    let good = batches(&layer);
    let refused = rebuild(&layer, &[good[0].clone(), good[2].clone()], &deposits());
    let refused = refused.expect_err("a batch is left out");
    assert!(matches!(refused, RebuildError::Gap { batch: 1, .. }), "{refused}");
    let refused = rebuild(&layer, &good[1..], &deposits()).expect_err("no block 0");
    assert!(matches!(refused, RebuildError::NoGenesis), "{refused}");

    let config = || (*layer.context.config).clone();
    let terms = GenesisTerms { hash: B256::ZERO, ..terms(&layer) };
    let known = &[Bytes::from_static(KNOWN)];
    let refused = Rebuild::start(config(), &terms, &good[0], known).map(drop);
    assert!(matches!(refused, Err(RebuildError::Block { batch: 0, block: 0, .. })));
    let refused = Rebuild::start(config(), &terms, &good[0], &[]).map(drop);
    assert!(matches!(refused, Err(RebuildError::Code { .. })), "{refused:?}");
}

#[test]
fn a_layer_that_posts_nothing_has_no_batches() {
    let layer = Layer::open();
    let mut config = (*layer.context.config).clone();
    config.posting = crate::chain::Posting::Leaves;
    let (stores, replica) = (&layer.context.stores, &replica(&layer));
    let batcher = Batcher { stores, config: &config, replica, known_codes: &[] };
    assert_eq!(block_on(batcher.next(&Posted::default())).expect("memory does not fail"), None);
}

#[test]
fn a_block_without_transactions_is_read_as_it_is_written() {
    let empty = PostedBlock {
        after_s: 0,
        deposits: 0,
        check: alloy_primitives::FixedBytes::ZERO,
        transactions: Vec::new(),
        l1: None,
    };
    let payload = Payload { first_block: 1, blocks: vec![empty], genesis: None };
    assert_eq!(Payload::from_frame(&payload.to_frame()), Ok(payload));
}
