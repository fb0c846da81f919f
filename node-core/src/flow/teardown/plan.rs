//! What the system does on the layer to seal it.
//!
//! After the freeze nothing but system transactions runs, and they change the sealer only. So what is left to
//! do is the frozen state less what the system transactions in the log say: a teardown that died continues
//! where its blocks end, with any size of steps.

use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use async_trait::async_trait;

use super::{
    FlowError,
    holdings::{Holding, Holdings, Interface},
    progress::Progress,
    tokens::{self, Token},
};
use crate::{
    chain::{EXIT_SEALER, system_transaction},
    codec::record::PackError,
    execute::{CallOutcome, CallRequest},
    exit::{IExitSealer, MAX_ASSETS},
    flow::{
        Tip,
        sequence::{Context, Sequencer, Timing},
    },
    port::PortError,
};

/// Leaves swept in one system transaction, at first: 6 to 10 k gas each, of 16.7 M.
///
/// A contract may make its own leaves cost up to a million gas each; a step that does not fit is halved.
const SWEEP: usize = 400;

/// Gas of a question: what the sealer gives its largest.
const QUESTION_GAS: u64 = 1_000_000;

/// Where a seal happens: on the layer, or in a rehearsal of its end.
#[async_trait]
pub(super) trait Site: Send {
    /// From how many ids in a row on a collection that was born here exits to a bulk twin.
    fn bulk_from(&self) -> Option<u64>;

    /// Calls the sealer as the system.
    ///
    /// # Errors
    /// [`FlowError::Seal`] when it refuses; then nothing happened.
    async fn commit(&mut self, input: Vec<u8>) -> Result<(), FlowError>;

    /// Asks a contract; `None` when it does not answer.
    async fn ask(&mut self, to: Address, input: Vec<u8>) -> Result<Option<Bytes>, FlowError>;

    /// Everybody with ETH, ascending.
    async fn holders(&mut self) -> Result<Vec<Address>, FlowError>;
}

/// Seals the layer, from wherever an earlier teardown left it.
pub(super) async fn execute(
    sequencer: &mut Sequencer,
    context: &Context,
    now_ms: u64,
) -> Result<(), FlowError> {
    // Another teardown may have gone on from here. What this one knows is what it builds on; its first write then tells it.
    let newest = sequencer.tip().header.number;
    let done = Progress::read(&context.stores, newest).await?;
    let holdings = Holdings::read(&context.stores, newest).await?;
    let mut layer = OnLayer { sequencer, context, now_ms, sequence: done.sequence };
    run(&mut layer, &done, &holdings).await
}

/// Does at `site` what is not `done`.
pub(super) async fn run(
    site: &mut dyn Site,
    done: &Progress,
    holdings: &Holdings,
) -> Result<(), FlowError> {
    if done.sealed {
        return Ok(());
    }
    if !done.frozen {
        site.commit(IExitSealer::freezeCall {}.abi_encode()).await?;
    }
    let mut holders = site.holders().await?;
    // While a token is open, ETH is done.
    holders.retain(|holder| done.last_holder.is_none_or(|last| *holder > last));
    sweep(site, &holders, |holders| IExitSealer::sweepETHCall { holders }.abi_encode()).await?;
    let mut tokens = tokens::find(site, holdings).await?;
    tokens.retain(|token| !done.closed.contains(&token.address));
    // Stable: the one that is open comes first, the others keep their order.
    tokens.sort_by_key(|token| done.open != Some(token.address));
    for token in tokens {
        let last = (done.open == Some(token.address)).then_some(done.last);
        if last.is_none() && asset_count(site).await? == MAX_ASSETS {
            break;
        }
        exit(site, token, last).await?;
    }
    site.commit(IExitSealer::sealCall {}.abi_encode()).await
}

/// Adds, sweeps and closes one token. `begun` is what was swept last of one that is added already.
async fn exit(
    site: &mut dyn Site,
    token: Token,
    begun: Option<Option<Holding>>,
) -> Result<(), FlowError> {
    let form = form(site, &token);
    let Token { address: token, interface, mut holdings, .. } = token;
    if begun.is_none() {
        site.commit(match form {
            Form::Of(Interface::Coin) => IExitSealer::addAsset20Call { token }.abi_encode(),
            Form::Of(Interface::Collection) => IExitSealer::addAsset721Call { token }.abi_encode(),
            Form::Of(Interface::Items) => IExitSealer::addAsset1155Call { token }.abi_encode(),
            Form::Bulk => IExitSealer::addAssetBulk721Call { token }.abi_encode(),
        })
        .await?;
    }
    if let Some(Some(last)) = begun {
        holdings.retain(|holding| *holding > last);
    }
    let asset: u32 = sealer(site, IExitSealer::assetOfCall { token }).await?;
    sweep(site, &holdings, |holdings| step(interface, asset, &holdings)).await?;
    site.commit(IExitSealer::closeAssetCall { asset }.abi_encode()).await
}

