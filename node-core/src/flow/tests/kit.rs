//! A layer in memory, with a few accounts that have ETH.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alloy_consensus::{SignableTransaction, TxEip1559, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxHash, TxKind, U256, hex};
use async_trait::async_trait;
use futures::executor::block_on;

use crate::{
    chain::{
        DepositEvent, EXIT_SEALER, Finality, GenesisAccount, L1Binding, L1Origin, LayerConfig,
        LayerId, Limits, MintConfig, Phase, Posting, SlotNumber, Transaction, recover_sender,
    },
    codec::{
        names,
        record::{Pending, SlotEntry},
    },
    execute::Rules,
    flow::{
        Caches, Tip,
        bridge::Cursor,
        open::{self, Alloc, Genesis},
        phase,
        query::Replica,
        register,
        sequence::{Committed, Context, Pipeline, Sequencer, Step, TakeOver, Timing},
        submit::{self, SubmitError},
    },
    port::{
        Doorbell, Log, LogAppend, PortError, Registers, SignError, Signer, Stores, Version,
        memory::Memory,
    },
};

pub(super) const CHAIN_ID: u64 = 4_242;
pub(super) const NOW_MS: u64 = 1_700_000_000_000;
const ETHER: u64 = 1_000_000_000_000_000_000;

/// Token that the ticket contract says it minted, whatever is called.
pub(super) const TOKEN: u8 = 5;

/// `LOG4 Transfer(address(0), caller, TOKEN)`, and stops.
pub(super) const MINTS: [u8; 45] = {
    let mut code = [0; 45];
    let before = [0x60, TOKEN, 0x33, 0x60, 0, 0x7f];
    let topic = hex!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    let after = [0x60, 0, 0x60, 0, 0xa4, 0x00];
    let mut at = 0;
    while at < code.len() {
        code[at] = match at {
            0..6 => before[at],
            6..38 => topic[at - 6],
            38..44 => after[at - 38],
            _ => 0,
        };
        at += 1;
    }
    code
};

fn secret(i: u8) -> B256 {
    B256::with_last_byte(i + 1)
}

/// Address of account `i`.
pub(super) fn account(i: u8) -> Address {
    recover_sender(&transfer(i, 0, 0)).expect("our own signature")
}

/// A signed transfer of 1 wei from account `i`.
pub(super) fn transfer(i: u8, nonce: u64, max_fee: u128) -> Transaction {
    sign(
        i,
        TxEip1559 {
            chain_id: CHAIN_ID,
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: max_fee,
            max_priority_fee_per_gas: max_fee,
            to: TxKind::Call(Address::repeat_byte(0xbb)),
            value: U256::ONE,
            ..TxEip1559::default()
        },
    )
}

/// A signed transaction of account `i` that makes a contract of `code`:
///
/// ```text
/// PUSH1 length PUSH1 10 PUSH0 CODECOPY PUSH1 length PUSH0 RETURN
/// ```
pub(super) fn deployment(i: u8, nonce: u64, code: &[u8]) -> Transaction {
    let length = u8::try_from(code.len()).expect("a short one");
    let make = [0x60, length, 0x60, 10, 0x5f, 0x39, 0x60, length, 0x5f, 0xf3];
    let input = [&make[..], code].concat().into();
    let (chain_id, gas_limit, to) = (CHAIN_ID, 200_000, TxKind::Create);
    sign(i, TxEip1559 { chain_id, nonce, gas_limit, to, input, ..TxEip1559::default() })
}

pub(super) fn sign(i: u8, tx: TxEip1559) -> Transaction {
    let signature = sign_message(secret(i), tx.signature_hash()).expect("a valid key");
    Transaction::Ethereum(tx.into_signed(signature).into())
}

/// Signs mints as account 9.
#[derive(Debug)]
pub(super) struct Minter;

#[async_trait]
impl Signer for Minter {
    fn address(&self) -> Address {
        account(9)
    }

    async fn sign(&self, hash: B256) -> Result<alloy_primitives::Signature, SignError> {
        Ok(sign_message(secret(9), hash).expect("a valid key"))
    }
}

/// Counts rings.
#[derive(Debug, Default)]
pub(super) struct Rings(pub(super) AtomicUsize);

