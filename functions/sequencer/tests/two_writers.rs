//! Two writers started by mistake: what is acknowledged is included once, in one chain.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use mayfly_sequencer::{Bell, Blocking, HeadWatch, Policy, SystemClock, Writer};
use node_core::{
    chain::{EXIT_SEALER, GenesisAccount, LayerConfig, LayerId, Transaction, recover_sender},
    codec::record::Pending,
    flow::{
        open::{self, Alloc, Genesis},
        query::Replica,
        sequence::{Context, Pipeline},
    },
    port::{Clock, Doorbell, Unobserved, memory::Memory},
};
use tokio::sync::watch;

const CHAIN_ID: u64 = 4_242;
const SENDERS: u8 = 20;
const EACH: u64 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_include_everything_once_in_one_chain() {
    let context = open_layer().await;
    let (stop, _) = watch::channel(false);
    let first = writer(&context).await;
    let second = writer(&context).await;
    let running = [first.clone(), second.clone()].map(|writer| {
        let stop = stop.subscribe();
        tokio::spawn(async move { writer.run(stop).await })
    });

    let mut sent = BTreeSet::new();
    for nonce in 0..EACH {
        for sender in 0..SENDERS {
            let tx = transfer(sender, nonce);
            sent.insert(*tx.hash());
            append(&context, &tx).await;
            // Both are woken again and again, and leave again and again.
            first.bell.ring();
            second.bell.ring();
        }
        tokio::task::yield_now().await;
    }
    let included =
        tokio::time::timeout(Duration::from_secs(60), all_included(&context, sent.len()));
    included.await.expect("everything is included").iter().for_each(|hash| {
        assert!(sent.remove(hash), "included once, and only what was sent");
    });
    assert!(sent.is_empty());
    stop.send_replace(true);
    for task in running {
        task.await.expect("a writer does not panic");
    }
}

/// Hashes of all transactions in the log, once there are `count`. Opening a replica checks that every
/// block follows the one before and leads to its state root.
async fn all_included(context: &Context, count: usize) -> Vec<B256> {
    loop {
        let replica = Replica::open(&context.stores, context.config.id).await.expect("one chain");
        if replica.transaction_count() >= u64::try_from(count).expect("few") {
            let numbers: Vec<u64> = (0..=replica.head().header.number).collect();
            let blocks = replica.blocks(&numbers).await.expect("they were committed");
            let transactions = blocks.iter().flat_map(|block| &block.record.block.transactions);
            return transactions.map(|tx| *tx.hash()).collect();
        }
        tokio::task::yield_now().await;
    }
}

async fn writer(context: &Context) -> Writer {
    let replica = Replica::open(&context.stores, context.config.id).await.expect("just opened");
    Writer {
        context: context.clone(),
        replica: Arc::new(replica),
        heads: HeadWatch::default(),
        bell: Bell::default(),
        clock: Arc::new(SystemClock),
        observer: Arc::new(Unobserved),
        policy: Policy {
            idle: Duration::ZERO,
            watchdog: Duration::from_millis(5),
            poll: None,
            checkpoint_blocks: 16,
        },
        holder: Writer::name(),
    }
}

async fn open_layer() -> Context {
    let stores = Memory::stores();
    let now_s = SystemClock.now_ms() / 1000;
    let config = config(now_s);
    let balance = U256::from(1_000_000_000_000_000_000_u64);
    let mut alloc: Alloc = (0..SENDERS)
        .map(|i| (address(i), GenesisAccount { balance, ..GenesisAccount::default() }))
        .collect();
    alloc.insert(
        EXIT_SEALER,
        GenesisAccount { code: Bytes::from_static(&[0]), ..Default::default() },
    );
    let genesis = Genesis::unbacked(&config, &alloc);
    open::open(&stores, &config, &genesis).await.expect("empty stores");
    let context = Context::load(stores, None).await.expect("just opened");
    // Blocks are built ahead however little waits.
    Context { pipeline: Pipeline { processors: Arc::new(Blocking), busy: 1 }, ..context }
}

fn config(now_s: u64) -> LayerConfig {
    LayerConfig {
        opened_at_s: now_s,
        ends_at_s: now_s + 3_600,
        gas_limit: 30_000_000,
        ..LayerConfig::detached(LayerId::new([3; 16]), CHAIN_ID)
    }
}

async fn append(context: &Context, tx: &Transaction) {
    let pending = Pending {
        hash: *tx.hash(),
        sender: recover_sender(tx).expect("our own signature"),
        raw: tx.encoded_2718().into(),
        received_ms: SystemClock.now_ms(),
        deposit_position: 0,
    };
    context.stores.inbox.append(pending).await.expect("memory does not fail");
}

const fn secret(i: u8) -> B256 {
    B256::with_last_byte(i + 1)
}

fn address(i: u8) -> Address {
    recover_sender(&transfer(i, 0)).expect("our own signature")
}

fn transfer(i: u8, nonce: u64) -> Transaction {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        to: TxKind::Call(Address::repeat_byte(0xbb)),
        value: U256::ONE,
        ..TxEip1559::default()
    };
    let signature = sign_message(secret(i), tx.signature_hash()).expect("a valid key");
    Transaction::Ethereum(tx.into_signed(signature).into())
}
