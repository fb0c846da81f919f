use std::sync::Arc;

use mayfly_sequencer::{Bell, HeadWatch, Policy, Writer};
use node_core::{
    flow::{query::Replica, sequence::Context, submit::Intake},
    port::{Clock, Signer, Unobserved},
    rpc::{Access, MAX_ANSWER_BYTES, Node, Sends, Tags},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::failure::Failure;

/// Answer of `web3_clientVersion`.
pub(super) const CLIENT_VERSION: &str = concat!("mayfly/v", env!("CARGO_PKG_VERSION"), "/rust");

/// Name of the writer. The stores are locked by this process, so whoever had the lease under this name is
/// dead, and there is no need to wait for it to run out.
const HOLDER: &str = "runner";

/// A chain that is written and read in this process: the layer, or the development L1.
pub(crate) struct Chain {
    /// Its stores, configuration and rules.
    pub(crate) context: Context,
    /// What readers see.
    pub(crate) replica: Arc<Replica>,
    /// Wakes the writer.
    pub(crate) bell: Bell,
    /// What JSON-RPC answers from.
    pub(crate) node: Arc<Node>,
    /// Says true when everything must stop.
    pub(crate) stop: watch::Sender<bool>,
    writer: JoinHandle<()>,
}

impl core::fmt::Debug for Chain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Chain").field("context", &self.context).finish_non_exhaustive()
    }
}

impl Chain {
    /// Opens a replica and starts a writer.
    pub(crate) async fn start(
        context: Context,
        clock: Arc<dyn Clock>,
        tags: Tags,
        intake: Intake,
        (access, signer): (Access, Option<Arc<dyn Signer>>),
    ) -> Result<Self, Failure> {
        let replica = Arc::new(
            Replica::open_with(&context.stores, context.config.id, &context.caches).await?,
        );
        let heads = HeadWatch::default();
        heads.announce(replica.head().header.number);
        let bell = Bell::default();
        let node = Arc::new(Node {
            stores: context.stores.clone(),
            config: Arc::clone(&context.config),
            rules: Arc::clone(&context.rules),
            replica: Arc::clone(&replica),
            intake: Arc::new(intake),
            doorbell: Arc::new(bell.clone()),
            heads: Arc::new(heads.clone()),
            clock: Arc::clone(&clock),
            tags: Arc::new(tags),
            annexes: Arc::default(),
            sends: Sends::Taken,
            access: Arc::new(access),
            answer_bytes: MAX_ANSWER_BYTES,
            costs: None,
            signer,
            client_version: CLIENT_VERSION.to_owned(),
        });
        let writer = Writer {
            context: context.clone(),
            replica: Arc::clone(&replica),
            heads,
            bell: bell.clone(),
            clock,
            observer: Arc::new(Unobserved),
            policy: Policy::default(),
            holder: HOLDER.to_owned(),
        };
        let stop = watch::Sender::new(false);
        let stopping = stop.subscribe();
        let writer = tokio::spawn(async move { writer.run(stopping).await });
        Ok(Self { context, replica, bell, node, stop, writer })
    }

    /// Stops the writer; what it is committing is finished.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.writer.await;
    }
}
