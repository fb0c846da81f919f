use core::{fmt, time::Duration};
use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, Bytes, U256},
    providers::{Provider, RootProvider},
    rpc::{
        client::ClientBuilder,
        types::{Filter, Log, TransactionRequest},
    },
    sol_types::SolCall,
    transports::{TransportError, http::reqwest, layers::RetryBackoffLayer},
};
use node_core::{
    chain::{Finality, L1Origin},
    port::PortError,
};

use crate::fault::Fault;

/// Longest wait for one answer. Log queries of public nodes take seconds, not minutes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How a node that limits the rate is asked again: five times, 300 ms apart, more when it says so.
const RETRIES: RetryBackoffLayer = RetryBackoffLayer::new(5, 300, 500);

/// Gas of a question to a contract that may be anybody's: a string behind two proxies takes a tenth of it.
const QUESTION_GAS: u64 = 500_000;

/// Blocks per log query. Public nodes refuse queries over more than a few thousand.
const SPAN: u64 = 2_000;

/// One L1 node, asked over HTTP. Clones share the connections.
#[derive(Clone)]
pub struct Node {
    provider: RootProvider,
    chain_id: u64,
    /// May hold the key to the node: never shown.
    url: Arc<str>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("chain_id", &self.chain_id).finish_non_exhaustive()
    }
}

/// A block of the L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L1Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, Unix seconds.
    pub timestamp_s: u64,
}

impl From<L1Block> for L1Origin {
    fn from(block: L1Block) -> Self {
        let L1Block { number, hash, timestamp_s } = block;
        Self { number, hash, timestamp_s }
    }
}

impl Node {
    /// Connects to the node at `url` and asks for its chain id.
    ///
    /// # Errors
    /// [`PortError::Refused`] when `url` is none, [`PortError::Unavailable`] when nobody answers.
    pub async fn connect(url: &str) -> Result<Self, PortError> {
        let refused =
            |reason: String| PortError::Refused { what: "URL of the L1 node".into(), reason };
        let parsed: reqwest::Url = url.parse().map_err(|_| refused("not a URL".into()))?;
        let client = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let url = Arc::from(parsed.as_str());
        let client = ClientBuilder::default().layer(RETRIES).http_with_client(client, parsed);
        let mut node = Self { provider: RootProvider::new(client), chain_id: 0, url };
        let answer = node.provider.get_chain_id().await;
        node.chain_id = node.read(answer).map_err(|fault| fault.into_port("chain id of the L1"))?;
        Ok(node)
    }

    /// Returns the EIP-155 chain id.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Returns the newest block that is as settled as `finality` asks; block 0 while none is.
    ///
    /// # Errors
    /// [`PortError::Refused`] when the node does not have the tag.
    pub async fn block(&self, finality: Finality) -> Result<L1Block, PortError> {
        let tag = match finality {
            Finality::Finalized => BlockNumberOrTag::Finalized,
            Finality::Safe => BlockNumberOrTag::Safe,
            Finality::Depth(0) => BlockNumberOrTag::Latest,
            Finality::Depth(depth) => {
                let latest = self.known_block(BlockNumberOrTag::Latest).await?;
                BlockNumberOrTag::Number(latest.number.saturating_sub(depth))
            }
        };
        let settled = matches!(finality, Finality::Finalized | Finality::Safe);
        match self.find_block(tag).await {
            Ok(Some(block)) => Ok(block),
            Ok(None) if settled => self.known_block(BlockNumberOrTag::Earliest).await,
            Err(fault) if settled && fault.is_unknown_block() => {
                self.known_block(BlockNumberOrTag::Earliest).await
            }
            Ok(None) => Err(unknown_block(tag)),
            Err(fault) => Err(fault.into_port(format!("block `{tag}` of the L1"))),
        }
    }

