//! Buyers who gave a name of the Ethereum Name Service, or of another that works the same way.
//!
//! A name is resolved when its order is paid, once. While the L1 does not answer, the order waits; whoever looks after the
//! layer tries [again](resolve_waiting). A name without an address is a failed order, which the organiser can retry.

use core::fmt;
use std::time::Duration;

use alloy_primitives::{Address, Bytes};
use async_trait::async_trait;
use mayfly_l1::{AccountName, NameError, Node};
use node_core::{
    codec::record::{MintOrder, OrderRecord},
    flow::refund,
    port::PortError,
};
use tokio::sync::OnceCell;

use crate::WebhookState;

/// How long the L1 may take while a provider waits for our answer, 5 s at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// Orders read at a time.
const PAGE: usize = 1_000;

/// Knows the addresses of names.
#[async_trait]
pub trait Names: Send + Sync {
    /// Returns the address of a name that `registry` knows.
    async fn address_of(&self, registry: Address, name: &AccountName)
    -> Result<Address, NameError>;
}

#[async_trait]
impl Names for Node {
    async fn address_of(
        &self,
        registry: Address,
        name: &AccountName,
    ) -> Result<Address, NameError> {
        Self::address_of(self, registry, name).await
    }
}

/// An L1 that nobody connects to before the first name.
pub struct LazyNode {
    /// May hold the key to the node: never shown.
    url: String,
    node: OnceCell<Node>,
}

impl fmt::Debug for LazyNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyNode").field("node", &self.node).finish_non_exhaustive()
    }
}

impl LazyNode {
    /// Takes the RPC URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), node: OnceCell::new() }
    }
}

#[async_trait]
impl Names for LazyNode {
    async fn address_of(
        &self,
        registry: Address,
        name: &AccountName,
    ) -> Result<Address, NameError> {
        let node = self.node.get_or_try_init(|| Node::connect(&self.url)).await?;
        node.address_of(registry, name).await
    }
}

/// A name that tickets of one sale are for: asked for once, and not before it is needed.
#[derive(Debug)]
pub(crate) struct Asked {
    name: AccountName,
    address: OnceCell<Result<Address, NameError>>,
}

impl Asked {
    pub(crate) fn new(name: AccountName) -> Self {
        Self { name, address: OnceCell::new() }
    }

    /// Makes the record of a new order for the name: to be minted, waiting, or failed.
    pub(crate) async fn record(&self, state: &WebhookState, order: MintOrder) -> OrderRecord {
        let mut record = OrderRecord::named(order);
        let address = self.address.get_or_init(|| address_of(state, &self.name)).await;
        if !address.as_ref().is_err_and(NameError::is_retryable) {
            let outcome = call(state, &record, address);
            apply(&mut record, &outcome);
        }
        record
    }
}

/// What follows from the address of a name: recipient and call of the mint, or why there is none.
type Outcome = Result<(Address, Bytes), String>;

fn call(
    state: &WebhookState,
    record: &OrderRecord,
    address: &Result<Address, NameError>,
) -> Outcome {
    let recipient = *address.as_ref().map_err(ToString::to_string)?;
    let tier = record.order.sold.as_ref().map(|sold| sold.tier.as_str()).unwrap_or_default();
    let input = state.event.ticket.mint_input(recipient, tier, &record.order.key);
    input.map(|input| (recipient, input)).map_err(|error| error.to_string())
}

fn apply(record: &mut OrderRecord, outcome: &Outcome) {
    match outcome {
        Ok((recipient, input)) => record.resolve(*recipient, input.clone()),
        Err(reason) => record.fail_to_resolve(reason),
    }
}

/// Looks for the addresses of all names that orders wait for, and returns how many orders do not wait any more.
///
/// # Errors
/// The store's.
pub async fn resolve_waiting(state: &WebhookState) -> Result<usize, PortError> {
    if state.event.names.is_none() {
        return Ok(0);
    }
    let (mut resolved, mut from) = (0, None);
    loop {
        let page = state.stores.orders.list(from.as_deref(), PAGE).await?;
        for record in page.records {
            let Some(name) = record.awaited_name().map(str::to_owned) else { continue };
            let address = resolve(state, &name, &record).await;
            if address.as_ref().is_err_and(NameError::is_retryable) {
                return Ok(resolved);
            }
            let outcome = call(state, &record, &address);
            let (orders, key) = (&*state.stores.orders, &record.order.key);
            let edit = |record: &mut OrderRecord| apply(record, &outcome);
            refund::change(orders, key, edit).await?;
            state.doorbell.ring();
            resolved += 1;
        }
        from = page.next;
        if from.is_none() {
            return Ok(resolved);
        }
    }
}

async fn resolve(
    state: &WebhookState,
    name: &str,
    record: &OrderRecord,
) -> Result<Address, NameError> {
    let name = AccountName::normal(name)?;
    let address = address_of(state, &name).await;
    if let Err(error) = &address {
        tracing::warn!(order = record.order.key, %error, "a name was not resolved");
    }
    address
}

async fn address_of(state: &WebhookState, name: &AccountName) -> Result<Address, NameError> {
    let unavailable = |reason: &'static str| PortError::unavailable("L1 for names", reason);
    let registry = state.event.names.ok_or_else(|| unavailable("the event has no registry"))?;
    let names = state.names.as_ref().ok_or_else(|| unavailable("nobody knows where it is"))?;
    let asked = tokio::time::timeout(PATIENCE, names.address_of(registry, name)).await;
    asked.map_err(|_| unavailable("no answer in time"))?
}
