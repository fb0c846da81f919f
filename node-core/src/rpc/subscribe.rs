//! `eth_subscribe`: what one connection wants to be told, and telling it.

use std::collections::BTreeMap;

use alloy_primitives::{B128, keccak256};
use alloy_rpc_types_eth::{Filter, Header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Node, ParamError, RpcError, dispatch, logs,
    message::{Request, Response},
    params::Params,
    table::json,
    view,
};
use crate::flow::sequence::Committed;

/// Most subscriptions of one connection.
const MOST: usize = 100;

/// Most bytes of all its filters, as JSON: they fit into an item of a table.
const MOST_BYTES: usize = 256 * 1024;

/// Blocks that are told of in one go.
const STRIDE: u64 = 64;

const SUBSCRIBE: &str = "eth_subscribe";

const UNSUBSCRIBE: &str = "eth_unsubscribe";

/// The methods that are about subscriptions.
const SUBSCRIBING: [&str; 2] = [SUBSCRIBE, UNSUBSCRIBE];

/// What a subscription that tells of no block yet begins after.
const PENDING: u64 = u64::MAX;

/// What a subscription tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Topic {
    Heads,
    Logs(Box<Filter>),
    /// Told with the block that has them: each once, and all of them.
    Hashes,
    Transactions,
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    topic: Topic,
    /// Number of the newest block when it was made: it tells of those after that.
    pub since: u64,
}

impl Subscription {
    /// The same, but of no block yet.
    #[must_use]
    pub fn pending(&self) -> Self {
        Self { since: PENDING, ..self.clone() }
    }
}

/// What a request did to the subscriptions of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There is one more.
    Made(B128, Box<Subscription>),
    /// There is one less.
    Ended(B128),
}

/// The answer to a request about subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// JSON-RPC.
    pub answer: Vec<u8>,
    /// What it changed; `None` when it was refused.
    pub change: Option<Change>,
}

/// The subscriptions of one connection. As JSON they outlive a process that forgets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {
    active: BTreeMap<B128, Subscription>,
    /// How many there have been.
    made: u64,
}

impl Subscriptions {
    /// One alone.
    pub fn of(id: B128, subscription: &Subscription) -> Self {
        Self { active: BTreeMap::from([(id, subscription.clone())]), made: 1 }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Whether one of them tells of no block yet.
    pub fn is_pending(&self) -> bool {
        self.active.values().any(|subscription| subscription.since == PENDING)
    }

    /// Number of the block since which there is something to tell; `None` when there are none.
    pub fn since(&self) -> Option<u64> {
        self.active.values().map(|subscription| subscription.since).min()
    }

    /// Whether a request is about subscriptions.
    pub fn concern(body: &[u8]) -> bool {
        let request = serde_json::from_slice::<&RawValue>(body);
        let request = request.ok().and_then(|raw| Request::parse(raw).ok());
        request.is_some_and(|request| SUBSCRIBING.contains(&&*request.method))
    }

    /// Makes a change that was made to an older state of these.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Made(id, subscription) => {
                self.made += 1;
                self.active.insert(*id, Subscription::clone(subscription));
            }
            Change::Ended(id) => {
                self.active.remove(id);
            }
        }
    }

    /// Answers a request that is about subscriptions; `None` for every other, which is for
    /// [`dispatch`](super::dispatch()).
    pub fn answer(&mut self, node: &Node, body: &[u8]) -> Option<Answered> {
        let raw: &RawValue = serde_json::from_slice(body).ok()?;
        let request = Request::parse(raw).ok()?;
        let params = || dispatch::arguments(node, &request);
        let done = match &*request.method {
            SUBSCRIBE => params().and_then(|params| self.subscribe(node, params, body)),
            UNSUBSCRIBE => params().and_then(|params| self.unsubscribe(params)),
            _ => return None,
        };
        let (answer, change) = match done {
            Ok((answer, change)) => (Ok(answer), Some(change)),
            Err(error) => (Err(error), None),
        };
        Some(Answered { answer: Response::new(request.id, answer).to_bytes(), change })
    }

    fn subscribe(
        &mut self,
        node: &Node,
        params: Params<'_>,
        body: &[u8],
    ) -> Result<(Box<RawValue>, Change), RpcError> {
        let topic = topic(params)?;
        if self.active.len() >= MOST {
            let what = "too many subscriptions".to_owned();
            return Err(RpcError::Limit { what, limit: MOST });
        }
        let head = node.replica.head();
        self.made += 1;
        // Different for each of a connection, whose requests have ids of their own and may be answered by two processes
        // at once; other connections cannot use it.
        let seed = (self.made, node.clock.now_ms(), head.header.hash(), body);
        let id = B128::from_slice(&keccak256(format!("{seed:?}"))[..16]);
        let subscription = Subscription { topic, since: head.header.number };
        self.active.insert(id, subscription.clone());
        if serde_json::to_vec(self)?.len() > MOST_BYTES {
            self.active.remove(&id);
            let what = "filters of this connection are too large".to_owned();
            return Err(RpcError::Limit { what, limit: MOST_BYTES });
        }
        Ok((json(&id)?, Change::Made(id, Box::new(subscription))))
    }

    fn unsubscribe(&mut self, params: Params<'_>) -> Result<(Box<RawValue>, Change), RpcError> {
        let id: B128 = params.read(|p| p.need("id"))?;
        match self.active.remove(&id) {
            Some(_) => Ok((json(&true)?, Change::Ended(id))),
            None => Err(RpcError::SubscriptionNotFound),
        }
    }

    /// Returns what is to be told of the blocks after block `told`, of some of them when there are many; and the number
    /// of the last one of these.
    ///
    /// # Errors
    /// [`RpcError::Internal`].
    pub async fn news(&self, node: &Node, told: u64) -> Result<(Vec<Vec<u8>>, u64), RpcError> {
        let last = node.replica.head().header.number.min(told.saturating_add(STRIDE));
        let numbers: Vec<u64> = (told + 1..=last).collect();
        let mut news = Vec::new();
        for block in node.replica.blocks(&numbers).await? {
            news.extend(self.notices(node, &block).await?);
        }
        Ok((news, last))
    }

    /// Returns what is to be told of a block, in order.
    ///
    /// # Errors
    /// [`RpcError::Internal`].
    pub async fn notices(&self, node: &Node, block: &Committed) -> Result<Vec<Vec<u8>>, RpcError> {
        let mut notices = Vec::new();
        for (id, Subscription { topic, since }) in &self.active {
            if *since < block.header.number {
                tell(node, *id, topic, block, &mut notices).await?;
            }
        }
        Ok(notices)
    }
}

