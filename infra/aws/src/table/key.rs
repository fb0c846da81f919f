//! Keys of items, see the table in the crate's documentation.

use alloy_primitives::{Address, TxHash, keccak256};
use aws_sdk_dynamodb::types::AttributeValue;
use node_core::{
    chain::{LayerId, SlotNumber},
    port::PortError,
};

use super::{Item, text};

/// Partitions that an inbox is spread over. A partition takes 1,000 writes a second, and a transaction is two.
pub(super) const SHARDS: u8 = 16;

/// Partitions that the orders of a layer are spread over, as its inbox is.
pub(super) const ORDER_SHARDS: u8 = 16;

/// Range key of an item that is alone in its partition.
pub(crate) const ALONE: &str = "-";

/// Makes a key.
pub(crate) fn item(partition: &str, range: &str) -> Item {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    Item::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(range))])
}

/// Shard of what `sender` sends.
pub(super) fn shard(sender: Address) -> u8 {
    sender[0] % SHARDS
}

/// A shard of the inbox.
pub(super) fn inbox(layer: LayerId, shard: u8) -> String {
    format!("inbox#{layer}#{shard:02}")
}

/// Range keys of one sender's transactions begin so.
pub(super) fn of_sender(sender: Address) -> String {
    format!("{sender:x}#")
}

/// A waiting transaction.
pub(super) fn pending(layer: LayerId, sender: Address, hash: TxHash) -> Item {
    item(&inbox(layer, shard(sender)), &format!("{}{hash:x}", of_sender(sender)))
}

/// A dropped transaction.
pub(super) fn dropped(layer: LayerId, hash: TxHash) -> Item {
    item(&format!("dropped#{layer}#{hash:x}"), ALONE)
}

/// A slot of the log.
pub(super) fn slot(layer: LayerId, slot: SlotNumber) -> Item {
    item(&format!("log#{layer}#{:020}", slot.0), ALONE)
}

/// A register.
pub(crate) fn register(layer: LayerId, name: &str) -> Item {
    item(&format!("register#{layer}#{name}"), ALONE)
}

/// A shard of the orders.
pub(super) fn orders(layer: LayerId, shard: u8) -> String {
    format!("order#{layer}#{shard:02}")
}

/// An order.
pub(super) fn order(layer: LayerId, key: &str) -> Item {
    item(&orders(layer, keccak256(key)[0] % ORDER_SHARDS), key)
}

/// Where a reading of the orders goes on, as text: the shard, and what was read last of it.
pub(super) fn cursor(shard: u8, last: Option<&Item>, name: &str) -> Result<String, PortError> {
    Ok(format!("{shard}\n{}", last.map_or(Ok(""), |last| text(last, "sk", name))?))
}

/// What is in a [`cursor`]; the beginning of the orders without one.
pub(super) fn from_cursor(cursor: Option<&str>) -> (u8, Option<&str>) {
    let parts = cursor.and_then(|cursor| cursor.split_once('\n'));
    let (shard, last) = parts.unwrap_or_default();
    (shard.parse().unwrap_or_default(), Some(last).filter(|last| !last.is_empty()))
}

/// All orders that wait.
pub(super) fn due(layer: LayerId) -> String {
    format!("due#{layer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_layer_holds_its_id_and_begins_with_its_kind() {
        let layer = LayerId::new([0xab; 16]);
        let keys = [
            ("inbox#", pending(layer, Address::repeat_byte(0x21), TxHash::ZERO)),
            ("dropped#", dropped(layer, TxHash::ZERO)),
            ("log#", slot(layer, SlotNumber(7))),
            ("register#", register(layer, "lease")),
            ("order#", order(layer, "k")),
            ("due#", item(&due(layer), "k")),
        ];
        for (kind, key) in keys {
            let partition = key["pk"].as_s().expect("text");
            assert!(partition.starts_with(kind) && partition.contains(&layer.to_string()));
        }
    }

    #[test]
    fn senders_are_spread_over_all_shards() {
        let shards: std::collections::BTreeSet<u8> =
            (0..=u8::MAX).map(|byte| shard(Address::repeat_byte(byte))).collect();
        assert_eq!(shards.len(), usize::from(SHARDS));
    }
}
