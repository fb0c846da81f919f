use std::sync::Arc;

use node_core::flow::{
    FlowError,
    teardown::{Progress, Teardown},
};

use crate::{World, process::ProcessId, template};

/// How often a step that fails is tried in a row.
const TRIES: usize = 3;

/// One instance of what ends the layer.
pub(crate) async fn teardown(world: Arc<World>, process: ProcessId) {
    let teardown = Teardown {
        context: world.context(process),
        l1: world.node(process),
        holder: process.to_string(),
        known_codes: template::known_codes(),
    };
    let clock = world.clock(process);
    let (mut failures, mut is_kept) = (0, false);
    while failures < TRIES {
        let step = match is_kept {
            true => teardown.erase().await,
            false => teardown.advance(clock.now_ms()).await,
        };
        match step {
            Ok(Progress::Disposable) => match keep(&world, process, &teardown).await {
                Ok(()) => is_kept = true,
                Err(error) => {
                    world.judge(process, &error);
                    failures += 1;
                }
            },
            Ok(Progress::Moved(phase)) => {
                failures = 0;
                let code = u64::from(u8::from(phase.accepts()));
                world.sim.note(process, code, || format!("phase {phase}"));
            }
            Ok(Progress::Waiting(wait)) => {
                world.sim.note(process, 7, || format!("phase waits for {wait}"));
                world.sim.sleep_about_ms(5_000, 30_000).await;
            }
            Ok(Progress::Erased) => return,
            Err(error) => {
                world.judge(process, &error);
                failures += 1;
                world.sim.sleep_about_ms(200, 2_000).await;
            }
        }
    }
}

/// Keeps what auditors need, somewhere else than in the layer.
async fn keep(world: &World, process: ProcessId, teardown: &Teardown) -> Result<(), FlowError> {
    if let Some(bundle) = teardown.bundle().await? {
        world.sim.sleep_about_ms(10, 2_000).await;
        world.truth.bundle_kept(process, &bundle);
    }
    Ok(())
}
