use alloy_consensus::Sealable;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue, sol};
use op_alloy_consensus::TxDeposit;
use serde::{Deserialize, Serialize};

use super::{L2_BRIDGE, SYSTEM_SENDER, Transaction};

/// Gas limit of one system transaction: the largest that EIP-7825 allows.
pub const SYSTEM_GAS_LIMIT: u64 = 1 << 24;

/// Domain of the source hash: 0 is a deposit from the L1, 1 is a system transaction.
const DOMAIN_DEPOSIT: u64 = 0;
const DOMAIN_SYSTEM: u64 = 1;

sol! {
    function finalizeDeposit(uint64 index, uint8 kind, address token, address from, address to, uint256 id, uint256 value) external;
}

/// One `Deposited` event of the layer's contract on the L1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositEvent {
    /// Position in the deposit tree, from 0.
    pub index: u64,
    /// Who deposited; aliased when it is a contract.
    pub from: Address,
    /// Receiver and call target on the layer.
    pub to: Address,
    /// ETH in wei.
    pub value: U256,
    /// Gas of the call on the layer.
    pub gas_limit: u64,
    /// Call data on the layer.
    pub data: Bytes,
}

/// A deposit of a token, which the layer's bridge mints there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenDeposit {
    /// Position in the deposit tree, from 0.
    pub index: u64,
    /// Kind of the token, see [`crate::exit`].
    pub kind: u8,
    /// The token on the L1.
    pub token: Address,
    /// Who deposited; aliased when it is a contract.
    pub from: Address,
    /// Who gets it on the layer.
    pub to: Address,
    /// Token id; zero for ERC-20.
    pub id: U256,
    /// Amount; one for ERC-721.
    pub value: U256,
    /// Gas of the bridge's call.
    pub gas_limit: u64,
}

impl From<TokenDeposit> for DepositEvent {
    /// The layer itself calls its bridge, which makes a deposit of a token one like any other.
    fn from(deposit: TokenDeposit) -> Self {
        let TokenDeposit { index, kind, token, from, to, id, value, gas_limit } = deposit;
        let call = finalizeDepositCall { index, kind, token, from, to, id, value };
        Self {
            index,
            from: SYSTEM_SENDER,
            to: L2_BRIDGE,
            value: U256::ZERO,
            gas_limit,
            data: call.abi_encode().into(),
        }
    }
}

impl DepositEvent {
    /// Makes the transaction that credits this deposit on the layer at `l1_layer`'s mirror.
    ///
    /// The source hash names the deposit by its index, so the transaction is the same wherever an
    /// L1 reorg moves the event to.
    pub fn into_transaction(self, l1_layer: Address) -> Transaction {
        let source_hash = deposit_source(l1_layer, self.index);
        let mint = u128::try_from(self.value).unwrap_or(u128::MAX);
        let tx = TxDeposit {
            source_hash,
            from: self.from,
            to: TxKind::Call(self.to),
            mint,
            value: U256::from(mint),
            gas_limit: self.gas_limit,
            is_system_transaction: false,
            input: self.data,
        };
        Transaction::Deposit(tx.seal_slow())
    }
}

/// Names the deposit at `index` of `l1_layer`'s deposit tree on the layer.
pub fn deposit_source(l1_layer: Address, index: u64) -> B256 {
    source_hash(DOMAIN_DEPOSIT, keccak256((l1_layer, U256::from(index)).abi_encode()))
}

/// Makes the `sequence`-th system transaction of a layer: a call from [`SYSTEM_SENDER`].
pub fn system_transaction(layer: Address, sequence: u64, to: Address, input: Bytes) -> Transaction {
    let place = keccak256((layer, U256::from(sequence)).abi_encode());
    let tx = TxDeposit {
        source_hash: source_hash(DOMAIN_SYSTEM, place),
        from: SYSTEM_SENDER,
        to: TxKind::Call(to),
        mint: 0,
        value: U256::ZERO,
        gas_limit: SYSTEM_GAS_LIMIT,
        is_system_transaction: false,
        input,
    };
    Transaction::Deposit(tx.seal_slow())
}

fn source_hash(domain: u64, place: B256) -> B256 {
    keccak256((U256::from(domain), place).abi_encode())
}
