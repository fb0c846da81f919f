//! Attestors: a witness is enough to find a block right, and nothing less is.

use alloy_consensus::Sealable;
use alloy_primitives::{B256, Bytes, U256};
use futures::executor::block_on;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::batch::{deposits, lived, replica, terms};
use super::kit::{Layer, account, deposit, l1_block, transfer};
use crate::{
    chain::{
        DepositEvent, EXIT_SEALER, Finality, L1Origin, LayerConfig, Transaction, system_transaction,
    },
    codec::record::{Record, Witness},
    execute::{InvalidBlock, VerifyError},
    flow::attest::{AttestError, Attested, Attesting, Attestor, FollowError, of_block},
    port::{L1, L1Action, L1Receipt, L1View, PortError, Registers, Witnesses, memory::Memory},
};

/// An attestor of the layer that has seen nothing yet.
fn attestor(layer: &Layer) -> Attestor {
    let (config, terms) = (&layer.context.config, terms(layer));
    let attested =
        Attested::genesis(config, terms.state_root, terms.hash).expect("the layer's own");
    Attestor::new(config, attested)
}

fn witnesses(layer: &Layer) -> Vec<Witness> {
    let (replica, rules) = (replica(layer), &layer.context.rules);
    let witness =
        |number| block_on(of_block(&replica, rules, number)).expect("memory").expect("is there");
    (1..=replica.head().header.number).map(witness).collect()
}

/// An attestor that has seen the blocks before `number`, and the witness of that block.
fn before(number: usize) -> (Attestor, Witness) {
    let layer = lived();
    let witnesses = witnesses(&layer);
    let mut attestor = attestor(&layer);
    for witness in &witnesses[..number - 1] {
        attestor.block(witness, &deposits()).expect("right");
    }
    (attestor, witnesses[number - 1].clone())
}

/// What an attestor finds in a block that was changed, its transactions root put right.
fn refused(number: usize, change: impl FnOnce(&mut Vec<Transaction>)) -> AttestError {
    let (mut attestor, mut witness) = before(number);
    let held = attestor.attested().clone();
    change(&mut witness.block.transactions);
    witness.block.header.transactions_root =
        crate::execute::transactions_root(&witness.block.transactions);
    let error = attestor.block(&witness, &deposits()).expect_err("it was changed");
    assert_eq!(attestor.attested(), &held, "nothing is attested");
    error
}

#[test]
fn witnesses_lead_from_block_0_to_the_head() {
    let layer = lived();
    let original = replica(&layer);
    let mut attestor = attestor(&layer);
    for witness in witnesses(&layer) {
        // The attestor's process ends after every block, and the witness goes over a wire.
        let kept = serde_json::to_vec(attestor.attested()).expect("plain data");
        let kept: Attested = serde_json::from_slice(&kept).expect("its own");
        attestor = Attestor::new(&layer.context.config, kept);
        let witness = Witness::from_frame(&witness.to_frame()).expect("its own");
        let taken = usize::try_from(attestor.attested().deposits()).expect("few");
        let header = attestor.block(&witness, &deposits()[taken..]).expect("right");
        let theirs = block_on(original.block(header.number)).expect("memory").expect("is there");
        assert_eq!(header, theirs.header);
    }
    assert_eq!(attestor.attested().header(), original.head().header);
    assert_eq!(attestor.attested().deposits(), 5);
    let none = block_on(of_block(&original, &layer.context.rules, 0)).expect("memory");
    assert_eq!(none, None, "block 0 is not executed");
    let head = original.head().header.number;
    let none = block_on(of_block(&original, &layer.context.rules, head + 1)).expect("memory");
    assert_eq!(none, None, "not committed");
}

#[test]
fn a_witness_without_any_one_node_or_code_is_refused() {
    // The last block calls the sealer, which has code.
    let last = replica(&lived()).head().header.number;
    let (attestor, whole) = before(usize::try_from(last).expect("few blocks"));
    assert!(whole.nodes.len() > 3 && !whole.codes.is_empty(), "{whole:?}");
    let without = |change: &dyn Fn(&mut Witness)| {
        let mut witness = whole.clone();
        change(&mut witness);
        let refused = attestor.clone().block(&witness, &[]).expect_err("something is missing");
        let AttestError::Witness { block, .. } = refused else { panic!("{refused}") };
        assert_eq!(block, last);
    };
    for at in 0..whole.nodes.len() {
        without(&|witness| drop(witness.nodes.remove(at)));
        without(&|witness| {
            let mut node = witness.nodes[at].to_vec();
            *node.last_mut().expect("no node is empty") ^= 1;
            witness.nodes[at] = node.into();
        });
    }
    for at in 0..whole.codes.len() {
        without(&|witness| drop(witness.codes.remove(at)));
    }
    let mut more = whole.clone();
    more.nodes.push(Bytes::from_static(b"no node of this state"));
    attestor.clone().block(&more, &[]).expect("what is not needed does not matter");
}