fn topic(params: Params<'_>) -> Result<Topic, RpcError> {
    params.read(|p| {
        let kind: String = p.need("kind")?;
        Ok(match kind.as_str() {
            "newHeads" => Topic::Heads,
            "logs" => Topic::Logs(Box::new(p.maybe("filter")?.unwrap_or_default())),
            "newPendingTransactions" => match p.maybe("full")? {
                Some(true) => Topic::Transactions,
                _ => Topic::Hashes,
            },
            other => {
                return Err(ParamError::conflict(format!(
                    "no \"{other}\" subscription in eth namespace"
                )));
            }
        })
    })
}

async fn tell(
    node: &Node,
    id: B128,
    topic: &Topic,
    block: &Committed,
    notices: &mut Vec<Vec<u8>>,
) -> Result<(), RpcError> {
    match topic {
        Topic::Heads => notices.push(notice(id, &Header::from_sealed(block.header.clone()))),
        Topic::Logs(filter) => {
            let mut found = Vec::new();
            logs::collect(filter, block, &mut found);
            notices.extend(found.iter().map(|log| notice(id, log)));
        }
        Topic::Hashes => {
            let hashes = block.record.block.transactions.iter().map(|tx| tx.hash());
            notices.extend(hashes.map(|hash| notice(id, hash)));
        }
        Topic::Transactions => {
            for index in 0..block.record.block.transactions.len() {
                let shown = view::transaction(node, block, index).await?;
                notices.extend(shown.map(|transaction| notice(id, &transaction)));
            }
        }
    }
    Ok(())
}

/// A message that answers nothing.
fn notice(subscription: B128, result: &impl Serialize) -> Vec<u8> {
    #[derive(Serialize)]
    struct Notice<'a, T> {
        jsonrpc: &'a str,
        method: &'a str,
        params: News<'a, T>,
    }
    #[derive(Serialize)]
    struct News<'a, T> {
        subscription: B128,
        result: &'a T,
    }
    let params = News { subscription, result };
    let notice = Notice { jsonrpc: "2.0", method: "eth_subscription", params };
    serde_json::to_vec(&notice).expect("alloy's types are JSON")
}
