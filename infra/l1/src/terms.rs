use mayfly_contracts::FlashFactory;
use node_core::{chain::LayerConfig, flow::open::Genesis};

use crate::Config;

/// Assurance mode A: the operator settles.
const MODE_OPERATOR: u8 = 1;

/// What the L1 contract of a layer fixes and the layer itself does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Deposits are refused from this time on, Unix seconds.
    pub deposit_cutoff_s: u64,
    /// Seconds between the settlement and the first claim.
    pub window_s: u32,
    /// Most ETH that may ever be deposited, in wei.
    pub tvl_cap_wei: u128,
    /// Base of the twins' token URIs; empty for none.
    pub twin_base_uri: String,
}

impl Terms {
    /// Returns the configuration that the L1 opens the layer with: of `layer` (whose binding to the L1 is not
    /// looked at), its block 0, and these terms.
    #[must_use]
    pub fn config(self, layer: &LayerConfig, genesis: &Genesis) -> Config {
        Config {
            organiser: layer.organiser,
            operator: layer.operator,
            chainId: layer.chain_id,
            depositCutoff: self.deposit_cutoff_s,
            endsAt: layer.ends_at_s,
            window: self.window_s,
            mode: MODE_OPERATOR,
            tvlCapWei: self.tvl_cap_wei,
            genesisBlockHash: genesis.hash(),
            genesisStateRoot: genesis.header.state_root,
            twinBaseUri: self.twin_base_uri,
        }
    }
}

/// The bindings have one type per contract for the one Solidity struct.
pub(crate) fn of_layer(config: FlashFactory::Config) -> Config {
    let FlashFactory::Config {
        organiser,
        operator,
        chainId,
        depositCutoff,
        endsAt,
        window,
        mode,
        tvlCapWei,
        genesisBlockHash,
        genesisStateRoot,
        twinBaseUri,
    } = config;
    Config {
        organiser,
        operator,
        chainId,
        depositCutoff,
        endsAt,
        window,
        mode,
        tvlCapWei,
        genesisBlockHash,
        genesisStateRoot,
        twinBaseUri,
    }
}

/// The other way round.
pub(crate) fn of_factory(config: Config) -> FlashFactory::Config {
    let Config {
        organiser,
        operator,
        chainId,
        depositCutoff,
        endsAt,
        window,
        mode,
        tvlCapWei,
        genesisBlockHash,
        genesisStateRoot,
        twinBaseUri,
    } = config;
    FlashFactory::Config {
        organiser,
        operator,
        chainId,
        depositCutoff,
        endsAt,
        window,
        mode,
        tvlCapWei,
        genesisBlockHash,
        genesisStateRoot,
        twinBaseUri,
    }
}
