//! Paid orders become transactions.
//!
//! An order is recorded once under its key, in one conditional write; the sequencer gives the nonce and
//! signs when it builds the block, so any number of webhook functions can record at once.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::{SolCall, sol};

use super::{FlowError, phase, register};
use crate::{
    chain::{LayerConfig, Phase, Transaction},
    codec::{names, record::MintOrder},
    port::{Doorbell, PortError, Recorded, Signer, Stores},
};

sol! {
    /// What a ticket contract must have for webhooks to mint.
    function mintTo(address to) external returns (uint256 id);
}

/// Gas of one mint. Enough for any common ERC-721 with enumeration and a receiver hook; what is not used is
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

async fn check_open(stores: &Stores) -> Result<(), OrderError> {
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

/// Signs the mint of `order` with `nonce`.
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
    let call = mintToCall { to: order.recipient };
    let tx = TxEip1559 {
        chain_id: config.chain_id,
        nonce,
        gas_limit: MINT_GAS,
        max_fee_per_gas: u128::from(config.base_fee_wei),
        max_priority_fee_per_gas: 0,
        to: TxKind::Call(ticket),
        value: U256::ZERO,
        access_list: Default::default(),
        input: Bytes::from(call.abi_encode()),
    };
    let signature = signer.sign(tx.signature_hash()).await?;
    Ok(Transaction::Ethereum(tx.into_signed(signature).into()))
}
