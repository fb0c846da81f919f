use std::collections::BTreeSet;

use alloy_rlp::{RlpDecodable, RlpEncodable};

/// What was sold together and what of it was paid back, whichever came first.
///
/// Both lists only grow, so what is taken back follows from the record alone, in whatever order and however often
/// deliveries came.
#[derive(Debug, Clone, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct SaleRecord {
    /// Keys of its orders, `<shop>/<object>/<item>/<unit>`.
    pub orders: Vec<String>,
    /// What was paid back, in order of arrival.
    pub refunds: Vec<RefundNote>,
}

/// What one refund took back.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct RefundNote {
    /// The provider's id of the refund.
    pub id: String,
    /// Line item; empty for all of them.
    pub item: String,
    /// Units of the line item; 0 for all of them.
    pub units: u64,
}

impl SaleRecord {
    /// Adds orders that are not there.
    pub fn sell(&mut self, keys: &[String]) {
        let new: Vec<_> = keys.iter().filter(|key| !self.orders.contains(key)).cloned().collect();
        self.orders.extend(new);
    }

    /// Adds refunds that are not there. A refund is the same when its id and line item are.
    pub fn refund(&mut self, notes: &[RefundNote]) {
        for note in notes {
            let known = |held: &RefundNote| held.id == note.id && held.item == note.item;
            if !self.refunds.iter().any(known) {
                self.refunds.push(note.clone());
            }
        }
    }

    /// Keys of the orders that are paid back: of each refund the first units of its line item that no refund before it
    /// took.
    pub fn refunded(&self) -> BTreeSet<&str> {
        let mut taken = BTreeSet::new();
        for note in &self.refunds {
            let of_note = |key: &&str| note.item.is_empty() || item(key) == Some(&note.item);
            let left = self.orders.iter().map(String::as_str).filter(of_note);
            let left: Vec<_> = left.filter(|key| !taken.contains(key)).collect();
            let most = usize::try_from(note.units).unwrap_or(usize::MAX);
            let most = if most == 0 { left.len() } else { most };
            taken.extend(left.into_iter().take(most));
        }
        taken
    }
}

/// The line item in the key of an order.
fn item(key: &str) -> Option<&str> {
    key.rsplit('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(refunds: &[(&str, &str, u64)]) -> Vec<String> {
        let mut sale = SaleRecord::default();
        let note = |&(id, item, units): &(&str, &str, u64)| RefundNote {
            id: id.into(),
            item: item.into(),
            units,
        };
        let notes: Vec<_> = refunds.iter().map(note).collect();
        sale.refund(&notes);
        sale.sell(&["s/o/a/0", "s/o/a/1", "s/o/b/0"].map(str::to_owned));
        sale.refund(&notes);
        sale.refunded().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_refund_takes_units_of_its_line_item_and_no_others() {
        assert!(sale(&[]).is_empty());
        assert_eq!(sale(&[("r", "a", 1)]), ["s/o/a/0"]);
        assert_eq!(sale(&[("r", "b", 0)]), ["s/o/b/0"]);
        assert_eq!(sale(&[("r", "", 0)]), ["s/o/a/0", "s/o/a/1", "s/o/b/0"]);
    }

    #[test]
    fn two_refunds_of_one_line_item_take_two_units() {
        assert_eq!(sale(&[("r", "a", 1), ("q", "a", 1)]), ["s/o/a/0", "s/o/a/1"]);
        assert_eq!(sale(&[("r", "a", 1), ("r", "a", 1)]), ["s/o/a/0"], "the same refund again");
        assert_eq!(
            sale(&[("r", "a", 9), ("q", "a", 1)]),
            ["s/o/a/0", "s/o/a/1"],
            "no more than sold"
        );
    }
}
