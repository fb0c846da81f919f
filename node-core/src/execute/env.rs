use alloy_consensus::Header;
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::{BEACON_ROOTS_ADDRESS, SYSTEM_ADDRESS},
    eip4895::Withdrawal,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::context::{BlockEnv, CfgEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::hardfork::SpecId;

use super::rules::{Protocol, Rules, SupplyLedger};
use crate::{
    chain::{Era, Fork, L1Origin, SealedHeader},
    state::Need,
};

/// What the author of a block decides before the first transaction is executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NextBlock {
    /// Number of the block; its parent's plus one.
    pub number: u64,
    /// Unix time in seconds.
    pub timestamp: u64,
    /// Gas that all its transactions may use together.
    pub gas_limit: u64,
    /// Base fee in wei per gas.
    pub base_fee: u64,
    /// Who receives the fees.
    pub beneficiary: Address,
    /// What the `PREVRANDAO` instruction returns (EIP-4399).
    pub prev_randao: B256,
    /// What the beacon roots contract stores (EIP-4788). On a layer the hash of the L1 block, see [`L1Origin`].
    pub parent_beacon_block_root: B256,
    /// At most 32 bytes of the author's choice. On a layer see [`L1Origin`].
    pub extra_data: Bytes,
    /// Running total of blob gas above target (EIP-4844); zero on a layer.
    pub excess_blob_gas: u64,
    /// Withdrawals from the beacon chain (EIP-4895); none on a layer.
    pub withdrawals: Vec<Withdrawal>,
    /// What the `DIFFICULTY` instruction returned before the merge.
    pub difficulty: U256,
    /// What a call pretends that blob gas costs, in wei; `None` for what it does cost.
    pub blob_fee: Option<u128>,
}

impl NextBlock {
    /// Returns the block of a layer that follows `parent` at `timestamp` (Unix seconds, not before the
    /// parent's).
    ///
    /// `PREVRANDAO` is the parent's hash: different in each block, known to everybody before it, so not
    /// fit to draw anything of value. It rests on the same L1 block as its parent.
    pub fn on_layer(parent: &SealedHeader, timestamp: u64) -> Self {
        Self {
            number: parent.number + 1,
            timestamp: timestamp.max(parent.timestamp),
            gas_limit: parent.gas_limit,
            base_fee: parent.base_fee_per_gas.unwrap_or_default(),
            beneficiary: parent.beneficiary,
            prev_randao: parent.hash(),
            parent_beacon_block_root: parent.parent_beacon_block_root.unwrap_or_default(),
            extra_data: parent.extra_data.clone(),
            ..Self::default()
        }
    }

    /// Returns the same block, resting on another L1 block.
    #[must_use]
    pub fn resting_on(self, origin: &L1Origin) -> Self {
        let extra_data = origin.extra_data();
        Self { parent_beacon_block_root: origin.hash, extra_data, ..self }
    }

    /// Returns the L1 block that a layer's block rests on.
    pub(super) fn origin(&self, protocol: Protocol) -> Option<L1Origin> {
        match protocol {
            Protocol::Ethereum => None,
            Protocol::Layer => {
                L1Origin::read(&self.extra_data, self.parent_beacon_block_root).ok().flatten()
            }
        }
    }

    /// Returns what every block of a layer touches, whatever is in it.
    pub fn needs(rules: &Rules, beneficiary: Address) -> Vec<Need> {
        let system = [BEACON_ROOTS_ADDRESS, HISTORY_STORAGE_ADDRESS, SYSTEM_ADDRESS, beneficiary];
        let ledger = rules.supply.map(|ledger| ledger.account);
        let mut needs: Vec<_> = system.iter().chain(&ledger).map(Need::account).collect();
        let entries = [SupplyLedger::MINTED, SupplyLedger::DEPOSITS, SupplyLedger::BURNED];
        needs.extend(ledger.iter().flat_map(|at| entries.iter().map(|key| Need::slot(at, key))));
        needs
    }

    /// Returns what the author of `header` decided.
    pub(super) fn of(header: &Header, withdrawals: &[Withdrawal]) -> Self {
        Self {
            number: header.number,
            timestamp: header.timestamp,
            gas_limit: header.gas_limit,
            base_fee: header.base_fee_per_gas.unwrap_or_default(),
            beneficiary: header.beneficiary,
            prev_randao: header.mix_hash,
            parent_beacon_block_root: header.parent_beacon_block_root.unwrap_or_default(),
            extra_data: header.extra_data.clone(),
            excess_blob_gas: header.excess_blob_gas.unwrap_or_default(),
            withdrawals: withdrawals.to_vec(),
            difficulty: header.difficulty,
            blob_fee: None,
        }
    }

    /// Returns what instructions and fee rules see of the block.
    pub(super) fn evm(&self, era: &Era) -> BlockEnv {
        let blob_fee = era.blobs.calc_blob_fee(self.excess_blob_gas);
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.beneficiary,
            timestamp: U256::from(self.timestamp),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: self.difficulty,
            prevrandao: (era.fork >= Fork::Paris).then_some(self.prev_randao),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
                excess_blob_gas: self.excess_blob_gas,
                blob_gasprice: self.blob_fee.unwrap_or(blob_fee),
            }),
            slot_num: 0,
        }
    }
}

/// Returns the EVM's settings in an era.
///
/// The cap of EIP-7825 is lifted here and checked by ourselves, because deposits and calls are exempt.
pub(super) fn settings(rules: &Rules, era: &Era) -> CfgEnv {
    let mut cfg = CfgEnv::new_with_spec(spec(era.fork));
    cfg.chain_id = rules.chain_id;
    cfg.tx_gas_limit_cap = Some(u64::MAX);
    cfg.max_blobs_per_tx = Some(era.blobs.max_blobs_per_tx);
    cfg
}

/// Names a hard fork as revm does.
pub(super) const fn spec(fork: Fork) -> SpecId {
    match fork {
        Fork::Frontier => SpecId::FRONTIER,
        Fork::Homestead => SpecId::HOMESTEAD,
        Fork::Tangerine => SpecId::TANGERINE,
        Fork::SpuriousDragon => SpecId::SPURIOUS_DRAGON,
        Fork::Byzantium => SpecId::BYZANTIUM,
        // What EIP-1283 of Constantinople changed, Petersburg took back before it ever was on mainnet.
        Fork::Constantinople | Fork::Petersburg => SpecId::PETERSBURG,
        Fork::Istanbul => SpecId::ISTANBUL,
        Fork::Berlin => SpecId::BERLIN,
        Fork::London => SpecId::LONDON,
        Fork::Paris => SpecId::MERGE,
        Fork::Shanghai => SpecId::SHANGHAI,
        Fork::Cancun => SpecId::CANCUN,
        Fork::Prague => SpecId::PRAGUE,
        Fork::Osaka => SpecId::OSAKA,
    }
}
