use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_primitives::Address;
use node_core::{
    chain::Phase,
    codec::record::{MintOrder, OrderState},
    flow::{
        FlowError,
        mint::{OrderError, record},
        phase,
        query::Replica,
        refund::{open_sale, take_back},
    },
    port::{Recorded, Stores},
    state::StateAt,
};

use super::send;
use crate::{Fault, Variant, World, process::ProcessId, template};

/// A shop: delivers that an item is paid until it is told that this is known, and sometimes once more.
pub(crate) async fn shop(world: Arc<World>, number: u64) {
    let at = usize::try_from(number).unwrap_or_default();
    world.sim.sleep_ms(world.plan.sold_ms[at]).await;
    deliver_until_known(
        world,
        |_| {},
        move |world, process, is_taken| deliver(world, process, number, is_taken),
    )
    .await;
}

/// Delivers, after `begin`, until it is told that this is known, and sometimes once more.
pub(super) async fn deliver_until_known<F: Future<Output = ()> + Send + 'static>(
    world: Arc<World>,
    begin: impl Fn(&World),
    deliver: impl Fn(Arc<World>, ProcessId, Arc<AtomicBool>) -> F,
) {
    let is_taken = Arc::new(AtomicBool::new(false));
    let mut deliveries = 0;
    while world.is_open() == Some(true) && deliveries < 12 {
        let again = world.sim.fault(Fault::Client);
        if is_taken.load(Ordering::Relaxed) && !again {
            return;
        }
        begin(&world);
        for _ in 0..=u8::from(again) {
            let is_taken = Arc::clone(&is_taken);
            world.function("webhook", |world, process| deliver(world, process, is_taken));
        }
        deliveries += 1;
        world.sim.sleep_about_ms(500, 6_000).await;
    }
}

async fn deliver(world: Arc<World>, process: ProcessId, number: u64, is_taken: Arc<AtomicBool>) {
    let (stores, clock) = (world.stores(process), world.clock(process));
    let recipient = template::sender(u8::try_from(number).unwrap_or_default() % template::SENDERS);
    let key = key(number);
    if world.is(Variant::NonceGivenAtAccept) {
        if send_with_nonce(&world, &stores, &key, recipient).await.is_some() {
            is_taken.store(true, Ordering::Relaxed);
        }
        return;
    }
    let received_ms = clock.now_ms();
    let order = MintOrder { key: key.clone(), recipient, received_ms, sold: None };
    match sell(&world, &stores, &reference(number), order).await {
        Ok((OrderState::Waiting | OrderState::Burning, Known::Yes)) if !is_open(&stores).await => {}
        Ok(_) => {
            world.truth.order_acknowledged(&key, None);
            is_taken.store(true, Ordering::Relaxed);
        }
        Err(OrderError::Flow(error)) => world.judge(process, &error),
        Err(OrderError::Closed { .. } | OrderError::NoMinter) => {}
    }
}

/// The key of the order for a paid item.
pub(super) fn key(number: u64) -> String {
    format!("item-{number}")
}

/// What its refund calls its sale.
pub(super) fn reference(number: u64) -> String {
    format!("sale-{number}")
}

/// Whether an earlier delivery has recorded an order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// Records what was sold, unless it was paid back before; says where it stands.
async fn sell(
    world: &Arc<World>,
    stores: &Stores,
    reference: &str,
    order: MintOrder,
) -> Result<(OrderState, Known), OrderError> {
    let (key, received_ms) = (order.key.clone(), order.received_ms);
    let sale = open_sale(stores, reference, core::slice::from_ref(&key), received_ms).await?;
    if sale.refunded().contains(key.as_str()) {
        let burn = world.plan.burns.then(template::burn);
        let state = take_back(stores, &key, burn.as_ref(), received_ms).await?;
        return Ok((state, Known::Yes));
    }
    match record(stores, &world.bell(), &world.config, order).await? {
        Recorded::New => Ok((OrderState::Waiting, Known::No)),
        Recorded::Known(state) => Ok((state, Known::Yes)),
    }
}

/// Whether the layer takes orders. One that waits in a layer that is closed may have come too late for the last block.
async fn is_open(stores: &Stores) -> bool {
    phase::current(&*stores.registers).await.is_ok_and(Phase::accepts)
}

/// Broken: signs the mint with the next nonce there is now, and sends it as any other transaction.
async fn send_with_nonce(
    world: &Arc<World>,
    stores: &Stores,
    key: &str,
    recipient: Address,
) -> Option<()> {
    let mut newest = Replica::open(stores, world.config.id).await.ok()?.newest();
    let read = |state: &StateAt| Ok::<_, FlowError>(state.account(&template::minter())?);
    let account = newest.with(read).await.ok()?.unwrap_or_default();
    let waiting = stores.inbox.of_sender(template::minter()).await.ok()?.len();
    let nonce = account.nonce + u64::try_from(waiting).ok()?;
    let signed = template::mint(recipient, nonce);
    let hash = *signed.transaction.hash();
    send(world, vec![signed]).await?.pop()?.ok()?;
    world.truth.order_acknowledged(key, Some(hash));
    Some(())
}
