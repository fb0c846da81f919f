use alloy_primitives::Address;

use crate::{Claims, Completion, Secret, Shop, TicketCalls};

/// What the organiser of an event configures for its box office.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// Who may post here; their names differ.
    pub shops: Vec<Shop>,
    /// How tickets are minted and taken back.
    pub ticket: TicketCalls,
    /// How buyers without a wallet come to their tickets; they are refused without it.
    pub claims: Option<Claims>,
    /// Registry on the L1 of the names that buyers may give in place of an address; they are refused without it.
    pub names: Option<Address>,
    /// Key of the organiser's API; there is none without it.
    pub office: Option<Secret>,
    /// Who is told what became of orders; nobody without it.
    pub completion: Option<Completion>,
}

impl Event {
    /// An event with nothing but shops.
    pub fn of(shops: impl Into<Vec<Shop>>) -> Self {
        Self { shops: shops.into(), ..Self::default() }
    }
}
