//! From raw bytes to a sender.

use alloy_consensus::crypto::secp256k1::recover_signer_unchecked;
use alloy_eips::Encodable2718;
use alloy_primitives::{B256, Signature, keccak256};
use node_core::chain::{Transaction, decode_transaction};

use crate::{
    harness::{RUNS, Result, Row, Samples, Table, Unit},
    layer::{Layer, Load, Sent, recovery_time},
};

pub(crate) fn run(table: &mut Table) -> Result<()> {
    let sent = Layer::new()?.sign(Load::Transfers, 0)?;
    table.add(decode(&sent)?);
    table.add(recover(&sent)?);
    Ok(())
}

fn decode(sent: &[Sent]) -> Result<Row> {
    let raw: Vec<_> = sent.iter().map(|(tx, _)| tx.encoded_2718()).collect();
    let (mut ours, mut limit) = (Samples::default(), Samples::default());
    for _ in 0..RUNS {
        let decoded: Vec<_> = ours.time(|| {
            raw.iter()
                .map(|raw| decode_transaction(raw).inspect(|tx| _ = tx.hash()))
                .collect::<std::result::Result<_, _>>()
        })?;
        drop::<Vec<Transaction>>(decoded);
        limit.time(|| raw.iter().fold(B256::ZERO, |all, raw| all ^ keccak256(raw)));
    }
    Ok(Row {
        part: "senders: decode with hash".to_owned(),
        unit: Unit::PerSecond(raw.len()),
        ours: ours.median(),
        limit: limit.median(),
        limit_is: "keccak of the raw bytes",
    })
}

fn recover(sent: &[Sent]) -> Result<Row> {
    let signed: Vec<_> = sent.iter().filter_map(|(tx, _)| signature(tx)).collect();
    let mut limit = Samples::default();
    for _ in 0..RUNS {
        limit.time(|| {
            signed.iter().try_for_each(|(signature, hash)| {
                recover_signer_unchecked(signature, *hash).map(|signer| {
                    std::hint::black_box(signer);
                })
            })
        })?;
    }
    Ok(Row {
        part: "senders: recover".to_owned(),
        unit: Unit::PerSecond(sent.len()),
        ours: recovery_time(sent, RUNS)?,
        limit: limit.median(),
        limit_is: "bare recovery, hash known",
    })
}

/// The signature of a transaction and what was signed.
fn signature(tx: &Transaction) -> Option<(Signature, B256)> {
    match tx {
        Transaction::Ethereum(tx) => Some((*tx.signature(), tx.signature_hash())),
        Transaction::Deposit(_) => None,
    }
}
