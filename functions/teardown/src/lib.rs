//! Ends a flash layer, as a loop around [`node_core::flow::teardown`].

#[cfg(feature = "lambda")]
pub mod lambda;

use std::{sync::Arc, time::Duration};

use node_core::{
    chain::Phase,
    flow::{
        FlowError,
        teardown::{Progress, Teardown, bundle::Bundle},
    },
    port::Clock,
};

/// How long to wait before a step that waits for the outside is tried again.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often a step that failed for a passing reason is tried in a row.
const ATTEMPTS: usize = 10;

/// Walks one layer to its end.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The steps.
    pub teardown: Teardown,
}

/// What is told on the way.
#[derive(Debug)]
pub enum News<'a> {
    /// The layer entered a phase.
    Phase(Phase),
    /// Something outside must happen first.
    Waiting(String),
    /// All that auditors need; the stores are erased after this returns.
    Bundle(&'a Bundle),
}

impl Ending {
    /// Runs all steps that are left. `tell` hears of each; an error it returns stops the end before the
    /// step that would follow, so a bundle that could not be kept keeps the layer from being erased.
    ///
    /// # Errors
    /// The first error that does not pass by itself.
    pub async fn run<E: From<FlowError>>(
        &self,
        clock: &Arc<dyn Clock>,
        mut tell: impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failures = 0;
        let mut is_kept = false;
        loop {
            let step = match is_kept {
                true => self.teardown.erase().await,
                false => self.teardown.advance(clock.now_ms()).await,
            };
            match step {
                Ok(Progress::Moved(phase)) => {
                    failures = 0;
                    tell(News::Phase(phase))?;
                }
                Ok(Progress::Waiting(wait)) => {
                    tell(News::Waiting(wait.to_string()))?;
                    tokio::time::sleep(PATIENCE).await;
                }
                Ok(Progress::Disposable) => {
                    if let Some(bundle) = self.teardown.bundle().await? {
                        tell(News::Bundle(&bundle))?;
                    }
                    is_kept = true;
                }
                Ok(Progress::Erased) => return tell(News::Phase(Phase::Erased)),
                Err(error) if error.is_retryable() && failures < ATTEMPTS => {
                    failures += 1;
                    tracing::warn!(%error, "a step of the end failed; trying again");
                    tokio::time::sleep(PATIENCE * 2_u32.pow(u32::try_from(failures).unwrap_or(0)))
                        .await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
