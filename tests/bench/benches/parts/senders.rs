//! From raw bytes to a sender.

use alloy_consensus::crypto::secp256k1::recover_signer_unchecked;
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Signature, keccak256};
use node_core::chain::{Transaction, decode_transaction};

use crate::{
    harness::{Bench, Result, Row, Shown},
    layer::{Layer, Load, Sent, recovery_time},
};

pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    let sent = Layer::new()?.sign(Load::Transfers, 0)?;
    decode(bench, &sent)?;
    recover(bench, &sent)
}

fn decode(bench: &mut Bench, sent: &[Sent]) -> Result<()> {
    let raw: Vec<_> = sent.iter().map(|(tx, _)| tx.encoded_2718()).collect();
    let ours = bench.time("decode", || {
        let decoded = raw.iter().map(|raw| decode_transaction(raw).inspect(|tx| _ = tx.hash()));
        Ok(decoded.collect::<std::result::Result<Vec<_>, _>>()?)
    })?;
    let limit =
        bench.time("hash", || Ok(raw.iter().fold(B256::ZERO, |all, raw| all ^ keccak256(raw))))?;
    bench.add(Row {
        part: "decode with hash".to_owned(),
        shown: Shown::Things(raw.len()),
        ours,
        limit,
        limit_is: "keccak of the raw bytes",
    });
    Ok(())
}

fn recover(bench: &mut Bench, sent: &[Sent]) -> Result<()> {
    let signed: Vec<_> = sent.iter().filter_map(|(tx, _)| signature(tx)).collect();
    let bare = |(signature, hash): &(Signature, B256)| recover_signer_unchecked(signature, *hash);
    let limit = bench.time("bare recovery", || {
        Ok(signed.iter().map(bare).collect::<std::result::Result<Vec<_>, _>>()?)
    })?;
    let ours = recovery_time(bench, sent)?;
    bench.add(Row {
        part: "recover".to_owned(),
        shown: Shown::Things(sent.len()),
        ours,
        limit,
        limit_is: "bare recovery, hash known",
    });
    Ok(())
}

/// The signature of a transaction and what was signed.
fn signature(tx: &Transaction) -> Option<(Signature, B256)> {
    match tx {
        Transaction::Ethereum(tx) => Some((*tx.signature(), tx.signature_hash())),
        Transaction::Deposit(_) => None,
    }
}