#[test]
fn a_block_that_claims_another_outcome_is_refused() {
    let (attestor, whole) = before(3);
    let refused = |change: fn(&mut Witness)| {
        let mut witness = whole.clone();
        change(&mut witness);
        match attestor.clone().block(&witness, &[]).expect_err("it was changed") {
            AttestError::Block { block: 3, source: VerifyError::Invalid(invalid) } => *invalid,
            other => panic!("expected an invalid block, got {other}"),
        }
    };
    let root = refused(|witness| witness.block.header.state_root = B256::ZERO);
    assert!(matches!(root, InvalidBlock::Root { field: "state root", .. }), "{root}");
    let gas = refused(|witness| witness.block.header.gas_used += 1);
    assert!(matches!(gas, InvalidBlock::Gas { .. }), "{gas}");
    let fork = refused(|witness| witness.block.header.parent_hash = B256::ZERO);
    assert!(matches!(fork, InvalidBlock::ParentHash { .. }), "{fork}");
    let left_out = refused(|witness| drop(witness.block.transactions.pop()));
    assert!(matches!(left_out, InvalidBlock::Root { .. } | InvalidBlock::Gas { .. }), "{left_out}");
}

#[test]
fn a_skipped_block_is_refused() {
    let layer = lived();
    let refused = attestor(&layer).block(&witnesses(&layer)[1], &deposits());
    assert!(refused.is_err(), "block 2 does not follow block 0");
}

#[test]
fn deposits_are_those_that_the_l1_has() {
    let layer = lived();
    let first = &witnesses(&layer)[0];
    let on_l1 = |deposits| attestor(&layer).block(first, deposits);
    let all = deposits();
    assert!(on_l1(&all).is_ok());
    let missing = on_l1(&all[..3]).expect_err("one is not on the L1");
    assert!(matches!(missing, AttestError::Deposit { block: 1, index: 3 }), "{missing}");
    let mut other = deposits();
    other[2].value += U256::ONE;
    let other = on_l1(&other).expect_err("one is another");
    assert!(matches!(other, AttestError::Deposit { block: 1, index: 2 }), "{other}");

    let invented = |transactions: &mut Vec<Transaction>| {
        let tx = deposit(9, account(7)).into_transaction(alloy_primitives::Address::ZERO);
        transactions.push(tx);
    };
    let error = refused(3, invented);
    assert!(matches!(error, AttestError::NotSystem { block: 3, .. }), "{error}");
}

#[test]
fn the_system_is_nobody_else() {
    let call = |sequence| {
        let layer = alloy_primitives::Address::repeat_byte(0x11);
        system_transaction(layer, sequence, EXIT_SEALER, Bytes::from_static(&[9]))
    };
    let out_of_turn = refused(3, |transactions| transactions.push(call(1)));
    assert!(matches!(out_of_turn, AttestError::NotSystem { .. }), "{out_of_turn}");
    let mints = refused(3, |transactions| {
        let mut tx = call(0).as_deposit().expect("is one").inner().clone();
        tx.mint = 1;
        transactions.push(Transaction::Deposit(tx.seal_slow()));
    });
    assert!(matches!(mints, AttestError::NotSystem { .. }), "{mints}");
    let signed_by_nobody_else = refused(3, |transactions| transactions.push(transfer(3, 7, 0)));
    assert!(matches!(
        signed_by_nobody_else,
        AttestError::Block { .. } | AttestError::Witness { .. }
    ));
}

#[test]
fn another_genesis_is_refused() {
    let layer = Layer::open();
    let terms = terms(&layer);
    let config = LayerConfig { gas_limit: 31_000_000, ..(*layer.context.config).clone() };
    let refused = Attested::genesis(&config, terms.state_root, terms.hash);
    assert!(matches!(refused, Err(AttestError::Genesis { .. })), "{refused:?}");
}

