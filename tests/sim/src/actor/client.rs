use std::sync::Arc;

use node_core::flow::submit::{Signed, SubmitError};

use super::send;
use crate::{Fault, World, template::template};

/// How often a client tries to have one transaction taken.
const TRIES: usize = 8;

/// A wallet that sends its transactions in order of nonce; or twice, out of order, in conflict.
pub(crate) async fn client(world: Arc<World>, number: u8) {
    let patience_ms = world.plan.lasts_s * 300;
    world.sim.sleep_about_ms(0, patience_ms).await;
    let sent = plan(&world, number);
    let count = sent.len();
    for (at, signed) in sent.into_iter().enumerate() {
        if world.plan.late && at + 1 == count {
            until_the_end(&world).await;
        }
        if !take(&world, signed).await {
            return;
        }
        world.sim.sleep_about_ms(0, 3_000).await;
    }
}

/// Waits until the layer is about to end, has ended just now, or is drained.
async fn until_the_end(world: &World) {
    let ends_us = world.plan.lasts_s * 1_000_000;
    let left_ms = ends_us.saturating_sub(world.sim.now_us()) / 1_000;
    world.sim.sleep_about_ms(left_ms.saturating_sub(2_000), left_ms + 15_000).await;
}

/// What is sent, in order.
fn plan(world: &World, number: u8) -> Vec<Vec<Signed>> {
    let (sim, template) = (&world.sim, template());
    let mut sent = Vec::new();
    for nonce in 0..world.plan.sent[usize::from(number)] {
        let [one, other] = &template.transfers[&(number, nonce)];
        sent.push(vec![one.clone()]);
        if sim.fault(Fault::Client) {
            match sim.with_random(|random| random.below(4)) {
                0 => sent.push(vec![one.clone()]),
                1 => sent.push(vec![other.clone()]),
                2 => drop(sent.pop()),
                _ => sent.push(vec![other.clone(), one.clone()]),
            }
        }
    }
    for at in 1..sent.len() {
        if sim.fault(Fault::Client) {
            sent.swap(at - 1, at);
        }
    }
    if world.plan.large && number == 0 {
        sent.insert(0, vec![template.large.clone()]);
    }
    sent
}

/// Tries until the transactions are taken; `false` when the layer takes none any more.
async fn take(world: &Arc<World>, signed: Vec<Signed>) -> bool {
    for _ in 0..TRIES {
        let hashes: Vec<_> = signed.iter().map(|signed| *signed.transaction.hash()).collect();
        let Some(answers) = send(world, signed.clone()).await else { continue };
        let mut is_final = true;
        for (hash, answer) in hashes.into_iter().zip(answers) {
            match answer.as_ref().map_err(|error| &**error) {
                Ok(_) => world.truth.acknowledged(hash),
                Err(SubmitError::Closed { .. }) => return false,
                Err(SubmitError::Underpriced | SubmitError::Known { .. }) => {}
                // The deposit is not there yet, or the stores are busy.
                Err(_) => is_final = false,
            }
        }
        if is_final {
            return true;
        }
        world.sim.sleep_about_ms(200, 3_000).await;
    }
    true
}
