//! Telling subscribers of blocks: each subscription of each block after it was made, once, in order.
//!
//! One function at a time tells the connections of a layer. It goes in rounds: it writes down up to which block it
//! begins to tell, tells all connections at once, and writes down that it has. A connection that is slow, or of which
//! it is not known what arrived, is closed: its client connects again and knows that it may have missed something,
//! which it would not know if it were told less. So nobody waits for anybody else for longer than a message may take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures::StreamExt;
use mayfly_aws::{Absent, Cursor, NotTold, Socket, SocketGateway, Sockets, Turn};
use mayfly_sequencer::{SystemClock, Writer};
use node_core::{
    chain::LayerId,
    flow::sequence::Committed,
    port::{Clock, PortError},
};
use tokio::time::{Instant, timeout_at};

use super::{REMEMBERED_S, WireError, Wires, ask::read, now_s};
use crate::lambda::layers::Layer;

/// Blocks that are told of in one round.
const STRIDE: u64 = 16;

/// Connections that are told at a time.
const AT_A_TIME: usize = 64;

/// How long a round may take. Connections that were not told by then are closed.
const ROUND: Duration = Duration::from_secs(15);

/// How long a turn lasts unless another round begins: longer than a round, or two would tell at a time.
const TURN_MS: u64 = 20_000;

/// How long a subscription may be pending, in seconds: longer than the function that answers it may live.
const PENDING_S: u64 = 35;

/// What was told.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::lambda) struct Told {
    /// Messages that were sent.
    pub(in crate::lambda) messages: u64,
}

/// One turn of telling.
struct Telling<'a> {
    wires: &'a Wires,
    layer: Arc<Layer>,
    sockets: Sockets,
    /// Name of this turn.
    by: String,
    messages: AtomicU64,
}

/// Why a turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// All was told up to this block.
    Told(u64),
    /// There is nobody to tell, or somebody else tells.
    NotOurs,
    /// There is more, but no time.
    Late,
}

impl Wires {
    /// Tells everybody who subscribed to a layer of the blocks that they were not told of; stops before `deadline`.
    pub(in crate::lambda) async fn tell(
        &self,
        layer: LayerId,
        deadline: SystemTime,
    ) -> Result<Told, WireError> {
        let layer = match self.layers.find(&layer.to_string()).await {
            Ok(layer) => layer,
            // It has ended: there is nobody left to tell, and nothing.
            Err(Absent::Unknown(_) | Absent::Ended(_)) => return Ok(Told::default()),
            Err(Absent::Port(error)) => return Err(error.into()),
        };
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let begin_before = Instant::now() + left.saturating_sub(ROUND + Duration::from_secs(2));
        let telling = Telling {
            wires: self,
            sockets: self.cloud.sockets(Some(layer.id)),
            layer,
            by: Writer::name(),
            messages: AtomicU64::new(0),
        };
        telling.turns(begin_before).await?;
        Ok(Told { messages: telling.messages.into_inner() })
    }

    /// Has somebody tell the subscribers of a layer.
    pub(super) async fn ring(&self, layer: LayerId) -> Result<(), PortError> {
        self.functions.invoke(&self.name, layer).await
    }
}