    /// Returns the wei that `account` has at the newest block.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    pub async fn balance_of(&self, account: Address) -> Result<U256, PortError> {
        let answer = self.provider.get_balance(account).await;
        self.read(answer).map_err(|fault| fault.into_port(format!("balance of {account}")))
    }

    /// Returns whether `address` has code at `block`.
    pub(crate) async fn has_code(
        &self,
        address: Address,
        block: BlockNumberOrTag,
    ) -> Result<bool, PortError> {
        let answer = self.provider.get_code_at(address).block_id(block.into()).await;
        let code =
            self.read(answer).map_err(|fault| fault.into_port(format!("code of {address}")))?;
        Ok(!code.is_empty())
    }

    /// Calls a contract at `block`, for its answer only.
    pub(crate) async fn call<C: SolCall>(
        &self,
        to: Address,
        call: &C,
        block: BlockNumberOrTag,
    ) -> Result<C::Return, PortError> {
        let what = || format!("{} of {to}", C::SIGNATURE);
        let output =
            self.try_call(to, call, block).await.map_err(|fault| fault.into_port(what()))?;
        C::abi_decode_returns(&output).map_err(|error| PortError::Refused {
            what: what(),
            reason: format!("no such contract: {error}"),
        })
    }

    /// Calls a contract at `block`; the answer of an account without code is empty.
    pub(crate) async fn try_call<C: SolCall>(
        &self,
        to: Address,
        call: &C,
        block: BlockNumberOrTag,
    ) -> Result<Bytes, Fault> {
        let request = TransactionRequest::default().to(to).input(call.abi_encode().into());
        self.read(self.provider.call(request).block(BlockId::from(block)).await)
    }

    /// Asks a contract that may be anybody's at the newest block; `None` when it does not answer.
    pub(crate) async fn ask(&self, to: Address, input: Bytes) -> Result<Option<Bytes>, PortError> {
        let request =
            TransactionRequest::default().to(to).input(input.into()).gas_limit(QUESTION_GAS);
        match self.read(self.provider.call(request).await) {
            Ok(answer) => Ok(Some(answer)),
            Err(fault) if fault.is_execution() => Ok(None),
            Err(fault) => Err(fault.into_port(format!("question to {to}"))),
        }
    }

    /// Returns the logs of `filter` in blocks `first..=last`, oldest first.
    pub(crate) async fn logs(
        &self,
        filter: &Filter,
        first: u64,
        last: u64,
    ) -> Result<Vec<Log>, PortError> {
        let filter = filter.clone().from_block(first).to_block(last);
        let answer = self.provider.get_logs(&filter).await;
        let what = || format!("logs of L1 blocks {first} to {last}");
        let mut logs = self.read(answer).map_err(|fault| fault.into_port(what()))?;
        logs.retain(|log| !log.removed);
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        Ok(logs)
    }

    /// As [`Self::logs`], over any number of blocks.
    pub(crate) async fn logs_between(
        &self,
        filter: &Filter,
        first: u64,
        last: u64,
    ) -> Result<Vec<Log>, PortError> {
        let (mut logs, mut next) = (Vec::new(), first);
        while next <= last {
            let until = last.min(next + SPAN - 1);
            logs.extend(self.logs(filter, next, until).await?);
            next = until + 1;
        }
        Ok(logs)
    }

    /// Returns the time of the block that has a log, Unix seconds; not every node says it with the log.
    pub(crate) async fn time_of(&self, log: &Log) -> Result<u64, PortError> {
        if let Some(time_s) = log.block_timestamp {
            return Ok(time_s);
        }
        let tag = BlockNumberOrTag::Number(log.block_number.unwrap_or_default());
        Ok(self.known_block(tag).await?.timestamp_s)
    }

    /// Returns the newest log of `filter` that `wanted` accepts, looking back from the head to block `first`.
    pub(crate) async fn newest_log(
        &self,
        filter: &Filter,
        first: u64,
        wanted: impl Fn(&Log) -> bool + Send,
    ) -> Result<Option<Log>, PortError> {
        let mut end = self.known_block(BlockNumberOrTag::Latest).await?.number;
        loop {
            let start = end.saturating_sub(SPAN - 1).max(first);
            let logs = self.logs(filter, start, end).await?;
            if let Some(log) = logs.into_iter().rev().find(&wanted) {
                return Ok(Some(log));
            }
            if start <= first {
                return Ok(None);
            }
            end = start - 1;
        }
    }

    /// For what this module has no verb.
    pub(crate) const fn provider(&self) -> &RootProvider {
        &self.provider
    }

    /// Reads what a request came to.
    pub(crate) fn read<T>(&self, answer: Result<T, TransportError>) -> Result<T, Fault> {
        answer.map_err(|error| Fault::of(&error, &self.url))
    }

    pub(crate) async fn known_block(&self, tag: BlockNumberOrTag) -> Result<L1Block, PortError> {
        let found = self.find_block(tag).await;
        let found = found.map_err(|fault| fault.into_port(format!("block `{tag}` of the L1")))?;
        found.ok_or_else(|| unknown_block(tag))
    }

    async fn find_block(&self, tag: BlockNumberOrTag) -> Result<Option<L1Block>, Fault> {
        let block = self.read(self.provider.get_block_by_number(tag).await)?;
        Ok(block.map(|block| L1Block {
            number: block.header.number,
            hash: block.header.hash,
            timestamp_s: block.header.timestamp,
        }))
    }
}

/// Nodes behind one address are not all equally far: asking again may help.
fn unknown_block(tag: BlockNumberOrTag) -> PortError {
    PortError::unavailable(format!("block `{tag}` of the L1"), "the node does not have it")
}

#[cfg(test)]
mod tests;