impl Doorbell for Rings {
    fn ring(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A log whose next `append` writes and then says that it does not know.
pub(super) struct Forgetful {
    pub(super) inner: Arc<dyn Log>,
    pub(super) time_outs: AtomicUsize,
}

#[async_trait]
impl Log for Forgetful {
    async fn append(&self, entry: SlotEntry) -> Result<LogAppend, PortError> {
        let appended = self.inner.append(entry).await?;
        if self.time_outs.load(Ordering::Relaxed) == 0 {
            return Ok(appended);
        }
        self.time_outs.fetch_sub(1, Ordering::Relaxed);
        Err(PortError::unavailable("append", "timed out after the write"))
    }

    async fn read(&self, slot: SlotNumber) -> Result<Option<SlotEntry>, PortError> {
        self.inner.read(slot).await
    }

    async fn read_from(
        &self,
        first: SlotNumber,
        limit: usize,
    ) -> Result<Vec<SlotEntry>, PortError> {
        self.inner.read_from(first, limit).await
    }
}

/// Registers of a layer that begins to drain once its phase was read `after` times.
pub(super) struct Closing {
    inner: Arc<dyn Registers>,
    after: AtomicUsize,
}

impl Closing {
    pub(super) fn after(stores: &Stores, reads: usize) -> Stores {
        let inner = Arc::clone(&stores.registers);
        let registers = Arc::new(Self { inner, after: AtomicUsize::new(reads) });
        Stores { registers, ..stores.clone() }
    }
}

#[async_trait]
impl Registers for Closing {
    async fn load(&self, key: &str) -> Result<Option<(Version, Bytes)>, PortError> {
        if key == names::PHASE && self.after.fetch_sub(1, Ordering::Relaxed) == 0 {
            phase::advance(&*self.inner, Phase::Open).await.expect("memory does not fail");
        }
        self.inner.load(key).await
    }

    async fn store(
        &self,
        key: &str,
        expected: Option<Version>,
        value: Bytes,
    ) -> Result<Version, PortError> {
        self.inner.store(key, expected, value).await
    }
}

/// One open layer.
pub(super) struct Layer {
    pub(super) context: Context,
    pub(super) rings: Rings,
    pub(super) memory: Arc<Memory>,
}

impl Layer {
    pub(super) fn open() -> Self {
        Self::with_sealer(&[0])
    }

    /// Opens a layer whose sealer has `code` and deposits 10 ETH for accounts 0 to 3.
    pub(super) fn with_sealer(code: &'static [u8]) -> Self {
        let memory = Arc::<Memory>::default();
        let stores = memory.share();
        let config = config();
        let sealer =
            GenesisAccount { nonce: 1, code: Bytes::from_static(code), ..Default::default() };
        let ticket =
            GenesisAccount { nonce: 1, code: Bytes::from_static(&MINTS), ..Default::default() };
        let alloc = Alloc::from([(EXIT_SEALER, sealer), (Address::repeat_byte(0x77), ticket)]);
        let genesis = Genesis::new(&config, &alloc).expect("a valid configuration");
        block_on(open::open(&stores, &config, &genesis)).expect("memory does not fail");
        let context = Context {
            stores,
            rules: Arc::new(Rules::layer(config.chain_id)),
            config: Arc::new(config),
            signer: Some(Arc::new(Minter)),
            pipeline: Pipeline::default(),
            caches: Caches::default(),
        };
        let layer = Self { context, rings: Rings::default(), memory };
        for i in 0..4 {
            layer.deposit(u64::from(i), account(i));
        }
        let mut sequencer = layer.writer("opener", NOW_MS);
        let opened = layer.drain(&mut sequencer);
        assert_eq!(hashes(&opened).len(), 4, "four deposits");
        block_on(sequencer.leave()).expect("memory does not fail");
        layer
    }

    pub(super) fn deposit(&self, index: u64, to: Address) {
        let event = deposit(index, to);
        let transaction = event.into_transaction(self.context.config.l1.layer);
        let pending = Pending { deposit_position: index + 1, ..pending(&transaction, NOW_MS) };
        block_on(self.context.stores.inbox.append(pending)).expect("memory does not fail");
    }

    /// Remembers that the L1 was read up to block `number`, where it has `deposits`.
    pub(super) fn read_l1(&self, number: u64, deposits: u64) {
        let cursor =
            Cursor { next_block: number + 1, next_index: deposits, read: Some(l1_block(number)) };
        let registers = &*self.context.stores.registers;
        let stored = async {
            let held = register::load::<Cursor>(registers, names::L1_CURSOR).await?;
            let version = held.map(|held| held.version);
            register::store(registers, names::L1_CURSOR, version, &cursor).await
        };
        block_on(stored).expect("memory does not fail");
    }

    /// Takes over as `holder`, whoever holds the lease at `now_ms`.
    pub(super) fn writer(&self, holder: &str, now_ms: u64) -> Sequencer {
        let take_over = Sequencer::take_over(self.context.clone(), holder, now_ms);
        match block_on(take_over).expect("memory does not fail") {
            TakeOver::Won(sequencer) => *sequencer,
            TakeOver::Held { until_ms } => panic!("the lease is held until {until_ms}"),
        }
    }

    /// Commits until nothing is left to include.
    pub(super) fn drain(&self, sequencer: &mut Sequencer) -> Vec<Committed> {
        let mut blocks = Vec::new();
        while let Step::Committed(block) =
            block_on(sequencer.step(timing(NOW_MS))).expect("memory does not fail")
        {
            blocks.push(*block);
        }
        blocks
    }

    pub(super) fn submit(&self, transaction: &Transaction) -> Result<TxHash, SubmitError> {
        let Context { stores, config, rules, .. } = &self.context;
        let signed = submit::decode(&transaction.encoded_2718(), config)?;
        let newest = &mut block_on(Replica::open(stores, config.id))?.newest();
        block_on(submit::submit(stores, &self.rings, (config, rules), newest, signed, NOW_MS))
    }

    /// Puts a transaction into the inbox without any check.
    pub(super) fn force(&self, transaction: &Transaction) {
        let pending = pending(transaction, NOW_MS);
        block_on(self.context.stores.inbox.append(pending)).expect("memory does not fail");
    }

    pub(super) fn dropped(&self, transaction: &Transaction) -> Option<String> {
        let dropped = self.context.stores.inbox.dropped(*transaction.hash());
        block_on(dropped).expect("memory does not fail").map(|dropped| dropped.reason)
    }

    pub(super) fn waiting(&self) -> usize {
        block_on(self.context.stores.inbox.waiting(100)).expect("memory does not fail").len()
    }

    pub(super) fn tip(&self) -> Tip {
        block_on(Tip::open(&self.context.stores)).expect("memory does not fail")
    }
}

/// An L1 whose blocks are twelve seconds apart.
pub(super) fn l1_block(number: u64) -> L1Origin {
    let timestamp_s = NOW_MS / 1000 - 100 + 12 * number;
    L1Origin { number, hash: B256::from(U256::from(number)), timestamp_s }
}

/// 10 ETH for `to`.
pub(super) fn deposit(index: u64, to: Address) -> DepositEvent {
    DepositEvent {
        index,
        from: Address::repeat_byte(0xdd),
        to,
        value: U256::from(10 * ETHER),
        gas_limit: 50_000,
        data: Bytes::new(),
    }
}

pub(super) const fn timing(now_ms: u64) -> Timing {
    Timing { now_ms, last_call: false }
}

/// Hashes of the transactions in `blocks`, in order.
pub(super) fn hashes(blocks: &[Committed]) -> Vec<TxHash> {
    let transactions = blocks.iter().flat_map(|block| &block.record.block.transactions);
    transactions.map(|tx| *tx.hash()).collect()
}

pub(super) fn pending(transaction: &Transaction, received_ms: u64) -> Pending {
    Pending {
        hash: *transaction.hash(),
        sender: recover_sender(transaction).expect("signed or a deposit"),
        raw: transaction.encoded_2718().into(),
        received_ms,
        deposit_position: 0,
    }
}

fn config() -> LayerConfig {
    LayerConfig {
        name: "test".to_owned(),
        opened_at_s: NOW_MS / 1000 - 10,
        ends_at_s: NOW_MS / 1000 + 3_600,
        gas_limit: 30_000_000,
        fee_recipient: Address::repeat_byte(0xfe),
        organiser: account(0),
        operator: account(0),
        l1: L1Binding {
            chain_id: 1,
            layer: Address::repeat_byte(0x11),
            config_hash: B256::ZERO,
            opened_in_block: 1,
            finality: Finality::Depth(0),
        },
        mint: Some(MintConfig { minter: account(9), ticket: Some(Address::repeat_byte(0x77)) }),
        limits: Limits { transaction_bytes: 64 * 1024, ..Limits::default() },
        posting: Posting::Calldata,
        ..LayerConfig::detached(LayerId::new([7; 16]), CHAIN_ID)
    }
}
