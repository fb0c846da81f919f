//! Keys of items, see the table in the crate's documentation.

use alloy_primitives::{Address, TxHash};
use aws_sdk_dynamodb::types::AttributeValue;
use node_core::{
    chain::{LayerId, SlotNumber},
    port::PortError,
};

use super::{Item, text};

/// Partitions that an inbox is spread over. A partition takes 1,000 writes a second, and a transaction is two.
pub(super) const SHARDS: u8 = 16;

/// Range key of an item that is alone in its partition.
pub(super) const ALONE: &str = "-";

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
pub(super) fn register(layer: LayerId, name: &str) -> Item {
    item(&format!("register#{layer}#{name}"), ALONE)
}

/// An order.
pub(super) fn order(layer: LayerId, key: &str) -> Item {
    item(&format!("order#{layer}#{key}"), ALONE)
}

/// Where a reading of the table goes on, as text.
pub(super) fn cursor(last: &Item, name: &str) -> Result<String, PortError> {
    Ok(format!("{}\n{}", text(last, "pk", name)?, text(last, "sk", name)?))
}

/// The key in a [`cursor`].
pub(super) fn from_cursor(cursor: &str) -> Option<Item> {
    let (partition, range) = cursor.split_once('\n')?;
    Some(item(partition, range))
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