/// What becomes of a token on the L1.
enum Form {
    /// The wrapped one that it came from, or a twin of its own interface.
    Of(Interface),
    /// A bulk twin.
    Bulk,
}

/// A collection whose ids have gaps would cost more in a bulk twin, which keeps its owners in runs.
fn form(site: &dyn Site, token: &Token) -> Form {
    let Token { interface, holdings, is_wrapped, .. } = token;
    let in_a_row = match (holdings.first(), holdings.last()) {
        (Some(first), Some(last)) => last.id - first.id + U256::ONE == U256::from(holdings.len()),
        _ => false,
    };
    let count = u64::try_from(holdings.len()).unwrap_or(u64::MAX);
    let is_bulk = *interface == Interface::Collection
        && !is_wrapped
        && in_a_row
        && site.bulk_from().is_some_and(|least| count >= least);
    if is_bulk { Form::Bulk } else { Form::Of(*interface) }
}

fn step(interface: Interface, asset: u32, holdings: &[Holding]) -> Vec<u8> {
    let holders = holdings.iter().map(|holding| holding.holder).collect();
    let ids = holdings.iter().map(|holding| holding.id).collect();
    match interface {
        Interface::Coin => IExitSealer::sweep20Call { asset, holders }.abi_encode(),
        Interface::Collection => IExitSealer::sweep721Call { asset, ids }.abi_encode(),
        Interface::Items => IExitSealer::sweep1155Call { asset, ids, holders }.abi_encode(),
    }
}

/// Sweeps `items` in steps as large as fit.
async fn sweep<T: Clone + Send + Sync>(
    site: &mut dyn Site,
    items: &[T],
    call: impl Fn(Vec<T>) -> Vec<u8> + Send,
) -> Result<(), FlowError> {
    let mut left = items;
    let mut most = SWEEP;
    while !left.is_empty() {
        most = most.min(left.len());
        match site.commit(call(left[..most].to_vec())).await {
            Ok(()) => left = &left[most..],
            Err(FlowError::Seal { .. }) if most > 1 => most /= 2,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn asset_count(site: &mut dyn Site) -> Result<usize, FlowError> {
    let count = sealer(site, IExitSealer::assetCountCall {}).await?;
    Ok(count.saturating_to())
}

async fn sealer<C: SolCall>(site: &mut dyn Site, call: C) -> Result<C::Return, FlowError> {
    let answer = site.ask(EXIT_SEALER, call.abi_encode()).await?;
    let read = answer.and_then(|answer| C::abi_decode_returns(&answer).ok());
    read.ok_or_else(|| {
        let reason = format!("no answer to {}", C::SIGNATURE);
        PortError::Corrupt { name: "the sealer".to_owned(), reason }.into()
    })
}

/// A question as the system asks it.
pub(super) fn question(to: Address, input: Vec<u8>) -> CallRequest {
    CallRequest {
        to: TxKind::Call(to),
        input: input.into(),
        gas: Some(QUESTION_GAS),
        ..CallRequest::default()
    }
}

pub(super) fn answer(outcome: CallOutcome) -> Option<Bytes> {
    match outcome {
        CallOutcome::Success { output, .. } => Some(output),
        _ => None,
    }
}

/// Everybody with ETH, in order of address; the whole state is loaded.
pub(super) fn holders(tip: &Tip) -> Result<Vec<Address>, FlowError> {
    let mut holders = Vec::new();
    for account in tip.world.iter_accounts() {
        let (hash, account) = account?;
        if !account.info.balance.is_zero() {
            holders.push(account.address.ok_or(PackError::Preimage { hash })?);
        }
    }
    holders.sort_unstable();
    Ok(holders)
}

/// The system at work: one transaction, one block.
struct OnLayer<'a> {
    sequencer: &'a mut Sequencer,
    context: &'a Context,
    now_ms: u64,
    sequence: u64,
}

#[async_trait]
impl Site for OnLayer<'_> {
    fn bulk_from(&self) -> Option<u64> {
        self.context.config.tokens.bulk_from
    }

    async fn commit(&mut self, input: Vec<u8>) -> Result<(), FlowError> {
        let timing = Timing { now_ms: self.now_ms, last_call: true };
        let layer = self.context.config.l1.layer;
        let transaction = system_transaction(layer, self.sequence, EXIT_SEALER, input.into());
        self.sequencer.commit_system(&[transaction], self.sequence, timing).await?;
        self.sequence += 1;
        Ok(())
    }

    async fn ask(&mut self, to: Address, input: Vec<u8>) -> Result<Option<Bytes>, FlowError> {
        Ok(answer(self.sequencer.call(&question(to, input)).await?))
    }

    async fn holders(&mut self) -> Result<Vec<Address>, FlowError> {
        self.sequencer.load_all().await?;
        holders(self.sequencer.tip())
    }
}
