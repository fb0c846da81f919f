use std::sync::{Arc, Mutex, PoisonError};

use node_core::{
    chain::LayerId,
    flow::lease,
    port::{Clock, Doorbell, PortError, Registers},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Sockets,
    api::{Api, Ask},
};

/// Starts other functions and does not wait for them.
#[derive(Debug, Clone)]
pub struct Functions(pub(crate) Api);

impl Functions {
    /// Asks `function` to work on `layer`. It does soon, once or more often; nobody hears how that went.
    ///
    /// AWS: Lambda Developer Guide, "Invoking a Lambda function asynchronously".
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is no such function, or no permission.
    pub async fn invoke(&self, function: &str, layer: LayerId) -> Result<(), PortError> {
        let what = format!("invoke {function}");
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let event = json!({ "layer": layer }).to_string().into_bytes();
        let headers = &[("content-type", "application/json"), ("x-amz-invocation-type", "Event")];
        let ask = Ask { method: "POST", path: &path, headers, body: event };
        match self.0.send(&what, &ask).await? {
            answer if answer.is_good() => Ok(()),
            answer => Err(answer.refused(what)),
        }
    }
}

/// Wakes the sequencer of one layer, unless it is awake.
///
/// A ring is for what was appended before. It looks at the lease, and a sequencer that gives its lease back looks
/// for work once more after that: either the ring finds the lease free, or that look finds what was appended.
#[derive(Clone)]
pub struct Bell {
    /// Starts the sequencer.
    pub functions: Functions,
    /// Its name.
    pub sequencer: Arc<str>,
    /// The layer.
    pub layer: LayerId,
    /// Its lease.
    pub registers: Arc<dyn Registers>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Rings under way.
    pub rings: Rings,
}

/// Rings under way in a function. It freezes when it has answered, so it waits for them before.
#[derive(Debug, Clone, Default)]
pub struct Rings(Arc<Mutex<JoinSet<()>>>);

impl Rings {
    /// Waits until every ring so far is heard, or lost.
    pub async fn silent(&self) {
        let mut rings =
            core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        while rings.join_next().await.is_some() {}
    }
}

impl core::fmt::Debug for Bell {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Bell").field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl Doorbell for Bell {
    fn ring(&self) {
        let bell = self.clone();
        let mut rings = self.rings.0.lock().unwrap_or_else(PoisonError::into_inner);
        rings.spawn(async move {
            if let Err(error) = bell.wake().await {
                tracing::warn!(layer = %bell.layer, %error, "the sequencer was not woken; the watchdog will");
            }
        });
    }
}

impl Bell {
    async fn wake(&self) -> Result<(), PortError> {
        match lease::is_held(&*self.registers, self.clock.now_ms()).await? {
            true => Ok(()),
            false => self.functions.invoke(&self.sequencer, self.layer).await,
        }
    }
}

/// Wakes whoever tells the subscribers of a layer of new blocks, unless nobody subscribed, or somebody tells already:
/// who does looks for more once it has told.
#[derive(Debug, Clone)]
pub struct News {
    /// Starts the function that tells.
    pub functions: Functions,
    /// Its name.
    pub rpc: Arc<str>,
    /// Who subscribed.
    pub sockets: Sockets,
}

impl News {
    /// Rings for the blocks that were committed before `now_ms`, Unix milliseconds. A ring that is lost is made up for
    /// by the next one: the watch rings every minute.
    pub async fn ring(&self, layer: LayerId, now_ms: u64) {
        if let Err(error) = self.wake(layer, now_ms).await {
            tracing::warn!(%layer, %error, "subscribers wait for the next ring");
        }
    }

    async fn wake(&self, layer: LayerId, now_ms: u64) -> Result<(), PortError> {
        match self.sockets.cursor(layer).await? {
            Some(cursor) if cursor.until_ms <= now_ms => {
                self.functions.invoke(&self.rpc, layer).await
            }
            _ => Ok(()),
        }
    }
}
