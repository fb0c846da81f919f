use core::time::Duration;

use alloy::primitives::U256;
use mayfly_l1::{PrivateKeySigner, Sender, deposit_eth};
use node_core::port::{L1, PortError};

use crate::event::{Event, HEAD, ether, person};

#[tokio::test]
async fn transactions_of_one_key_wait_for_each_other() {
    let event = Event::open().await;
    let sender = event.sender(1);
    let deposit = || deposit_eth(&sender, event.layer(), sender.address(), ether("1"));
    let (a, b, c) = tokio::join!(deposit(), deposit(), deposit());
    let mut indices = [a, b, c].map(|deposited| deposited.expect("deposits are open").index);
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2]);
}

/// The eighth deposit makes a level of the tree, which costs a slot; all four are estimated as the fifth.
#[tokio::test]
async fn deposits_of_one_block_have_the_gas_that_each_others_places_take() {
    let event = Event::open().await;
    let deposit = async |i| {
        let sender = event.sender(i);
        deposit_eth(&sender, event.layer(), sender.address(), ether("1")).await
    };
    for _ in 0..4 {
        deposit(1).await.expect("deposits are open");
    }
    event.anvil.set_automine(false);
    let mine = async {
        while event.anvil.waiting() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        event.anvil.mine(1);
    };
    let (a, b, c, d, ()) = tokio::join!(deposit(2), deposit(3), deposit(4), deposit(5), mine);
    let mut indices = [a, b, c, d].map(|deposited| deposited.expect("it has gas").index);
    indices.sort_unstable();
    assert_eq!(indices, [4, 5, 6, 7]);
}

#[tokio::test]
async fn transaction_that_is_stuck_is_replaced_and_not_doubled() {
    let event = Event::open().await;
    let sender = event.sender(1).with_patience(Duration::from_millis(50));
    event.anvil.set_automine(false);
    for value in ["1", "1", "2"] {
        let to = sender.address();
        let stuck = deposit_eth(&sender, event.layer(), to, ether(value)).await;
        let error = stuck.expect_err("no block is sealed");
        assert!(matches!(error, PortError::Unavailable { .. }), "{error}");
    }
    event.anvil.mine(2);
    let last = event.view(HEAD).await.block;
    let deposits = event.l1.deposits(last - 1, last).await.expect("anvil answers");
    let values: Vec<_> = deposits.iter().map(|deposit| deposit.value).collect();
    assert_eq!(values, [ether("2")], "the last one, once");
}

#[tokio::test]
async fn key_without_eth_is_refused() {
    let event = Event::open().await;
    let poor: PrivateKeySigner =
        PrivateKeySigner::from_bytes(&alloy::primitives::B256::repeat_byte(9)).expect("a key");
    let sender = Sender::new(event.node.clone(), poor);
    let to = sender.address();
    let error = deposit_eth(&sender, event.layer(), to, U256::ONE).await;
    let error = error.expect_err("it cannot pay");
    assert!(matches!(error, PortError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("pay ETH to {to}")), "{error}");
}

#[tokio::test]
async fn node_that_is_gone_is_unavailable() {
    let event = Event::open().await;
    let Event { anvil, l1, .. } = event;
    let url = anvil.url();
    drop(anvil);
    let error = l1.view(HEAD).await.expect_err("nobody is there");
    assert!(error.is_retryable());
    let chain = format!("{error:?}");
    assert!(!chain.contains(&url), "the URL may hold a key: {chain}");
}

#[tokio::test]
async fn key_is_not_shown() {
    let event = Event::open().await;
    let sender = event.sender(0);
    let secret = alloy::hex::encode(person(0).to_bytes());
    let shown = format!("{sender:?} {:?}", event.l1);
    assert!(!shown.contains(&secret), "{shown}");
    assert!(!shown.contains("127.0.0.1"), "nor is the node's URL: {shown}");
}

#[tokio::test]
async fn transaction_that_no_block_takes_is_sent_again_with_higher_fees() {
    let event = Event::open().await;
    let raise_after = Duration::from_millis(50);
    let sender = event.sender(1).with_raise_after(raise_after);
    event.anvil.set_automine(false);
    let to = sender.address();
    let waiting = deposit_eth(&sender, event.layer(), to, ether("1"));
    let fee_of = |pool: &serde_json::Value| {
        let pending = pool["pending"].as_object().expect("an object");
        let mut fees = pending.values().flat_map(|of| of.as_object().expect("an object").values());
        let fee = fees.next().map(|tx| tx["maxFeePerGas"].as_str().expect("hex").to_owned());
        assert_eq!(fees.next(), None, "one nonce, one transaction");
        fee
    };
    let outbid = async {
        let (mut first, mut now) = (None, None);
        while now.is_none() || now == first {
            tokio::time::sleep(raise_after).await;
            now = fee_of(&event.anvil.rpc().call("txpool_content", &serde_json::json!([])));
            first = first.or_else(|| now.clone());
        }
        event.anvil.mine(1);
    };
    let (deposited, ()) = tokio::join!(waiting, outbid);
    assert_eq!(deposited.expect("one of the tries is executed").index, 0);
    assert_eq!(event.view(HEAD).await.deposit_count, 1, "and only one");
}
