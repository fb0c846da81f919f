use serde::Serialize;

use crate::Usage;

/// An event that somebody plans: every ticket is bought with one signed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Tickets that are sold.
    pub tickets: u64,
    /// How long the sale lasts, in hours.
    pub hours: u64,
    /// What the L1 asks for a unit of gas, in wei.
    pub gas_price_wei: u64,
}

/// Memory of the functions, MB: `terraform/blueprint/functions.tf`.
const RPC_MB: u64 = 512;
const SEQUENCER_MB: u64 = 1_769;
const BRIDGE_MB: u64 = 512;

/// A wallet fills its transaction, then sends it and waits for the receipt (`eth_fillTransaction`,
/// `eth_sendRawTransactionSync`).
const REQUESTS: u64 = 2;

/// Time of both, in milliseconds: the first is answered from memory, the second waits for its block.
const RPC_MS: u64 = 200;

/// Reads of the two requests: the log at every look for news, what else waits of the sender, the lease.
const RPC_READS: u64 = 14;

/// Writes of one transaction: into the inbox, out of it, and its part of a block of 1 KB units; of a sequencer that comes and
/// goes: lease, checkpoint, meters; of a watch: meters; and of the opening and the end together.
const WRITES: u64 = 3;
const WRITES_A_WAKE: u64 = 3;
const WRITES_A_WATCH: u64 = 1;
const WRITES_OF_A_LIFE: u64 = 125;

/// How long the sequencer waits for more before it leaves, in seconds, and takes to come and to go.
const LINGER_S: u64 = 3;

/// Looks of the sequencer in a second at work, each of which reads all shards of the inbox and what shops ordered.
const LOOKS: u64 = 40;
const READS_A_LOOK: u64 = 17;

/// A checkpoint is three objects, at least as often as the sequencer leaves; who comes reads what is there.
const OBJECT_WRITES: u64 = 3;
const OBJECT_READS: u64 = 9;
const CHECKPOINT_BYTES: u64 = 8 * 1_024;

/// Bytes of the state and of the bodies of blocks for each ticket.
const TICKET_BYTES: u64 = 512;

/// What the watch does in a minute: time in milliseconds, and reads.
const WATCH_MS: u64 = 300;
const WATCH_READS: u64 = 24;

/// Gas to open and to settle a layer, and to publish an exit: the README's table.
const OPEN_GAS: u64 = 108_855;
const SETTLE_GAS: u64 = 417_476;
const EXIT_GAS: u64 = 1_032;

/// A sequencer hands over to the next one before Lambda's 15 minutes are up.
const HAND_OVER_S: u64 = 14 * 60;

/// Exits that one transaction publishes.
const EXITS_A_TRANSACTION: u64 = 512;

/// What an event will use, opening and end included: the sale is spread over all of its hours, which is what costs most, and
/// everybody leaves with a ticket.
///
/// The constants are what `make load` meters on emulators: 20 tickets in an hour took 43,800 read units and 310 write units (this
/// says 42,520 and 305), 156 invocations (122: its wallets ask three times), 70 objects written and 241 read (60 and 180).
pub const fn estimate(event: &Event) -> Usage {
    let Event { tickets, hours, gas_price_wei } = *event;
    let sale_s = hours.saturating_mul(3_600);
    let minutes = hours.saturating_mul(60);
    // Awake while tickets come one after the other, and never longer than the sale.
    let awake = tickets.saturating_mul(LINGER_S);
    let awake_s = if awake < sale_s { awake } else { sale_s };
    let wakes = if awake < sale_s { tickets } else { sale_s / HAND_OVER_S + 1 };
    let requests = tickets.saturating_mul(REQUESTS);
    let gas = (OPEN_GAS + SETTLE_GAS).saturating_add(tickets.saturating_mul(EXIT_GAS));
    let reads = tickets
        .saturating_mul(RPC_READS)
        .saturating_add(awake_s.saturating_mul(LOOKS * READS_A_LOOK))
        .saturating_add(minutes.saturating_mul(WATCH_READS));
    let writes = tickets
        .saturating_mul(WRITES)
        .saturating_add(wakes.saturating_mul(WRITES_A_WAKE))
        .saturating_add(minutes.saturating_mul(WRITES_A_WATCH))
        .saturating_add(WRITES_OF_A_LIFE);
    let mb_ms = tickets
        .saturating_mul(RPC_MS * RPC_MB)
        .saturating_add(awake_s.saturating_mul(1_000 * SEQUENCER_MB))
        .saturating_add(minutes.saturating_mul(WATCH_MS * BRIDGE_MB));
    Usage {
        http_requests: requests,
        // Buyers ask; those who listen are few.
        socket_messages: 0,
        // Two for the opening and the end.
        invocations: requests.saturating_add(wakes).saturating_add(minutes).saturating_add(2),
        mb_ms,
        read_milli_units: reads.saturating_mul(1_000),
        write_milli_units: writes.saturating_mul(1_000),
        object_writes: wakes.saturating_mul(OBJECT_WRITES),
        object_reads: wakes.saturating_mul(OBJECT_READS).saturating_add(requests / 100),
        object_bytes: wakes
            .saturating_mul(CHECKPOINT_BYTES)
            .saturating_add(tickets.saturating_mul(TICKET_BYTES)),
        schedules: 1,
        l1_transactions: 3 + tickets / EXITS_A_TRANSACTION,
        l1_gas: gas,
        l1_fee_wei: (gas as u128).saturating_mul(gas_price_wei as u128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bill, Prices};

    fn price(tickets: u64, hours: u64) -> u128 {
        let usage = estimate(&Event { tickets, hours, gas_price_wei: 1 });
        Bill::new(&usage, hours * 3_600, &Prices::known()).total_pico_usd()
    }

    #[test]
    fn nothing_sold_costs_the_watch_and_no_more() {
        assert!(price(0, 1) > 0);
        assert!(price(0, 1) < price(1, 1));
    }

    #[test]
    fn more_tickets_and_more_hours_cost_more_but_never_more_than_their_share() {
        assert!(price(20_000, 3) > price(10_000, 3));
        assert!(price(20_000, 6) > price(20_000, 3));
        assert!(price(40_000, 3) < 2 * price(20_000, 3), "the sequencer is awake once");
    }

    /// The promise of the README: an event of 20,000 tickets and three hours is a matter of dollars.
    #[test]
    fn the_event_of_the_readme_costs_a_few_dollars() {
        let dollar = 1_000_000_000_000;
        let price = price(20_000, 3);
        assert!((dollar / 2..5 * dollar).contains(&price), "{}", crate::usd(price));
    }

    #[test]
    fn numbers_without_sense_saturate() {
        let event = Event { tickets: u64::MAX, hours: u64::MAX, gas_price_wei: u64::MAX };
        assert_eq!(estimate(&event).read_milli_units, u64::MAX);
    }
}
