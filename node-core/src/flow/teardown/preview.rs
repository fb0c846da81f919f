//! The end of a layer, rehearsed: who would get what if it ended now.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, Bytes, Log, U256};
use alloy_sol_types::{SolCall, SolEvent};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{
    FlowError,
    exits::{self, Reader},
    holdings::Holdings,
    plan::{self, Site},
    progress::Progress,
};
use crate::{
    chain::{EXIT_SEALER, SYSTEM_SENDER, system_transaction},
    execute::{Builder, NextBlock, Outcome, Rules},
    exit::{Asset, ExitLeaf, IExitSealer},
    flow::{Tip, sequence::Context},
    state::WorldState,
};

/// First bytes of the code of an account that has a key and lends itself code (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

/// What would exit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The layer's newest block.
    pub block: u64,
    /// Assets that would exit; position is the asset number, 0 is ETH.
    pub assets: Vec<PreviewedAsset>,
    /// Exits, those of contracts first.
    pub exits: Vec<PreviewedExit>,
    /// Tokens that would not exit, because their answers do not add up or nobody has them.
    pub dropped: Vec<DroppedToken>,
}

/// An asset that would exit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewedAsset {
    /// Kind, see [`crate::exit`].
    pub kind: u8,
    /// The token on the layer.
    pub token: Address,
    /// Its name.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// Digits after the point of an amount.
    pub decimals: u8,
    /// Sum of the values of all its exits.
    pub total: U256,
}

/// One exit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewedExit {
    /// The leaf.
    #[serde(flatten)]
    pub leaf: ExitLeaf,
    /// Who owns it on the layer.
    pub holder: Address,
    /// The holder is a contract of the layer: on the L1 there may be nobody at its address.
    pub held_by_contract: bool,
}

impl PreviewedExit {
    /// Whether a contract holds it that does not say who is to get it.
    pub fn is_orphan(&self) -> bool {
        self.held_by_contract && self.leaf.recipient == self.holder
    }
}

/// A token that would not exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DroppedToken {
    /// The token.
    pub token: Address,
    /// What its holders say that they have.
    pub swept: U256,
    /// What the token says that there is; zero when it does not.
    pub supply: U256,
}

/// Rehearses the end on the newest block; nothing is written.
///
/// # Errors
/// The stores' errors; [`FlowError::Seal`] when the seal would fail.
pub async fn preview(context: &Context, now_ms: u64) -> Result<Preview, FlowError> {
    let mut tip = Tip::open(&context.stores).await?;
    let pages = tip.pages.clone();
    pages.load_all(&mut tip.world).await?;
    let block = tip.header.number;
    let holdings = Holdings::read(&context.stores, block).await?;
    let done = Progress::read(&context.stores, block).await?;
    let mut logs = Vec::new();
    exits::scan_logs(&context.stores, block, |log| logs.push(log.clone())).await?;
    logs.retain(|log| log.address == EXIT_SEALER);
    let sequence = done.sequence;
    let mut rehearsal = Rehearsal { tip, context, now_ms, sequence, logs };
    plan::run(&mut rehearsal, &done, &holdings).await?;
    rehearsal.result(block).await
}

/// A layer that ends in memory.
struct Rehearsal<'a> {
    tip: Tip,
    context: &'a Context,
    now_ms: u64,
    sequence: u64,
    logs: Vec<Log>,
}

