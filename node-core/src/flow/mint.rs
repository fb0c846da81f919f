//! Paid orders become transactions.
//!
//! An order is recorded once under its key, in one conditional write; the sequencer gives the nonce and
//! signs when it builds the block, so any number of webhook functions can record at once.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, Bytes, Log, TxKind, U256};
use alloy_sol_types::{SolCall, SolEvent, sol};

use super::{FlowError, phase, refund, register};
use crate::{
    chain::{LayerConfig, Phase, Transaction},
    codec::{
        names,
        record::{MintOrder, OrderRecord, OrderState},
    },
    port::{Doorbell, PortError, Recorded, Signer, Stores},
};

sol! {
    /// What a ticket contract must have for webhooks to mint.
    function mintTo(address to) external returns (uint256 id);

    /// What ERC-721 says of a mint: `from` is zero.
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    /// What ERC-1155 says of a mint: `from` is zero.
    event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
}

/// Orders read at a time where all of them are looked at.
const PAGE: usize = 1_000;

/// Gas of one mint, or of what takes a ticket back. Enough for any common ERC-721 with enumeration and a receiver hook; what is not used is
/// not paid.
const MINT_GAS: u64 = 1_000_000;

/// Why an order was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The layer takes nothing new.
    #[error("the layer is closed for mints: phase {phase}")]
    Closed {
        /// Where the layer is in its life.
        phase: Phase,
    },
    /// The layer was opened without a shop.
    #[error("this layer has no minter: open it with a mint configuration")]
    NoMinter,
    /// The stores.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl From<PortError> for OrderError {
    fn from(error: PortError) -> Self {
        Self::Flow(error.into())
    }
}

/// Records a paid order and rings. Recording the same key again changes nothing.
///
/// # Errors
/// [`OrderError::Closed`] when the layer no longer takes orders: then it may be recorded, but nothing
/// was promised.
pub async fn record(
    stores: &Stores,
    doorbell: &dyn Doorbell,
    config: &LayerConfig,
    order: MintOrder,
) -> Result<Recorded, OrderError> {
    if config.mint.is_none() {
        return Err(OrderError::NoMinter);
    }
    // An order that was recorded while the layer was open is answered the same for ever.
    if let Some(known) = stores.orders.get(&order.key).await? {
        return Ok(Recorded::Known(known.state()));
    }
    check_open(stores).await?;
    let recorded = stores.orders.record(order).await?;
    check_open(stores).await?;
    doorbell.ring();
    Ok(recorded)
}

/// Records a paid order of which nothing is due yet: it waits for the wallet of its buyer, or for the address of a
/// name. Recording the same key again changes nothing.
///
/// # Errors
/// As [`record`].
pub async fn hold(
    stores: &Stores,
    config: &LayerConfig,
    record: OrderRecord,
) -> Result<OrderState, OrderError> {
    if config.mint.is_none() {
        return Err(OrderError::NoMinter);
    }
    check_open(stores).await?;
    let key = record.order.key.clone();
    let state = match stores.orders.change(None, &record).await {
        Ok(()) => record.state(),
        Err(PortError::Conflict { .. }) => {
            let held = stores.orders.get(&key).await?;
            held.ok_or_else(|| PortError::NotFound { name: format!("order {key}") })?.state()
        }
        Err(error) => return Err(error.into()),
    };
    check_open(stores).await?;
    Ok(state)
}

/// Mints what nobody claimed to the wallets that were named for that, at the end of a layer; returns how many. What waits
/// for the address of a name has failed then.
///
/// # Errors
/// The store's errors.
pub(super) async fn release_unclaimed(stores: &Stores) -> Result<usize, FlowError> {
    let (mut released, mut from) = (0, None);
    loop {
        let page = stores.orders.list(from.as_deref(), PAGE).await?;
        let is_left = |one: &OrderRecord| {
            one.state() == OrderState::Unclaimed || one.awaited_name().is_some()
        };
        for record in page.records.into_iter().filter(is_left) {
            let key = &record.order.key;
            let edit = |record: &mut OrderRecord| {
                record.fail_to_resolve("the layer ended before the name had an address");
                record.release();
            };
            let held = refund::change(&*stores.orders, key, edit).await?;
            released += usize::from(held.is_some_and(|held| held.due().is_some()));
        }
        from = page.next;
        if from.is_none() {
            return Ok(released);
        }
    }
}

/// The token that `logs` say was minted first.
pub(super) fn minted_token(logs: &[Log]) -> Option<U256> {
    let token = |log: &Log| match Transfer::decode_log(log) {
        Ok(transfer) if transfer.from.is_zero() => Some(transfer.tokenId),
        _ => {
            let transfer = TransferSingle::decode_log(log).ok()?;
            transfer.from.is_zero().then_some(transfer.id)
        }
    };
    logs.iter().find_map(token)
}

/// Makes an order due again that failed; any other stays as it is. Returns it; `None` when there is none.
///
/// # Errors
/// As [`record`].
pub async fn retry(stores: &Stores, key: &str) -> Result<Option<OrderRecord>, OrderError> {
    check_open(stores).await?;
    let record = refund::change(&*stores.orders, key, OrderRecord::retry).await?;
    check_open(stores).await?;
    Ok(record)
}

pub(super) async fn check_open(stores: &Stores) -> Result<(), OrderError> {
    let phase = phase::current(&*stores.registers).await?;
    if phase.accepts() { Ok(()) } else { Err(OrderError::Closed { phase }) }
}

/// Names the contract that paid orders mint from; orders that wait are minted there.
///
/// # Errors
/// The store's errors.
pub async fn set_ticket(stores: &Stores, ticket: Address) -> Result<(), FlowError> {
    let registers = &*stores.registers;
    let held = register::load::<Address>(registers, names::TICKET).await?;
    let version = held.map(|held| held.version);
    register::store(registers, names::TICKET, version, &ticket).await?;
    Ok(())
}

/// Returns the contract that paid orders mint from.
///
/// # Errors
/// The store's errors.
pub async fn ticket(stores: &Stores, config: &LayerConfig) -> Result<Option<Address>, FlowError> {
    let Some(mint) = &config.mint else { return Ok(None) };
    let held = register::load::<Address>(&*stores.registers, names::TICKET).await?;
    Ok(held.map(|held| held.value).or(mint.ticket))
}

/// Signs what is due of `order`, its mint or what takes it back, with `nonce`.
///
/// # Errors
/// The signer's error.
pub(super) async fn transaction(
    config: &LayerConfig,
    signer: &dyn Signer,
    ticket: Address,
    order: &MintOrder,
    nonce: u64,
) -> Result<Transaction, FlowError> {
    let configured = order.sold.as_ref().map(|sold| &sold.call).filter(|call| !call.is_empty());
    let mint_to = || mintToCall { to: order.recipient }.abi_encode().into();
    let input: Bytes = configured.cloned().unwrap_or_else(mint_to);
    let tx = TxEip1559 {
        chain_id: config.chain_id,
        nonce,
        gas_limit: MINT_GAS,
        max_fee_per_gas: u128::from(config.base_fee_wei),
        max_priority_fee_per_gas: 0,
        to: TxKind::Call(ticket),
        value: U256::ZERO,
        access_list: Default::default(),
        input,
    };
    let signature = signer.sign(tx.signature_hash()).await?;
    Ok(Transaction::Ethereum(tx.into_signed(signature).into()))
}
