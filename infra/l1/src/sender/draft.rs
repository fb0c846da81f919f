use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip4844, TxEip4844WithSidecar, TxEnvelope},
    eips::eip7594::BlobTransactionSidecarVariant,
    primitives::{Address, B256, Bytes, Signature, TxKind, U256},
    rpc::types::TransactionRequest,
};

use crate::blobs::Sealed;

/// What a transaction does.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// Words for errors.
    pub(crate) what: &'static str,
    pub(crate) to: Address,
    pub(crate) input: Bytes,
    pub(crate) value: U256,
}

/// A transaction before its fees are known.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) act: Act,
    pub(super) blobs: Option<Sealed>,
}

/// What a transaction pays at most, in wei.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fees {
    pub(super) max_fee_per_gas: u128,
    pub(super) max_priority_fee_per_gas: u128,
    /// Zero without blobs.
    pub(super) per_blob_gas: u128,
}

/// What a draft lacks until it can be signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion {
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    pub(super) gas_limit: u64,
    pub(super) fees: Fees,
}

/// A transaction without its signature.
#[derive(Debug)]
pub(super) enum Unsigned {
    Plain(TxEip1559),
    WithBlobs(Box<TxEip4844WithSidecar<BlobTransactionSidecarVariant>>),
}

impl Unsigned {
    /// Returns what is signed.
    pub(super) fn hash(&self) -> B256 {
        match self {
            Self::Plain(tx) => tx.signature_hash(),
            Self::WithBlobs(tx) => tx.tx().signature_hash(),
        }
    }

    /// Puts the signature to it.
    pub(super) fn with(self, signature: Signature) -> TxEnvelope {
        match self {
            Self::Plain(tx) => tx.into_signed(signature).into(),
            Self::WithBlobs(tx) => tx.into_signed(signature).into(),
        }
    }
}

impl Draft {
    /// Returns the transaction as a node is asked about it.
    pub(super) fn request(&self, from: Address) -> TransactionRequest {
        let Self { act, blobs } = self;
        let mut request = TransactionRequest::default()
            .from(from)
            .to(act.to)
            .value(act.value)
            .input(act.input.clone().into());
        request.blob_versioned_hashes = blobs.as_ref().map(|blobs| blobs.hashes.clone());
        request
    }

    /// Returns the transaction as it is signed: EIP-1559, or EIP-4844 where it has blobs.
    pub(super) fn unsigned(&self, rest: &Completion) -> Unsigned {
        let Self { act: Act { to, input, value, .. }, blobs } = self;
        let Completion { chain_id, nonce, gas_limit, fees } = *rest;
        let Fees { max_fee_per_gas, max_priority_fee_per_gas, per_blob_gas } = fees;
        let Some(Sealed { sidecar, hashes }) = blobs else {
            return Unsigned::Plain(TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: TxKind::Call(*to),
                value: *value,
                input: input.clone(),
                ..TxEip1559::default()
            });
        };
        let tx = TxEip4844 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to: *to,
            value: *value,
            input: input.clone(),
            blob_versioned_hashes: hashes.clone(),
            max_fee_per_blob_gas: per_blob_gas,
            ..TxEip4844::default()
        };
        let sidecar = BlobTransactionSidecarVariant::Eip7594(sidecar.clone());
        Unsigned::WithBlobs(Box::new(TxEip4844WithSidecar { tx, sidecar }))
    }

    /// Fees that replace a transaction with these: nodes ask for 10 % more, and for the double with blobs.
    pub(super) const fn raised(&self, fees: Fees) -> Fees {
        let Fees { max_fee_per_gas, max_priority_fee_per_gas, per_blob_gas } = fees;
        match self.blobs {
            None => Fees {
                max_fee_per_gas: more(max_fee_per_gas),
                max_priority_fee_per_gas: more(max_priority_fee_per_gas),
                per_blob_gas,
            },
            Some(_) => Fees {
                max_fee_per_gas: double(max_fee_per_gas),
                max_priority_fee_per_gas: double(max_priority_fee_per_gas),
                per_blob_gas: double(per_blob_gas),
            },
        }
    }
}

const fn double(wei: u128) -> u128 {
    wei.saturating_mul(2).saturating_add(1)
}

const fn more(wei: u128) -> u128 {
    wei.saturating_add(wei / 10 * 3).saturating_add(1)
}
