use alloy::{
    primitives::{Address, B256, U256},
    sol_types::SolCall,
};
use mayfly_contracts::FlashLayer::depositRootCall;
use mayfly_l1::{Node, deploy_factory, deposit_eth, factory_address, open_layer};
use node_core::{
    chain::{DepositEvent, Finality},
    exit::{DepositLeaf, DepositTree, KIND_ETH},
    port::{L1, L1Action, L1View, PortError},
};
use serde_json::json;

use crate::event::{Event, HEAD, ether, person};

fn number(value: &serde_json::Value) -> u64 {
    let hex = value.as_str().expect("a quantity");
    u64::from_str_radix(hex.trim_start_matches("0x"), 16).expect("a quantity")
}

fn leaf(event: &Event, deposit: DepositEvent, l1_block: u64) -> DepositLeaf {
    let block = json!([format!("{l1_block:#x}"), false]);
    let block = event.anvil.rpc().call("eth_getBlockByNumber", &block);
    DepositLeaf {
        index: deposit.index,
        l1_block,
        l1_time_s: number(&block["timestamp"]),
        kind: KIND_ETH,
        from: deposit.from,
        to: deposit.to,
        token: Address::ZERO,
        id: U256::ZERO,
        value: deposit.value,
        gas_limit: deposit.gas_limit,
        data: deposit.data,
    }
}

fn deposit_root(event: &Event) -> B256 {
    let input = alloy::hex::encode_prefixed(depositRootCall {}.abi_encode());
    let call = json!([{ "to": event.layer(), "input": input }, "latest"]);
    let output = event.anvil.rpc().call("eth_call", &call);
    let output = alloy::hex::decode(output.as_str().expect("bytes")).expect("bytes");
    depositRootCall::abi_decode_returns(&output).expect("a root and a count").root
}

#[tokio::test]
async fn deposits_are_read_back_and_hash_to_the_contracts_root() {
    let event = Event::open().await;
    let mut tree = DepositTree::new();
    for (i, value) in [(1, "5"), (2, "0.25"), (3, "7")] {
        let deposited = event.deposit(i, ether(value)).await;
        let block = deposited.receipt.block;
        let read = event.l1.deposits(block, block).await.expect("anvil answers");
        let [deposit] = read.as_slice() else { panic!("one deposit, got {read:?}") };
        assert_eq!(deposit.index, deposited.index);
        assert_eq!((deposit.from, deposit.value), (person(i).address(), ether(value)));
        tree.push(leaf(&event, deposit.clone(), block).hash());
    }
    assert_eq!(tree.root(), deposit_root(&event));

    let first = event.context.config.l1.opened_in_block;
    let all = event.l1.deposits(first, event.view(HEAD).await.block).await.expect("anvil answers");
    assert_eq!(all.iter().map(|deposit| deposit.index).collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test]
async fn deposit_is_credited_when_its_block_is_final() {
    let event = Event::open().await;
    let holder = person(1).address();
    event.deposit(1, ether("5")).await;
    event.ingest().await;
    assert_eq!(event.balance_on_layer(holder).await, U256::ZERO, "not final yet");
    assert_eq!(event.view(HEAD).await.deposit_count, 1);
    assert_eq!(event.view(Finality::Finalized).await.deposit_count, 0);

    event.anvil.finalize();
    event.ingest().await;
    assert_eq!(event.balance_on_layer(holder).await, ether("5"));
    assert_eq!(event.view(Finality::Finalized).await.deposit_count, 1);
}

#[tokio::test]
async fn deposit_that_is_reorged_out_is_never_credited() {
    let event = Event::open().await;
    let (gone, stays) = (person(1).address(), person(2).address());
    event.deposit(1, ether("5")).await;
    event.ingest().await;
    event.anvil.reorg(1);
    assert_eq!(event.view(HEAD).await.deposit_count, 0, "the L1 has forgotten it");

    assert_eq!(event.deposit(2, ether("3")).await.index, 0, "its place is taken");
    event.anvil.finalize();
    event.ingest().await;
    assert_eq!(event.balance_on_layer(gone).await, U256::ZERO);
    assert_eq!(event.balance_on_layer(stays).await, ether("3"));
}

#[tokio::test]
async fn deposit_after_the_close_is_refused_by_name() {
    let event = Event::open().await;
    event.l1.act(L1Action::CloseDeposits).await.expect("the organiser may");
    assert!(event.view(HEAD).await.deposits_closed);
    assert!(!event.view(Finality::Finalized).await.deposits_closed, "not final yet");

    let late = event.sender(1);
    let to = late.address();
    let refused = deposit_eth(&late, event.layer(), to, ether("1")).await;
    let error = refused.expect_err("deposits are closed");
    assert_eq!(error.to_string(), "refused: depositETH: DepositsEnded");
}

#[tokio::test]
async fn deposits_close_by_themselves_at_the_cut_off() {
    let event = Event::open().await;
    event.anvil.pass_time(43_200);
    assert!(event.view(HEAD).await.deposits_closed);
}

#[tokio::test]
async fn layer_that_is_not_there_yet_is_empty() {
    let event = Event::open().await;
    let before = event.context.config.l1.opened_in_block - 1;
    let head = event.view(HEAD).await.block;
    let view = event.view(Finality::Depth(head - before)).await;
    let L1View { block, timestamp_s, .. } = view;
    assert_eq!((block, timestamp_s > 0), (before, true));
    assert_eq!(view, L1View { block, timestamp_s, ..L1View::default() });
    assert!(event.l1.deposits(0, before).await.expect("anvil answers").is_empty());
}

#[tokio::test]
async fn young_chain_has_its_first_block_final() {
    let anvil = mayfly_it::Anvil::start();
    let node = Node::connect(&anvil.url()).await.expect("anvil answers");
    for finality in [Finality::Finalized, Finality::Safe, Finality::Depth(10)] {
        assert_eq!(node.block(finality).await.expect("anvil answers").number, 0, "{finality:?}");
    }
}

#[tokio::test]
async fn opening_again_answers_with_the_first_time() {
    let event = Event::open().await;
    let again = deploy_factory(&event.organiser).await.expect("it is there");
    assert_eq!(again, factory_address());
    let opened = open_layer(&event.organiser, again, event.l1.config(), B256::ZERO).await;
    let opened = opened.expect("it is open");
    assert_eq!(opened.address, event.layer());
    assert_eq!(opened.receipt.block, event.context.config.l1.opened_in_block);
}

#[tokio::test]
async fn config_that_the_factory_does_not_take_is_refused_by_name() {
    let event = Event::open().await;
    let config = mayfly_l1::Config { window: u32::MAX, ..event.l1.config().clone() };
    let refused = open_layer(&event.organiser, factory_address(), &config, B256::ZERO).await;
    let error = refused.expect_err("the window is too long");
    let expected = "refused: open: WindowTooLong { got: 4294967295, max: 2592000 }";
    assert_eq!(error.to_string(), expected);
    assert!(matches!(error, PortError::Refused { .. }));
}
