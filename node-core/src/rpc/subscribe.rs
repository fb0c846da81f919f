//! `eth_subscribe`: what one connection wants to be told, and telling it.

use std::collections::BTreeMap;

use alloy_primitives::{B128, keccak256};
use alloy_rpc_types_eth::{Filter, Header};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Node, ParamError, RpcError, dispatch, logs,
    message::{Request, Response},
    params::Params,
    table::{Answer, json},
    view,
};
use crate::flow::sequence::Committed;

/// Most subscriptions of one connection.
const MOST: usize = 100;

/// Blocks that are told of in one go.
const STRIDE: u64 = 64;

/// What a subscription tells of.
#[derive(Debug)]
enum Topic {
    Heads,
    Logs(Box<Filter>),
    /// Told with the block that has them: each once, and all of them.
    Hashes,
    Transactions,
}

/// The subscriptions of one connection.
#[derive(Debug)]
pub struct Subscriptions {
    topics: BTreeMap<B128, Topic>,
    made: u64,
    /// Number of the last block that was told of.
    told: u64,
}

impl Subscriptions {
    /// None yet.
    pub fn new(node: &Node) -> Self {
        Self { topics: BTreeMap::new(), made: 0, told: node.replica.head().header.number }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Number of the last block that was told of.
    pub const fn told(&self) -> u64 {
        self.told
    }

    /// Answers a request that is about subscriptions; `None` for every other, which is for
    /// [`dispatch`](super::dispatch()).
    pub fn answer(&mut self, node: &Node, body: &[u8]) -> Option<Vec<u8>> {
        let raw: &RawValue = serde_json::from_slice(body).ok()?;
        let request = Request::parse(raw).ok()?;
        let params = || dispatch::arguments(node, &request);
        let answer = match &*request.method {
            "eth_subscribe" => params().and_then(|params| self.subscribe(node, params)),
            "eth_unsubscribe" => params().and_then(|params| self.unsubscribe(params)),
            _ => return None,
        };
        Some(Response::new(request.id, answer).to_bytes())
    }

    fn subscribe(&mut self, node: &Node, params: Params<'_>) -> Answer {
        let topic = topic(params)?;
        if self.topics.len() >= MOST {
            let what = "too many subscriptions".to_owned();
            return Err(RpcError::Limit { what, limit: MOST });
        }
        if self.topics.is_empty() {
            self.told = node.replica.head().header.number;
        }
        self.made += 1;
        // Different for each of a connection; other connections cannot use it.
        let seed = (self.made, node.clock.now_ms(), node.replica.head().header.hash());
        let id = B128::from_slice(&keccak256(format!("{seed:?}"))[..16]);
        self.topics.insert(id, topic);
        json(&id)
    }

    fn unsubscribe(&mut self, params: Params<'_>) -> Answer {
        let id: B128 = params.read(|p| p.need("id"))?;
        match self.topics.remove(&id) {
            Some(_) => json(&true),
            None => Err(RpcError::SubscriptionNotFound),
        }
    }

    /// Returns what is to be told of the blocks since the last call; a part of it when there are many.
    ///
    /// # Errors
    /// [`RpcError::Internal`].
    pub async fn news(&mut self, node: &Node) -> Result<Vec<Vec<u8>>, RpcError> {
        let head = node.replica.head().header.number;
        let last = head.min(self.told.saturating_add(STRIDE));
        let numbers: Vec<u64> = (self.told + 1..=last).collect();
        let mut news = Vec::new();
        for block in node.replica.blocks(&numbers).await? {
            for (id, topic) in &self.topics {
                tell(node, *id, topic, &block, &mut news).await?;
            }
        }
        self.told = last;
        Ok(news)
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
    news: &mut Vec<Vec<u8>>,
) -> Result<(), RpcError> {
    match topic {
        Topic::Heads => news.push(notice(id, &Header::from_sealed(block.header.clone()))),
        Topic::Logs(filter) => {
            let mut found = Vec::new();
            logs::collect(filter, block, &mut found);
            news.extend(found.iter().map(|log| notice(id, log)));
        }
        Topic::Hashes => {
            let hashes = block.record.block.transactions.iter().map(|tx| tx.hash());
            news.extend(hashes.map(|hash| notice(id, hash)));
        }
        Topic::Transactions => {
            for index in 0..block.record.block.transactions.len() {
                let shown = view::transaction(node, block, index).await?;
                news.extend(shown.map(|transaction| notice(id, &transaction)));
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
