use alloy::primitives::{B256, U256};
use mayfly_l1::{
    Offer, SignedSeal, accept_layer, deploy_factory, deposit_eth, enter_refund, open_layer,
    reclaim_fee, refund, slash_equivocation,
};
use node_core::chain::{L1Binding, Word};

use crate::{
    event::{Event, HEAD, ORGANISER, ether, person},
    veto::sign,
};

/// The event's end, T1 and T2, in seconds.
const NOBODY_SETTLES_ANY_MORE_S: u64 = 86_400 + 86_400 + 604_800;

#[tokio::test]
async fn nobody_settles_and_everybody_gets_everything_back() {
    let event = Event::open().await;
    for (i, value) in [(1, "5"), (2, "3"), (1, "0.5")] {
        event.deposit(i, ether(value)).await;
    }
    // Somebody who has nothing to do with it.
    let stranger = event.sender(4);
    let (layer, config) = (event.layer(), event.l1.config());
    let early = enter_refund(&stranger, layer, config).await.expect_err("the operator has time");
    assert!(early.to_string().contains("TooEarly"), "{early}");

    event.anvil.pass_time(NOBODY_SETTLES_ANY_MORE_S);
    enter_refund(&stranger, layer, config).await.expect("nobody has settled");
    let (leaves, tree) = event.l1.deposit_tree().await.expect("anvil answers");
    let before = balances(&event).await;
    for leaf in &leaves {
        let proof = tree.proof(leaf.index).expect("it is in the tree");
        refund(&stranger, layer, leaf, proof).await.expect("it has not gone back yet");
    }
    let [first, second] = balances(&event).await;
    assert_eq!((first - before[0], second - before[1]), (ether("5.5"), ether("3")));
    assert_eq!(event.node.balance_of(layer).await.expect("anvil answers"), U256::ZERO);

    let again = refund(&stranger, layer, &leaves[0], tree.proof(0).expect("it is there")).await;
    let error = again.expect_err("it went back").to_string();
    assert_eq!(error, "refused: refund: AlreadyRefunded { index: 0 }");
}

async fn balances(event: &Event) -> [U256; 2] {
    let of = async |i| event.node.balance_of(person(i).address()).await.expect("anvil answers");
    [of(1).await, of(2).await]
}

#[tokio::test]
async fn offered_layer_takes_deposits_once_its_operator_has_accepted() {
    let event = Event::open().await;
    let (layer, config) = offered(&event, B256::repeat_byte(1)).await;
    let depositor = event.sender(1);
    let to = depositor.address();
    let early = deposit_eth(&depositor, layer, to, ether("1")).await.expect_err("not accepted");
    assert_eq!(early.to_string(), "refused: depositETH: BadPhase { have: 6 }");

    accept_layer(&event.organiser, layer, &config).await.expect("it is offered");
    assert_eq!(event.node.balance_of(layer).await.expect("anvil answers"), ether("4"));
    deposit_eth(&depositor, layer, to, ether("1")).await.expect("it is open");
}

#[tokio::test]
async fn offer_that_nobody_accepts_is_reclaimed() {
    let event = Event::open().await;
    let (layer, config) = offered(&event, B256::repeat_byte(2)).await;
    event.anvil.pass_time(3_601);
    reclaim_fee(&event.sender(1), layer, &config).await.expect("nobody has accepted");
    assert_eq!(event.node.balance_of(layer).await.expect("anvil answers"), U256::ZERO);
    let late = accept_layer(&event.organiser, layer, &config).await.expect_err("it is too late");
    assert!(late.to_string().contains("TooLate"), "{late}");
}

/// The words are those of `mayfly_getBlockSeal`; the sequencer is the operator here.
#[tokio::test]
async fn sequencer_that_signs_two_blocks_of_one_number_is_slashed_once() {
    let event = Event::open().await;
    let (layer, config) = offered(&event, B256::repeat_byte(3)).await;
    accept_layer(&event.organiser, layer, &config).await.expect("it is offered");
    let binding = L1Binding { layer, ..event.context.config.l1.clone() };
    let sealed = async |i, number, hash| {
        let signature = sign(i, Word::BlockSeal { number, hash }, &binding).await;
        SignedSeal { hash, signature }
    };
    let (one, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let right = [sealed(ORGANISER, 7, one).await, sealed(ORGANISER, 7, other).await];
    let stranger = event.sender(4);
    let refused = async |seals| {
        let slashed = slash_equivocation(&stranger, layer, &config, 7, seals).await;
        slashed.expect_err("no two blocks of number 7").to_string()
    };
    let [first, _] = &right;
    assert!(refused([first.clone(), first.clone()]).await.contains("NoConflict"));
    let of_somebody_else = sealed(4, 7, other).await;
    assert!(refused([first.clone(), of_somebody_else]).await.contains("NotSequencer"));
    let next = sealed(ORGANISER, 8, other).await;
    assert!(refused([first.clone(), next]).await.contains("NotSequencer"));

    let held = async || event.node.balance_of(layer).await.expect("anvil answers");
    assert_eq!(held().await, ether("4"));
    slash_equivocation(&stranger, layer, &config, 7, right.clone()).await.expect("two blocks");
    assert_eq!(held().await, ether("2"), "half of the bond is the stranger's");
    assert!(refused(right).await.contains("NoBond"));
}

/// Opens another layer, with a fee of 1 ETH and a bond of 4 ETH, to be accepted within an hour.
async fn offered(event: &Event, salt: B256) -> (alloy::primitives::Address, mayfly_l1::Config) {
    let now_s = event.node.block(HEAD).await.expect("anvil has blocks").timestamp_s;
    let wei = |amount| ether(amount).to::<u128>();
    let offer = Offer { accept_by_s: now_s + 3_600, fee_wei: wei("1"), bond_wei: wei("4") };
    let layer = &event.context.config;
    assert_eq!(layer.operator, person(ORGANISER).address());
    let mut config = event.l1.config().clone();
    config.offer = offer.into();
    let factory = deploy_factory(&event.organiser).await.expect("it is there");
    let opened = open_layer(&event.organiser, factory, &config, salt).await.expect("a valid layer");
    (opened.address, config)
}
