use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use node_core::{
    codec::record::RefundNote,
    flow::{mint::OrderError, refund::refund},
};

use super::shop::{deliver_until_known, key, reference};
use crate::{Variant, World, process::ProcessId, template};

/// A shop pays back what was paid, before it says so or after: delivers that until it is told that this is known, and
/// sometimes once more.
pub(crate) async fn refunder(world: Arc<World>, number: u64, at_ms: u64) {
    // Broken, an order is no record, and nothing takes it back.
    if world.is(Variant::NonceGivenAtAccept) {
        return;
    }
    world.sim.sleep_ms(at_ms).await;
    let begin = |world: &World| world.truth.refund_sent(&key(number), world.plan.burns);
    deliver_until_known(world, begin, move |world, process, is_taken| {
        deliver(world, process, number, is_taken)
    })
    .await;
}

async fn deliver(world: Arc<World>, process: ProcessId, number: u64, is_taken: Arc<AtomicBool>) {
    let (stores, now_ms) = (world.stores(process), world.clock(process).now_ms());
    let note = RefundNote { id: format!("refund-{number}"), item: String::new(), units: 0 };
    let burn = world.plan.burns.then(template::burn);
    let (bell, reference) = (world.bell(), reference(number));
    match refund(&stores, &bell, &reference, &[note], burn.as_ref(), now_ms).await {
        Ok(_) => {
            world.truth.refund_acknowledged(&key(number));
            is_taken.store(true, Ordering::Relaxed);
        }
        Err(OrderError::Flow(error)) => world.judge(process, &error),
        Err(OrderError::Closed { .. } | OrderError::NoMinter) => {}
    }
}
