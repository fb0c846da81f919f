use serde::Serialize;

use crate::{Prices, Usage};

/// Picoseconds and such: 10^12.
const PICO: u128 = 1_000_000_000_000;

/// A gigabyte, as AWS counts memory and storage.
const GB: u128 = 1 << 30;

/// A month of 730 hours, in seconds.
const MONTH_S: u128 = 730 * 3_600;

/// What something costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// Region of the prices.
    pub region: String,
    /// Their date.
    pub prices_of: String,
    /// What is paid for, one by one.
    pub lines: Vec<Line>,
    /// All lines together, USD.
    pub total_usd: String,
    /// What was paid on the L1, besides.
    pub l1: OnL1,
    /// What costs money and is not in it.
    pub left_out: [&'static str; 4],
}

/// One thing that is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What.
    pub what: &'static str,
    /// How much of it.
    pub quantity: String,
    /// Its price, USD.
    pub usd: String,
    #[serde(skip)]
    pico_usd: u128,
}

/// What was paid on the L1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnL1 {
    /// Transactions.
    pub transactions: u64,
    /// Their gas.
    pub gas: u64,
    /// Their fees, in ETH.
    pub fee_eth: String,
}

impl Bill {
    /// Prices `usage` of a layer whose objects are kept for `stored_s` seconds, all of them for all of that time: a
    /// little more than it is.
    pub fn new(usage: &Usage, stored_s: u64, prices: &Prices) -> Self {
        let lines = lines(usage, stored_s, prices);
        let total: u128 = lines.iter().map(|line| line.pico_usd).sum();
        Self {
            region: prices.region.clone(),
            prices_of: prices.date.clone(),
            lines,
            total_usd: usd(total),
            l1: OnL1 {
                transactions: usage.l1_transactions,
                gas: usage.l1_gas,
                fee_eth: decimal(usage.l1_fee_wei, 18, 18),
            },
            left_out: [
                "items stored",
                "minutes of WebSockets",
                "logs, alarms and keys",
                "bytes sent to the internet",
            ],
        }
    }

    /// All lines together, pico-USD.
    pub fn total_pico_usd(&self) -> u128 {
        self.lines.iter().map(|line| line.pico_usd).sum()
    }
}

fn lines(usage: &Usage, stored_s: u64, prices: &Prices) -> Vec<Line> {
    let whole =
        |what, count: u64, name| line(what, count.to_string(), u128::from(count) * prices.of(name));
    let milli = |what, count: u64, name| {
        line(what, decimal(count.into(), 3, 1), u128::from(count) * prices.of(name) / 1_000)
    };
    // AWS counts 1,024 MB as a GB.
    let gb_ms = u128::from(usage.mb_ms) / 1_024;
    let gb_s_price = prices.of("lambda_gb_second_arm64");
    let stored = u128::from(usage.object_bytes) * u128::from(stored_s);
    vec![
        whole("HTTP requests", usage.http_requests, "http_api_request"),
        whole("WebSocket messages", usage.socket_messages, "websocket_message"),
        whole("invocations", usage.invocations, "lambda_request"),
        line(
            "GB-seconds of functions (arm64)",
            decimal(gb_ms, 3, 1),
            u128::from(usage.mb_ms) * gb_s_price / 1_024 / 1_000,
        ),
        milli("read units", usage.read_milli_units, "dynamodb_read_unit"),
        milli("write units", usage.write_milli_units, "dynamodb_write_unit"),
        whole("writes of objects", usage.object_writes, "s3_put"),
        whole("reads of objects", usage.object_reads, "s3_get"),
        line(
            "bytes of objects, kept until the end",
            usage.object_bytes.to_string(),
            stored * prices.of("s3_gb_month") / GB / MONTH_S,
        ),
        whole("schedules", usage.schedules, "scheduler_invocation"),
    ]
}

fn line(what: &'static str, quantity: String, pico_usd: u128) -> Line {
    Line { what, quantity, usd: usd(pico_usd), pico_usd }
}

/// An amount of pico-USD in USD: to the cent above a dollar, to four digits that count below.
pub fn usd(pico_usd: u128) -> String {
    match pico_usd {
        large if large >= PICO => decimal(large, 12, 2),
        small => {
            // Digits in front of the first that is not zero.
            let zeros = (0..12).find(|power| small >= PICO / 10_u128.pow(power + 1));
            decimal(small, 12, zeros.unwrap_or(11) + 4)
        }
    }
}

/// `value` times 10^-`scale`, with at most `places` decimals, the rest cut off.
fn decimal(value: u128, scale: u32, places: u32) -> String {
    let places = places.min(scale);
    let cut = value / 10_u128.pow(scale - places);
    let one = 10_u128.pow(places);
    match places {
        0 => cut.to_string(),
        _ => {
            let width = usize::try_from(places).unwrap_or(0);
            format!("{}.{:0width$}", cut / one, cut % one)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_to_what_counts_in_them() {
        for (pico_usd, expected) in [
            (0, "0.000000000000"),
            (1, "0.000000000001"),
            (200_000, "0.0000002000"),
            (123_456_789_012, "0.1234"),
            (12_345_678_901, "0.01234"),
            (PICO, "1.00"),
            (12 * PICO + 345_000_000_000, "12.34"),
        ] {
            assert_eq!(usd(pico_usd), expected, "{pico_usd}");
        }
    }

    /// Worked out by hand with the list prices of `us-east-1`.
    #[test]
    fn a_bill_is_what_the_price_list_says() {
        let usage = Usage {
            http_requests: 1_000_000,
            socket_messages: 2_000_000,
            invocations: 1_000_000,
            // 10 ms of 512 MB each: 5,000 GB-s.
            mb_ms: 1_000_000 * 10 * 512,
            read_milli_units: 8_000_000_000,
            write_milli_units: 1_600_000_000,
            object_writes: 1_000,
            object_reads: 10_000,
            object_bytes: 1 << 30,
            schedules: 1,
            l1_transactions: 3,
            l1_gas: 1_500_000,
            l1_fee_wei: 1_500_000_000_000_000,
        };
        let bill = Bill::new(&usage, 730 * 3_600, &Prices::known());
        let prices: Vec<&str> = bill.lines.iter().map(|line| line.usd.as_str()).collect();
        let expected = [
            "1.00",
            "2.00",
            "0.2000",
            "0.06666",
            "1.00",
            "1.00",
            "0.005000",
            "0.004000",
            "0.02300",
            "0.000001000",
        ];
        assert_eq!(prices, expected);
        assert_eq!(
            (bill.total_usd.as_str(), bill.l1.fee_eth.as_str()),
            ("5.29", "0.001500000000000000")
        );
    }

    #[test]
    fn twice_the_use_is_twice_the_price() {
        let usage = Usage { http_requests: 7, write_milli_units: 21_500, ..Usage::default() };
        let price = |usage: &Usage| Bill::new(usage, 0, &Prices::known()).total_pico_usd();
        assert_eq!(2 * price(&usage), price(&usage.plus(usage)));
        assert_eq!(price(&Usage::default()), 0);
    }
}