/// The L1 and a source of witnesses that an attestor has, as far as they are.
#[derive(Debug, Default)]
struct Outside {
    deposits: Mutex<Vec<DepositEvent>>,
    witnesses: Mutex<Vec<Witness>>,
    /// Added to the number of the block that has a deposit.
    later: u64,
    /// Added to the time of every block.
    after_s: u64,
}

/// Knows nothing yet.
fn outside() -> Outside {
    Outside { later: 1, ..Outside::default() }
}

#[async_trait]
impl L1 for Outside {
    async fn newest(&self, _: Finality) -> Result<L1Origin, PortError> {
        let count = self.deposits.lock().expect("one thread").len();
        self.block(count as u64).await
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        let block = l1_block(number);
        Ok(L1Origin { timestamp_s: block.timestamp_s + self.after_s, ..block })
    }

    /// Block `n` has deposit `n - 1`, if nothing is later.
    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError> {
        let all = self.deposits.lock().expect("one thread").clone();
        let block = |one: &DepositEvent| (one.index + self.later).max(1);
        Ok(all.into_iter().filter(|one| (first..=last).contains(&block(one))).collect())
    }

    async fn view(&self, _: Finality) -> Result<L1View, PortError> {
        Ok(L1View::default())
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        Err(PortError::Refused { what: format!("{action:?}"), reason: "reads only".into() })
    }
}

#[async_trait]
impl Witnesses for Outside {
    async fn witness(&self, number: u64) -> Result<Option<Bytes>, PortError> {
        let witnesses = self.witnesses.lock().expect("one thread");
        let found = witnesses.iter().find(|one| one.block.header.number == number);
        Ok(found.map(|one| one.to_frame().into()))
    }
}

#[test]
fn an_attestor_goes_on_where_its_store_says() {
    let layer = lived();
    let (all, outside) = (witnesses(&layer), Arc::new(outside()));
    let registers: Arc<dyn Registers> = Memory::stores().registers;
    let open = || {
        let config = (*layer.context.config).clone();
        let (l1, source) = (outside.clone(), outside.clone());
        block_on(Attesting::open(config, &terms(&layer), registers.clone(), l1, source))
            .expect("opens")
    };
    *outside.witnesses.lock().expect("one thread") = all[..4].to_vec();
    let error = block_on(open().catch_up()).expect_err("the L1 has no deposit yet");
    assert!(matches!(error, FollowError::Attest(AttestError::Deposit { block: 1, index: 0 })));

    *outside.deposits.lock().expect("one thread") = deposits();
    let mut attesting = open();
    assert_eq!(block_on(attesting.catch_up()).expect("right").number, 4);
    *outside.witnesses.lock().expect("one thread") = all[2..].to_vec();
    let newest = block_on(attesting.catch_up()).expect("goes on");
    assert_eq!(newest, replica(&layer).head().header);
    // Another process, with nothing but the store: it asks for no earlier block.
    *outside.witnesses.lock().expect("one thread") = Vec::new();
    assert_eq!(block_on(open().catch_up()).expect("nothing new"), newest);
}

/// What an attestor with this L1 finds in the blocks of [`lived`], the second of which rests on L1 block 4.
fn with_l1(outside: Outside) -> FollowError {
    let layer = lived();
    *outside.witnesses.lock().expect("one thread") = witnesses(&layer);
    *outside.deposits.lock().expect("one thread") = deposits();
    let outside = Arc::new(outside);
    let (config, registers) = ((*layer.context.config).clone(), Memory::stores().registers);
    let terms = terms(&layer);
    let open = Attesting::open(config, &terms, registers, outside.clone(), outside);
    block_on(block_on(open).expect("opens").catch_up()).expect_err("the L1 is another one")
}

#[test]
fn l1_block_is_one_that_the_attestors_own_l1_has() {
    let other = with_l1(Outside { after_s: 1, ..outside() });
    let FollowError::Attest(AttestError::Origin { block: 2, number: 4, reason }) = other else {
        panic!("{other}");
    };
    assert!(reason.contains("another hash or time"), "{reason}");
}

#[test]
fn l1_block_with_a_deposit_that_is_not_on_the_layer_is_refused() {
    let early = with_l1(Outside { later: 0, ..Outside::default() });
    let FollowError::Attest(AttestError::Origin { block: 2, number: 4, reason }) = early else {
        panic!("{early}");
    };
    assert!(reason.contains("deposit"), "{reason}");
}
