//! A layer that is known by nothing but its contract's address.

use alloy::{
    primitives::{Address, B256},
    rpc::types::Filter,
    sol_types::SolEvent,
};
use mayfly_contracts::FlashFactory::FlashOpened;
use node_core::{
    chain::{Finality, L1Binding, LayerConfig, LayerId, Limits, Posting, Tokens},
    flow::rebuild::GenesisTerms,
    port::PortError,
};

use crate::{HttpL1, Node, terms};

impl HttpL1 {
    /// Finds the opening of `layer` in the logs from `from_block` on, and binds to it.
    ///
    /// # Errors
    /// [`PortError::Refused`] when there is no such layer.
    pub async fn find(
        node: Node,
        layer: Address,
        from_block: u64,
        finality: Finality,
    ) -> Result<Self, PortError> {
        let opened =
            Filter::new().event_signature(FlashOpened::SIGNATURE_HASH).topic2(layer.into_word());
        let log = node.newest_log(&opened, from_block, |_| true).await?;
        let opened_in_block = log.and_then(|log| log.block_number).ok_or_else(|| {
            let what = format!("layer {layer} on the L1");
            let reason = format!("it was not opened since block {from_block}");
            PortError::Refused { what, reason }
        })?;
        let chain_id = node.chain_id();
        let binding =
            L1Binding { chain_id, layer, config_hash: B256::ZERO, opened_in_block, finality };
        let mut l1 = Self::connect(node, binding).await?;
        l1.binding.config_hash = terms::config_hash(&l1.config);
        Ok(l1)
    }

    /// Returns the layer's configuration as far as the L1 says it. Times and fees of its blocks are in its
    /// block 0, which the L1 names by [`Self::genesis`] only.
    #[must_use]
    pub fn layer_config(&self) -> LayerConfig {
        let (config, binding) = (&self.config, &self.binding);
        let posting = self.posting();
        let limits = Limits::default();
        let transaction_bytes = limits.transaction_bytes.min(posting.block_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&binding.layer[..16]);
        LayerConfig {
            id: LayerId::new(id),
            name: format!("layer {}", binding.layer),
            chain_id: config.chainId,
            opened_at_s: 0,
            ends_at_s: config.endsAt,
            gas_limit: 0,
            base_fee_wei: 0,
            fee_recipient: Address::ZERO,
            organiser: config.organiser,
            operator: config.operator,
            sequencer: config.sequencer,
            l1: binding.clone(),
            mint: None,
            limits: Limits { transaction_bytes, ..limits },
            posting,
            tokens: Tokens::default(),
        }
    }

    /// Returns how the L1 names block 0.
    #[must_use]
    pub const fn genesis(&self) -> GenesisTerms {
        let config = &self.config;
        GenesisTerms { hash: config.genesisBlockHash, state_root: config.genesisStateRoot }
    }

    /// Returns where the inputs of blocks are posted.
    #[must_use]
    pub const fn posting(&self) -> Posting {
        match self.config.da {
            1 => Posting::Blobs,
            2 => Posting::Calldata,
            _ => Posting::Leaves,
        }
    }
}
