//! How far a layer is in its life: phase and finality, what leaves it, what it came to.

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bloom, BloomInput, U64, U256};
use alloy_sol_types::SolEvent;
use serde::Serialize;
use serde_json::Value;

use super::{
    Node, RpcError, layer,
    params::Params,
    table::{Answer, json},
};
use crate::{
    chain::EXIT_SEALER,
    exit::{ExitLeaf, IExitSealer},
    flow::{
        index::LogQuery,
        teardown::exits::{Exits, Reader},
    },
};

/// Exits in one answer.
const PAGE: usize = 500;

/// Most exits of a layer that are answered: for each question the whole tree is made. There may be more, which are read
/// from the L1.
const MOST_EXITS: usize = 65_536;

/// Blocks read before they are looked at.
const STRIDE: usize = 64;

pub(super) async fn phase(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    json(&layer::current_phase(node).await?)
}

/// How much it takes to take a block back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// It is durable: the operator would have to break its word.
    Committed,
    /// What it is made from is on a safe block of the L1.
    Safe,
    /// On a finalized one.
    Finalized,
}

/// Answer of `mayfly_finality`.
#[derive(Debug, Serialize)]
struct Finality {
    #[serde(with = "alloy_serde::quantity")]
    number: u64,
    hash: B256,
    level: Level,
    /// Number of the newest safe block.
    #[serde(with = "alloy_serde::quantity")]
    safe: u64,
    /// Number of the newest finalized block.
    #[serde(with = "alloy_serde::quantity")]
    finalized: u64,
}

/// Null when there is no such block.
pub(super) async fn finality(node: &Node, params: Params<'_>) -> Answer {
    let at: BlockId = params.read(|p| p.block())?;
    let Some(block) = node.find(at).await? else { return json(&()) };
    let (number, head) = (block.header.number, node.replica.head().header.number);
    let (safe, finalized) = (node.tags.safe(head), node.tags.finalized(head));
    let level = if number <= finalized {
        Level::Finalized
    } else if number <= safe {
        Level::Safe
    } else {
        Level::Committed
    };
    json(&Finality { number, hash: block.header.hash(), level, safe, finalized })
}

/// Answer of `mayfly_exits`.
#[derive(Debug, Serialize)]
struct Page {
    /// Root of the exit tree, which the L1 holds.
    root: B256,
    /// All exits of the layer.
    count: U64,
    exits: Vec<Exit>,
    /// Where the next page begins; null when there is none.
    next: Option<U64>,
}

/// An exit with its proof, as `claim` on the L1 takes them.
#[derive(Debug, Serialize)]
struct Exit {
    index: U64,
    asset: U64,
    recipient: Address,
    id: U256,
    value: U256,
    proof: Vec<B256>,
}

/// The exits of a sealed layer, of everybody or of one recipient, from an index on; null before it is sealed.
pub(super) async fn exits(node: &Node, params: Params<'_>) -> Answer {
    let (recipient, first): (Option<Address>, Option<U64>) =
        params.read(|p| Ok((p.maybe("recipient")?, p.maybe("first")?)))?;
    let Some(exits) = sealed(node).await? else { return json(&()) };
    let first = first.unwrap_or_default().saturating_to::<u64>();
    let is_asked = |leaf: &&ExitLeaf| {
        u64::from(leaf.index) >= first && recipient.is_none_or(|asked| leaf.recipient == asked)
    };
    let mut asked = exits.leaves().iter().filter(is_asked);
    json(&Page {
        root: exits.tree().root(),
        count: U64::from(exits.leaves().len()),
        exits: asked.by_ref().take(PAGE).map(|leaf| proven(&exits, leaf)).collect(),
        next: asked.next().map(|leaf| U64::from(leaf.index)),
    })
}

fn proven(exits: &Exits, leaf: &ExitLeaf) -> Exit {
    let proof =
        exits.proof(leaf.index.into()).expect("leaves are numbered as they stand in the tree");
    let ExitLeaf { index, asset, recipient, id, value } = *leaf;
    Exit { index: U64::from(index), asset: U64::from(asset), recipient, id, value, proof }
}

/// Reads the exits from the sealer's logs, which only the last blocks of a layer have.
async fn sealed(node: &Node) -> Result<Option<Exits>, RpcError> {
    let query = LogQuery { addresses: vec![EXIT_SEALER], ..LogQuery::default() };
    let may = |bloom: &Bloom| bloom.contains_input(BloomInput::Raw(EXIT_SEALER.as_slice()));
    let head = node.replica.head().header.number;
    let numbers = node.replica.blocks_with_logs(0..=head, &query, may).await?;
    let (mut reader, mut is_sealed) = (Reader::default(), false);
    for numbers in numbers.chunks(STRIDE) {
        for block in node.replica.blocks(numbers).await? {
            for log in block.record.receipts.iter().flat_map(|receipt| &receipt.logs) {
                reader.take(log);
                is_sealed |=
                    log.address == EXIT_SEALER && IExitSealer::Sealed::decode_log(log).is_ok();
            }
        }
        if reader.count() > MOST_EXITS {
            let what = "too many exits: read them from the L1".to_owned();
            return Err(RpcError::Limit { what, limit: MOST_EXITS });
        }
    }
    Ok(is_sealed.then(|| Exits::new(reader.into_leaves())))
}

/// Answer of `mayfly_cost`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    #[serde(with = "alloy_serde::quantity")]
    blocks: u64,
    #[serde(with = "alloy_serde::quantity")]
    transactions: u64,
    /// What was used so far, and its price; null where nobody counts.
    bill: Option<Value>,
    /// What costs money and is not counted; no price is made up for it.
    not_counted: &'static [&'static str],
}

pub(super) async fn cost(node: &Node, params: Params<'_>) -> Answer {
    params.none()?;
    let bill = match &node.costs {
        Some(costs) => Some(costs.bill().await?),
        None => None,
    };
    // A bill says by itself what it leaves out.
    let not_counted: &[_] =
        if bill.is_some() { &[] } else { &["requests", "compute", "storage", "l1Gas"] };
    json(&Cost {
        blocks: node.replica.head().header.number,
        transactions: node.replica.transaction_count(),
        bill,
        not_counted,
    })
}