impl Telling<'_> {
    /// Takes turns until there is nothing left to tell.
    ///
    /// Whoever committed while this had the turn did not ring, so after giving it back this looks once more.
    async fn turns(&self, begin_before: Instant) -> Result<(), WireError> {
        let id = self.layer.id;
        loop {
            let now_ms = SystemClock.now_ms();
            let taken = self.sockets.take(id, &self.by, now_ms, now_ms + TURN_MS).await?;
            let Turn::Ours(cursor) = taken else { return Ok(()) };
            let over = self.rounds(cursor, begin_before).await;
            self.sockets.leave(id, &self.by).await?;
            match over? {
                Over::NotOurs => return Ok(()),
                Over::Late => return Ok(self.wires.ring(id).await?),
                Over::Told(done) if self.layer.follow().await? <= done => return Ok(()),
                Over::Told(_) => {}
            }
        }
    }

    async fn rounds(&self, cursor: Cursor, begin_before: Instant) -> Result<Over, WireError> {
        let id = self.layer.id;
        let mut done = cursor.done;
        if cursor.begun > cursor.done {
            self.give_up_on(cursor.begun).await?;
            done = cursor.begun;
            if self.sockets.finish(id, &self.by, done).await? == Turn::Theirs {
                return Ok(Over::NotOurs);
            }
        }
        loop {
            let last = self.layer.follow().await?.min(done.saturating_add(STRIDE));
            if last <= done {
                return Ok(Over::Told(done));
            }
            if Instant::now() >= begin_before {
                return Ok(Over::Late);
            }
            let until_ms = SystemClock.now_ms() + TURN_MS;
            let begun = self.sockets.begin(id, &self.by, last, until_ms).await?;
            let Turn::Ours(Cursor { made, .. }) = begun else { return Ok(Over::NotOurs) };
            let sockets = self.sockets.list(id).await?;
            let is_empty = sockets.is_empty();
            self.round(sockets, (done, last)).await?;
            if self.sockets.finish(id, &self.by, last).await? == Turn::Theirs {
                return Ok(Over::NotOurs);
            }
            done = last;
            if is_empty {
                self.sockets.forget(id, &self.by, made).await?;
            }
        }
    }

    /// Closes the connections that somebody began to tell of blocks up to `begun` and did not say that it had.
    async fn give_up_on(&self, begun: u64) -> Result<(), WireError> {
        for socket in self.sockets.list(self.layer.id).await? {
            if read(&socket)?.since().is_some_and(|since| since < begun) {
                let connection = &socket.connection;
                tracing::info!(
                    connection,
                    "a connection was told by somebody who died; it is closed"
                );
                self.wires.drop(self.layer.id, connection).await?;
            }
        }
        Ok(())
    }

    /// Tells `sockets` of the blocks after the first and up to the last of `range`.
    async fn round(&self, sockets: Vec<Socket>, range: (u64, u64)) -> Result<(), WireError> {
        if sockets.is_empty() {
            return Ok(());
        }
        let blocks = self.layer.blocks(range.0, range.1).await?;
        let until = Instant::now() + ROUND;
        let told = sockets.iter().map(|socket| self.told(socket, &blocks, until));
        let mut told = futures::stream::iter(told).buffer_unordered(AT_A_TIME);
        while let Some(told) = told.next().await {
            told?;
        }
        Ok(())
    }

    /// Tells a connection, or closes it.
    async fn told(
        &self,
        socket: &Socket,
        blocks: &[Arc<Committed>],
        until: Instant,
    ) -> Result<(), WireError> {
        let Socket { connection, .. } = socket;
        let not_told = match timeout_at(until, self.notify(socket, blocks)).await {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(not_told))) => not_told,
            Ok(Err(error)) => return Err(error),
            Err(_) => NotTold::Unsure("it took too long".to_owned()),
        };
        tracing::info!(connection, error = %not_told, "a connection was not told; it is closed");
        match not_told {
            NotTold::Gone => self.sockets.close(self.layer.id, connection).await?,
            NotTold::Unsure(_) => self.wires.drop(self.layer.id, connection).await?,
        }
        Ok(())
    }

    async fn notify(
        &self,
        socket: &Socket,
        blocks: &[Arc<Committed>],
    ) -> Result<Result<(), NotTold>, WireError> {
        let subscriptions = read(socket)?;
        let stored_s = socket.expires_at_s.saturating_sub(REMEMBERED_S);
        if subscriptions.is_pending() && now_s() > stored_s + PENDING_S {
            let reason = "whoever answered it died before it was told of anything";
            return Ok(Err(NotTold::Unsure(reason.to_owned())));
        }
        for block in blocks {
            for notice in subscriptions.notices(&self.layer.node, block).await? {
                if notice.len() > SocketGateway::MAX_MESSAGE_BYTES {
                    let reason = format!("{} bytes fit into no message", notice.len());
                    return Ok(Err(NotTold::Unsure(reason)));
                }
                if let Err(not_told) = self.wires.gateway.post(&socket.connection, notice).await {
                    return Ok(Err(not_told));
                }
                self.messages.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(Ok(()))
    }
}
