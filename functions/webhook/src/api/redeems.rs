//! Who was let in: check-ins of the ticket contract, from the logs of the layer.

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log, U256, keccak256};
use node_core::flow::{FlowError, index::LogQuery, mint, query::Replica};
use serde::Serialize;

use crate::WebhookState;

/// What a ticket contract says of a check-in, see `infra/contracts`.
const REDEEMED: &str = "Redeemed(uint256,uint32,address,uint64)";

/// Blocks read at a time.
const STRIDE: usize = 64;

/// A check-in.
#[derive(Debug, Serialize)]
pub(super) struct Redeem {
    token: String,
    gate: String,
    verifier: String,
    /// When it was scanned, Unix seconds, by the word of the verifier when the door had no connection.
    scanned_s: String,
    block: u64,
    transaction: String,
}

/// All check-ins, in order.
pub(super) async fn all(state: &WebhookState) -> Result<Vec<Redeem>, FlowError> {
    let Some(ticket) = mint::ticket(&state.stores, &state.config).await? else {
        return Ok(Vec::new());
    };
    let topic = keccak256(REDEEMED);
    let replica = Replica::open(&state.stores, state.config.id).await?;
    let query = LogQuery {
        addresses: vec![ticket],
        topics: [vec![topic], Vec::new(), Vec::new(), Vec::new()],
    };
    let may = |bloom: &Bloom| {
        bloom.contains_input(BloomInput::Raw(ticket.as_slice()))
            && bloom.contains_input(BloomInput::Raw(topic.as_slice()))
    };
    let head = replica.head().header.number;
    let numbers = replica.blocks_with_logs(0..=head, &query, may).await?;
    let mut redeems = Vec::new();
    for numbers in numbers.chunks(STRIDE) {
        for block in replica.blocks(numbers).await? {
            let transactions = &block.record.block.transactions;
            for (transaction, receipt) in transactions.iter().zip(&block.record.receipts) {
                let of_ticket = |log: &&Log| log.address == ticket;
                let found =
                    receipt.logs.iter().filter(of_ticket).filter_map(|log| read(log, topic));
                redeems.extend(found.map(|found| Redeem {
                    block: block.header.number,
                    transaction: transaction.hash().to_string(),
                    ..found
                }));
            }
        }
    }
    Ok(redeems)
}

fn read(log: &Log, topic: B256) -> Option<Redeem> {
    let [first, token, gate, verifier] = log.topics() else { return None };
    let number = |word: &B256| U256::from_be_bytes(word.0).to_string();
    (*first == topic).then(|| Redeem {
        token: number(token),
        gate: number(gate),
        verifier: Address::from_word(*verifier).to_string(),
        scanned_s: U256::try_from_be_slice(&log.data.data).unwrap_or_default().to_string(),
        block: 0,
        transaction: String::new(),
    })
}
