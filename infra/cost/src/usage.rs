use serde::{Deserialize, Serialize};

/// What was used. What several functions used is added up; nothing here is ever taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Requests that came in by HTTP.
    pub http_requests: u64,
    /// Messages over a WebSocket, both ways.
    pub socket_messages: u64,
    /// Invocations of functions.
    pub invocations: u64,
    /// Memory of functions times the time that they ran, in MB times milliseconds.
    pub mb_ms: u64,
    /// Thousandths of `DynamoDB`'s read request units.
    pub read_milli_units: u64,
    /// Thousandths of `DynamoDB`'s write request units.
    pub write_milli_units: u64,
    /// Writes and listings of objects.
    pub object_writes: u64,
    /// Reads of objects.
    pub object_reads: u64,
    /// Bytes of objects that were written.
    pub object_bytes: u64,
    /// Schedules that were to fire.
    pub schedules: u64,
    /// Transactions on the L1.
    pub l1_transactions: u64,
    /// Gas that they used, of blobs too.
    pub l1_gas: u64,
    /// What was paid for it, in wei. `u128`, in JSON as text.
    #[serde(with = "text")]
    pub l1_fee_wei: u128,
}

/// JSON has no numbers of this size.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Usage {
    /// Adds what something else used. Saturates: nothing that lives so short comes near.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            http_requests: self.http_requests.saturating_add(other.http_requests),
            socket_messages: self.socket_messages.saturating_add(other.socket_messages),
            invocations: self.invocations.saturating_add(other.invocations),
            mb_ms: self.mb_ms.saturating_add(other.mb_ms),
            read_milli_units: self.read_milli_units.saturating_add(other.read_milli_units),
            write_milli_units: self.write_milli_units.saturating_add(other.write_milli_units),
            object_writes: self.object_writes.saturating_add(other.object_writes),
            object_reads: self.object_reads.saturating_add(other.object_reads),
            object_bytes: self.object_bytes.saturating_add(other.object_bytes),
            schedules: self.schedules.saturating_add(other.schedules),
            l1_transactions: self.l1_transactions.saturating_add(other.l1_transactions),
            l1_gas: self.l1_gas.saturating_add(other.l1_gas),
            l1_fee_wei: self.l1_fee_wei.saturating_add(other.l1_fee_wei),
        }
    }
}

impl core::iter::Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_survives_json_and_what_is_new_there_is_nothing() {
        let usage = Usage { mb_ms: 7, l1_fee_wei: u128::MAX, ..Usage::default() };
        let json = serde_json::to_string(&usage).expect("plain data");
        assert_eq!(serde_json::from_str::<Usage>(&json).expect("its own"), usage);
        assert_eq!(serde_json::from_str::<Usage>("{}").expect("nothing"), Usage::default());
    }

    #[test]
    fn every_part_is_added() {
        let one = Usage {
            http_requests: 1,
            socket_messages: 13,
            invocations: 2,
            mb_ms: 3,
            read_milli_units: 4,
            write_milli_units: 5,
            object_writes: 6,
            object_reads: 7,
            object_bytes: 8,
            schedules: 9,
            l1_transactions: 10,
            l1_gas: 11,
            l1_fee_wei: 12,
        };
        let sum = serde_json::to_value([one, one].into_iter().sum::<Usage>()).expect("plain data");
        let one = serde_json::to_value(one).expect("plain data");
        for (name, value) in one.as_object().expect("an object") {
            let number = |value: &serde_json::Value| {
                value.as_u64().or_else(|| value.as_str()?.parse().ok()).expect("a number")
            };
            assert_eq!(number(&sum[name]), 2 * number(value), "{name}");
        }
    }
}
