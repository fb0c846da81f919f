use alloy_consensus::{
    EthereumTxEnvelope, InMemorySize, Sealed, TransactionEnvelope, TxEip4844,
    crypto::RecoveryError,
    transaction::{SignerRecoverable, TxHashRef},
};
use alloy_eips::eip2718::{Decodable2718, Eip2718Error, Typed2718};
use alloy_primitives::{Address, TxHash};
use op_alloy_consensus::TxDeposit;

/// A transaction of a layer: Ethereum's, or a `0x7E` deposit.
///
/// Deposits have the shape of the OP Stack's deposit transaction; they carry no signature and are
/// only ever made by the layer itself from what it read on the L1 (or at its end, to seal).
#[derive(Debug, Clone, TransactionEnvelope)]
#[envelope(tx_type_name = TransactionType)]
pub enum Transaction {
    /// A signed Ethereum transaction.
    #[envelope(flatten)]
    Ethereum(EthereumTxEnvelope<TxEip4844>),
    /// A deposit from the L1, or a system transaction.
    #[envelope(ty = 126)]
    #[serde(serialize_with = "op_alloy_consensus::serde_deposit_tx_rpc")]
    Deposit(Sealed<TxDeposit>),
}

impl Transaction {
    /// Returns the hash, keccak256 of the EIP-2718 encoding.
    pub fn hash(&self) -> &TxHash {
        match self {
            Self::Ethereum(tx) => tx.tx_hash(),
            Self::Deposit(tx) => tx.hash_ref(),
        }
    }

    /// Returns the deposit, if this is one.
    pub const fn as_deposit(&self) -> Option<&Sealed<TxDeposit>> {
        match self {
            Self::Ethereum(_) => None,
            Self::Deposit(tx) => Some(tx),
        }
    }
}

impl InMemorySize for TransactionType {
    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

impl TxHashRef for Transaction {
    fn tx_hash(&self) -> &TxHash {
        self.hash()
    }
}

/// Decodes one EIP-2718 transaction; bytes after it are an error.
///
/// # Errors
/// The decoder's error, `UnexpectedLength` for trailing bytes, `UnexpectedType` for a typed transaction
/// without its type byte.
pub fn decode_transaction(mut raw: &[u8]) -> Result<Transaction, Eip2718Error> {
    let first = raw.first().copied().unwrap_or_default();
    let tx = Transaction::decode_2718(&mut raw)?;
    // op-alloy reads a bare list as a deposit: one transaction would have two encodings.
    if !tx.is_legacy() && first != tx.ty() {
        return Err(Eip2718Error::UnexpectedType(first));
    }
    if raw.is_empty() { Ok(tx) } else { Err(alloy_rlp::Error::UnexpectedLength.into()) }
}

/// Recovers who signed; a deposit names its sender itself.
///
/// # Errors
/// When the signature is not one, or has a high `s` (EIP-2).
pub fn recover_sender(tx: &Transaction) -> Result<Address, RecoveryError> {
    match tx {
        Transaction::Ethereum(tx) => tx.recover_signer(),
        Transaction::Deposit(tx) => Ok(tx.from),
    }
}
