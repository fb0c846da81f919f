use std::sync::Arc;

use node_core::flow::{FlowError, query::Replica};

use crate::{Property, World, process::ProcessId, template};

/// A client that reads over one connection, and connects again when it fails.
pub(crate) async fn reader(world: Arc<World>, process: ProcessId) {
    while !world.truth.is_erasing() {
        match read(&world, process).await {
            Ok(()) | Err(FlowError::NoLayer) => return,
            Err(error) => world.judge(process, &error),
        }
        world.sim.sleep_about_ms(500, 3_000).await;
    }
}

async fn read(world: &World, process: ProcessId) -> Result<(), FlowError> {
    let stores = world.stores(process);
    let replica = Replica::open(&stores, world.config.id).await?;
    let mut before = 0;
    while !world.truth.is_erasing() {
        let head = replica.head();
        let number = head.header.number;
        world.truth.is_seen(process, number, head.header.hash());
        if number < before {
            let what = format!("{process} sees block {number} after block {before}");
            let about = vec![process.to_string()];
            world.sim.violate(Property::ReadersNeverGoBack, what, about);
        }
        before = number;
        let (sender, nonce) = world.sim.with_random(|random| {
            let sender = random.below(u64::from(template::SENDERS));
            (u8::try_from(sender).unwrap_or_default(), random.below(template::NONCES))
        });
        let [one, _] = &template::template().transfers[&(sender, nonce)];
        let hash = *one.transaction.hash();
        let found = replica.transaction(&hash).await?;
        world.truth.is_found(process, hash, found.map(|found| found.block.header.number));
        world.sim.sleep_about_ms(1_000, 8_000).await;
        replica.follow(&stores).await?;
    }
    Ok(())
}