impl Rehearsal<'_> {
    fn build(&self, input: Vec<u8>) -> Result<crate::execute::Built, FlowError> {
        let rules = Rules::clone(&self.context.rules);
        let env = NextBlock::on_layer(&self.tip.header, self.now_ms / 1000);
        let (header, ancestors) = (&self.tip.header, &self.tip.ancestors);
        let mut builder = Builder::start(header, self.tip.world.clone(), ancestors, rules, env)?;
        let layer = self.context.config.l1.layer;
        let transaction = system_transaction(layer, self.sequence, EXIT_SEALER, input.into());
        match builder.execute(&transaction, SYSTEM_SENDER)? {
            Outcome::Included(included) if included.success => {}
            _ => return Err(FlowError::Seal { sequence: self.sequence }),
        }
        builder.finish().map_err(|unfinished| unfinished.error.into())
    }

    async fn result(mut self, block: u64) -> Result<Preview, FlowError> {
        let assets = self.assets().await?;
        let mut reader = Reader::default();
        let mut named = BTreeMap::new();
        let mut dropped = Vec::new();
        for log in &self.logs {
            reader.take(log);
            if let Ok(event) = IExitSealer::RecipientNamed::decode_log(log) {
                named.insert(event.index, event.holder);
            } else if let Ok(event) = IExitSealer::AssetDropped::decode_log(log) {
                let IExitSealer::AssetDropped { l2: token, swept, supply, leafCount, .. } =
                    event.data;
                named.retain(|index, _| *index < leafCount);
                dropped.push(DroppedToken { token, swept, supply });
            }
        }
        let leaves = reader.into_leaves();
        let holder = |leaf: &ExitLeaf| named.get(&leaf.index).copied().unwrap_or(leaf.recipient);
        let contracts = contracts(&self.tip.world, leaves.iter().map(holder))?;
        let mut exits: Vec<_> = leaves
            .iter()
            .map(|leaf| {
                let holder = holder(leaf);
                PreviewedExit { leaf: *leaf, holder, held_by_contract: contracts.contains(&holder) }
            })
            .collect();
        exits.sort_by_key(|exit| (!exit.held_by_contract, exit.leaf.index));
        Ok(Preview { block, assets, exits, dropped })
    }

    async fn assets(&mut self) -> Result<Vec<PreviewedAsset>, FlowError> {
        let answer = self.ask_sealer(IExitSealer::assetsCall {}.abi_encode()).await?;
        let listed = answer.and_then(|all| IExitSealer::assetsCall::abi_decode_returns(&all).ok());
        let previewed = |asset: Asset| PreviewedAsset {
            kind: asset.kind,
            token: asset.l2,
            name: asset.name,
            symbol: asset.symbol,
            decimals: asset.decimals,
            total: asset.total,
        };
        Ok(listed.unwrap_or_default().into_iter().map(previewed).collect())
    }

    /// The list may be long: this question has the gas of a block.
    async fn ask_sealer(&mut self, input: Vec<u8>) -> Result<Option<Bytes>, FlowError> {
        let mut question = plan::question(EXIT_SEALER, input);
        question.gas = None;
        Ok(plan::answer(self.tip.call(&self.context.rules, &question).await?))
    }
}

#[async_trait]
impl Site for Rehearsal<'_> {
    fn bulk_from(&self) -> Option<u64> {
        self.context.config.tokens.bulk_from
    }

    async fn commit(&mut self, input: Vec<u8>) -> Result<(), FlowError> {
        let built = self.build(input)?;
        self.logs.extend(built.receipts.into_iter().flat_map(|receipt| receipt.logs));
        self.tip.advance(built.header, built.world, 0);
        self.sequence += 1;
        Ok(())
    }

    async fn ask(&mut self, to: Address, input: Vec<u8>) -> Result<Option<Bytes>, FlowError> {
        let question = plan::question(to, input);
        Ok(plan::answer(self.tip.call(&self.context.rules, &question).await?))
    }

    async fn holders(&mut self) -> Result<Vec<Address>, FlowError> {
        plan::holders(&self.tip)
    }
}

/// Those of `holders` that have code and no key.
fn contracts(
    world: &WorldState,
    holders: impl Iterator<Item = Address>,
) -> Result<BTreeSet<Address>, FlowError> {
    let mut contracts = BTreeSet::new();
    for holder in holders.collect::<BTreeSet<_>>() {
        let Some(account) = world.account(&holder)? else { continue };
        let code = world.code_with(&account.info.code_hash)?;
        if !code.is_empty() && !code.starts_with(&DELEGATION) {
            contracts.insert(holder);
        }
    }
    Ok(contracts)
}
