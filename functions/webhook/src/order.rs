use std::collections::BTreeSet;

use alloy_primitives::Address;
use mayfly_l1::{AccountName, NameError};
use serde_json::Value;

use crate::{PayloadError, Shop, field::Field, path::Paths};

/// Most tickets of one delivery. Four store calls each, eight orders at a time: well under the seconds
/// that providers wait for an answer.
pub const MAX_TICKETS: u64 = 100;

/// Item of an object that has no line items.
const WHOLE: &str = "ticket";

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// This was paid.
    Paid(Sale),
    /// This was paid back.
    Refunded(Refund),
    /// Nothing was paid by this; it is acknowledged so that it does not come again.
    Ignored {
        /// Why, for the organiser.
        reason: String,
    },
}

/// What was paid, as tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// What refunds will call it: shop and the provider's id; nothing when it cannot be refunded.
    pub reference: Option<String>,
    /// One for each unit of each line item.
    pub tickets: Vec<Ticket>,
}

/// One unit of what was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// `<shop>/<object>/<item>/<unit>`, where units count from 0: whatever the delivery, the same paid unit has the
    /// same key.
    pub key: String,
    /// The shop's name for the kind of ticket; empty when it says none.
    pub tier: String,
    /// Who gets it.
    pub buyer: Buyer,
}

/// Who gets a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Buyer {
    /// This wallet.
    Wallet(Address),
    /// The wallet whose name on the L1 this is.
    Account(AccountName),
    /// Whoever opens the claim link that is sent to this e-mail address, or given to this user of the shop.
    Named(String),
}

/// What was paid back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Shop and the provider's id of what was paid.
    pub reference: String,
    /// The provider's id of the refund.
    pub id: String,
    /// The line items; all of them when there are none here.
    pub lines: Vec<RefundLine>,
}

/// A line item that was paid back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundLine {
    /// The provider's id of the line item.
    pub item: String,
    /// How many of its units; all when missing.
    pub quantity: Option<u64>,
}

/// Reads the tickets of a payload that pays.
pub(crate) fn sale(shop: &Shop, payload: &Field<'_>) -> Result<Sale, PayloadError> {
    let mapping = &shop.mapping;
    let object = format!("{}/{}", shop.name(), required(&mapping.object, payload, None)?.id()?);
    let reference = mapping.reference.first(payload, None).filter(Field::is_present);
    let reference = reference.map(|field| field.id()).transpose()?;
    let reference = reference.map(|id| format!("{}/{id}", shop.name()));
    let mut tickets = Vec::new();
    match mapping.items.list(payload) {
        None => {
            let units = quantity(&mapping.quantity, payload, None)?;
            push(shop, payload, None, (&object, WHOLE, units), &mut tickets)?;
        }
        Some(items) => {
            for (item, id, units) in lines(&mapping.items, &mapping.item, payload, items, |item| {
                quantity(&mapping.quantity, payload, Some(item))
            })? {
                push(shop, payload, Some(&item), (&object, &id, units), &mut tickets)?;
            }
        }
    }
    Ok(Sale { reference, tickets })
}

/// Line items with their ids, each once, and units, which are 1 to [`MAX_TICKETS`] in all.
fn lines<'a>(
    list: &Paths,
    id: &Paths,
    payload: &Field<'a>,
    items: Vec<Field<'a>>,
    units: impl Fn(&Field<'a>) -> Result<u64, PayloadError>,
) -> Result<Vec<(Field<'a>, String, u64)>, PayloadError> {
    let mut ids = BTreeSet::new();
    let mut lines = Vec::with_capacity(items.len());
    for item in items {
        let field = required(id, payload, Some(&item))?;
        let id = field.id()?;
        if !ids.insert(id.clone()) {
            return Err(field.expected("an id that no other line item has"));
        }
        let units = units(&item)?;
        lines.push((item, id, units));
    }
    let tickets = lines.iter().fold(0_u64, |sum, (_, _, units)| sum.saturating_add(*units));
    if !(1..=MAX_TICKETS).contains(&tickets) {
        let list = required(list, payload, None)?;
        let expected = format!("1 to {MAX_TICKETS} tickets in all");
        return Err(list.expected_not(expected, tickets.to_string()));
    }
    Ok(lines)
}

