use std::sync::Arc;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, Bytes},
    rpc::types::Filter,
    sol_types::SolEvent,
    transports::http::reqwest,
};
use async_trait::async_trait;
use mayfly_contracts::{FlashFactory, FlashLayer};
use node_core::{
    chain::{DepositEvent, Finality, L1Binding, L1Origin},
    port::{L1, L1Action, L1Receipt, L1View, PortError},
};

use crate::{Config, Node, Sender, act::MODE_ATTESTED, terms};

/// The L1 of one layer over HTTP.
///
/// Reads need a node only; [`L1::act`] needs a [`Sender`], whose key must be the operator's for `settle`, the
/// organiser's or operator's for `closeDeposits`, and anybody's for the rest.
#[derive(Debug, Clone)]
pub struct HttpL1 {
    pub(crate) node: Node,
    pub(crate) binding: L1Binding,
    pub(crate) config: Config,
    pub(crate) sender: Option<Arc<Sender>>,
    pub(crate) attestors: Vec<reqwest::Url>,
    pub(crate) organisers_word: Option<Bytes>,
}

impl HttpL1 {
    /// Binds to the layer that `binding` names. Its configuration is read from the event of its opening and
    /// checked against the hash in the contract's code, so neither the node nor the factory is trusted with it.
    ///
    /// # Errors
    /// [`PortError::Refused`] when the node is of another chain, or has no such layer there.
    pub async fn connect(node: Node, binding: L1Binding) -> Result<Self, PortError> {
        check_chain(&node, &binding)?;
        let opened = Filter::new()
            .event_signature(FlashFactory::FlashOpened::SIGNATURE_HASH)
            .topic2(binding.layer.into_word());
        let block = binding.opened_in_block;
        let refused = |reason: String| PortError::Refused {
            what: format!("layer {} on the L1", binding.layer),
            reason,
        };
        let logs = node.logs(&opened, block, block).await?;
        let expected = Self::config_hash(&node, &binding).await?;
        let config = logs
            .iter()
            .filter_map(|log| FlashFactory::FlashOpened::decode_log(&log.inner).ok())
            .map(|event| terms::of_layer(&event.data.config))
            .find(|config| terms::config_hash(config) == expected)
            .ok_or_else(|| refused(format!("it was not opened in L1 block {block}")))?;
        Ok(Self::new(node, binding, config))
    }

    /// Binds to a layer whose configuration is known; the contract checks it at every act.
    #[must_use]
    pub const fn new(node: Node, binding: L1Binding, config: Config) -> Self {
        Self { node, binding, config, sender: None, attestors: Vec::new(), organisers_word: None }
    }

    /// Sets the key that acts.
    #[must_use]
    pub fn with_sender(mut self, sender: Arc<Sender>) -> Self {
        self.sender = Some(sender);
        self
    }

    /// Sets where the layer's attestors answer; more than the quorum are asked only when some refuse.
    ///
    /// # Errors
    /// [`PortError::Refused`] for what is no URL.
    pub fn with_attestors<'a>(
        mut self,
        urls: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, PortError> {
        let parsed: Result<Vec<reqwest::Url>, _> = urls.into_iter().map(str::parse).collect();
        self.attestors = parsed.map_err(|_| PortError::Refused {
            what: "URL of an attestor".to_owned(),
            reason: "not a URL".to_owned(),
        })?;
        Ok(self)
    }

    /// Sets the organiser's signature of the settlement (EIP-712, `Settlement(output)`), with which anybody may
    /// settle in mode A once the operator is overdue.
    #[must_use]
    pub fn with_organisers_word(mut self, signature: Bytes) -> Self {
        self.organisers_word = Some(signature);
        self
    }

    /// Returns the configuration as the contract has it.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns where the layer settles.
    #[must_use]
    pub const fn binding(&self) -> &L1Binding {
        &self.binding
    }

    /// Returns the node that is asked.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Returns whether the contract lets whoever acts here settle, with what is known here, once the operator is
    /// overdue. In mode B that is a matter of signatures only.
    #[must_use]
    pub fn may_settle(&self) -> bool {
        let Some(sender) = &self.sender else { return false };
        let (who, config) = (sender.address(), &self.config);
        let is_known = who == config.operator || who == config.organiser;
        config.mode == MODE_ATTESTED || is_known || self.organisers_word.is_some()
    }

    async fn config_hash(node: &Node, binding: &L1Binding) -> Result<B256, PortError> {
        let call = FlashLayer::configHashCall {};
        node.call(binding.layer, &call, BlockNumberOrTag::Latest).await
    }
}

fn check_chain(node: &Node, binding: &L1Binding) -> Result<(), PortError> {
    let (got, expected) = (node.chain_id(), binding.chain_id);
    if got == expected {
        return Ok(());
    }
    let reason = format!("expected chain {expected}, the node is of chain {got}");
    Err(PortError::Refused { what: "L1 node".to_owned(), reason })
}

#[async_trait]
impl L1 for HttpL1 {
    async fn newest(&self, finality: Finality) -> Result<L1Origin, PortError> {
        Ok(self.node.block(finality).await?.into())
    }

    async fn block(&self, number: u64) -> Result<L1Origin, PortError> {
        Ok(self.node.known_block(number.into()).await?.into())
    }

    async fn deposits(&self, first: u64, last: u64) -> Result<Vec<DepositEvent>, PortError> {
        self.read_deposits(first, last).await
    }

    async fn view(&self, finality: Finality) -> Result<L1View, PortError> {
        let block = self.node.block(finality).await?;
        self.view_at(block).await
    }

    fn may_post(&self) -> bool {
        let Some(sender) = &self.sender else { return false };
        let (who, config) = (sender.address(), &self.config);
        let others = match config.mode {
            MODE_ATTESTED => config.quorum.attestors.as_slice(),
            _ => core::slice::from_ref(&config.organiser),
        };
        who == config.operator || others.contains(&who)
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        self.carry_out(action).await
    }
}
