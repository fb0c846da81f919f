use alloy_primitives::Address;
use node_core::codec::record::MintOrder;
use serde_json::Value;

use crate::{PayloadError, field::Field};

/// Most tickets of one delivery. Four store calls each, eight orders at a time: well under the seconds
/// that providers wait for an answer.
pub const MAX_TICKETS: u64 = 100;

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// These tickets were paid.
    Paid(Vec<MintOrder>),
    /// Nothing was paid by this; it is acknowledged so that it does not come again.
    Ignored {
        /// Why, for the organiser.
        reason: String,
    },
}

/// A line of what was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) quantity: u64,
}

/// Makes one order for each unit of each item.
///
/// The key is `<object>/<item>/<unit>`, where `object` is the provider with its id of the payment and units count
/// from 0: whatever the delivery, the same paid unit has the same key.
pub(crate) fn orders(
    object: &str,
    recipient: Address,
    items: &[Item],
    received_ms: u64,
) -> Vec<MintOrder> {
    let units = items.iter().flat_map(|item| (0..item.quantity).map(move |unit| (&item.id, unit)));
    let order =
        |(item, unit)| MintOrder { key: format!("{object}/{item}/{unit}"), recipient, received_ms };
    units.map(order).collect()
}

/// Reads who gets the tickets.
///
/// Mixed case carries the EIP-55 checksum, which must hold; one case alone carries none.
pub(crate) fn recipient(field: &Field<'_>) -> Result<Address, PayloadError> {
    let text = field.value().and_then(Value::as_str).unwrap_or_default();
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 40);
    let parsed = digits.and_then(|digits| digits.parse::<Address>().ok());
    let (Some(digits), Some(address)) = (digits, parsed) else {
        return Err(field.expected("an address, 0x and 40 hex digits"));
    };
    let has = |case: fn(&u8) -> bool| digits.bytes().any(|digit| case(&digit));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if is_mixed && address.to_checksum(None) != text {
        return Err(field.expected("an address whose EIP-55 checksum holds: copy it again"));
    }
    if address.is_zero() {
        return Err(field.expected("an address that someone holds, not zero"));
    }
    Ok(address)
}

/// Reads a number of tickets written as text, as metadata is.
pub(crate) fn quantity(field: &Field<'_>) -> Result<u64, PayloadError> {
    let text = field.value().and_then(Value::as_str);
    let number = text.and_then(|text| text.parse().ok());
    number
        .filter(|number| (1..=MAX_TICKETS).contains(number))
        .ok_or_else(|| field.expected(format!("text with a number from 1 to {MAX_TICKETS}")))
}