/// Adds the units of one line item.
fn push(
    shop: &Shop,
    payload: &Field<'_>,
    item: Option<&Field<'_>>,
    (object, id, units): (&str, &str, u64),
    tickets: &mut Vec<Ticket>,
) -> Result<(), PayloadError> {
    if units == 0 {
        return Ok(());
    }
    let buyer = buyer(shop, payload, item)?;
    let tier = shop.mapping.tier.first(payload, item).filter(Field::is_present);
    let tier = tier.map(|field| name(&field)).transpose()?.unwrap_or_default();
    let ticket = |unit| {
        let key = format!("{object}/{id}/{unit}");
        Ticket { key, tier: tier.clone(), buyer: buyer.clone() }
    };
    tickets.extend((0..units).map(ticket));
    Ok(())
}

/// The wallet that the payload names, or else, when tickets can be claimed, an e-mail address or a user.
fn buyer(
    shop: &Shop,
    payload: &Field<'_>,
    item: Option<&Field<'_>>,
) -> Result<Buyer, PayloadError> {
    let mapping = &shop.mapping;
    let wallet = required(&mapping.recipient, payload, item)?;
    if wallet.is_present() || !shop.claims {
        return wallet_or_name(&wallet, shop.names);
    }
    let present = |paths: &Paths| paths.first(payload, item).filter(Field::is_present);
    if let Some(field) = present(&mapping.email) {
        return email(&field).map(Buyer::Named);
    }
    match present(&mapping.user) {
        Some(field) => name(&field).map(Buyer::Named),
        None => recipient(&wallet).map(Buyer::Wallet),
    }
}

pub(crate) fn email(field: &Field<'_>) -> Result<String, PayloadError> {
    let text = name(field)?;
    let parts = text.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    if parts.is_none() || text.contains(char::is_whitespace) {
        return Err(field.expected("an e-mail address"));
    }
    Ok(text)
}

/// Reads a name that the shop gave, written as text or as a number.
pub(crate) fn name(field: &Field<'_>) -> Result<String, PayloadError> {
    let text = match field.value() {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if (1..=255).contains(&text.len()) && !text.contains(char::is_control) {
        return Ok(text);
    }
    Err(field.expected("1 to 255 bytes of text, or a number"))
}

/// Reads what a payload takes back.
pub(crate) fn refund(shop: &Shop, payload: &Field<'_>) -> Result<Refund, PayloadError> {
    let mapping = &shop.mapping.refund;
    let reference = required(&mapping.reference, payload, None)?.id()?;
    let id = required(&mapping.id, payload, None)?.id()?;
    let mut lines = Vec::new();
    for item in mapping.items.list(payload).unwrap_or_default() {
        let quantity = mapping.quantity.first(payload, Some(&item)).filter(Field::is_present);
        let quantity = quantity.map(|field| whole(&field)).transpose()?;
        let item = required(&mapping.item, payload, Some(&item))?.id()?;
        lines.push(RefundLine { item, quantity });
    }
    Ok(Refund { reference: format!("{}/{reference}", shop.name()), id, lines })
}

/// The first place that holds something, or the one that should.
fn required<'a>(
    paths: &Paths,
    payload: &Field<'a>,
    item: Option<&Field<'a>>,
) -> Result<Field<'a>, PayloadError> {
    let nowhere =
        || Field::new("payload".to_owned(), None).expected("a place for this in the mapping");
    paths.first(payload, item).ok_or_else(nowhere)
}

/// Reads who gets the tickets: an address or, where that may be, a name.
pub(crate) fn wallet_or_name(field: &Field<'_>, names: bool) -> Result<Buyer, PayloadError> {
    let text = field.value().and_then(Value::as_str).unwrap_or_default().trim();
    if !names || !text.contains('.') {
        return recipient(field).map(Buyer::Wallet);
    }
    let name = AccountName::normal(text);
    name.map(Buyer::Account).map_err(|error| match error {
        NameError::Malformed { reason, .. } => {
            field.expected(format!("a name such as `ada.eth`: {reason}"))
        }
        error => field.expected(error.to_string()),
    })
}

/// Reads an address that gets tickets.
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

/// Reads the units of a line item, or of an object without line items; one when nothing says.
fn quantity(
    paths: &Paths,
    payload: &Field<'_>,
    item: Option<&Field<'_>>,
) -> Result<u64, PayloadError> {
    let Some(field) = paths.first(payload, item).filter(Field::is_present) else { return Ok(1) };
    if item.is_some() {
        return whole(&field);
    }
    let units = field.number().filter(|units| (1..=MAX_TICKETS).contains(units));
    units.ok_or_else(|| field.expected(format!("a number from 1 to {MAX_TICKETS}")))
}

fn whole(field: &Field<'_>) -> Result<u64, PayloadError> {
    field.number().ok_or_else(|| field.expected("a whole number"))
}
