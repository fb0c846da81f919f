use std::sync::Arc;

use node_core::flow::open::open;

use crate::{World, process::ProcessId, template::template};

/// Opens the layer.
pub(crate) async fn opener(world: Arc<World>, process: ProcessId) {
    let stores = world.stores(process);
    if let Err(error) = open(&stores, &world.config, &template().genesis).await {
        world.judge(process, &error);
    }
}
