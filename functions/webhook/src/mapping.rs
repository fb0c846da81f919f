use crate::{
    path::Paths,
    provider::{RefundPaths, SalePaths},
};

/// Where orders and refunds stand in the payloads of a shop.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    /// Id of what was paid.
    pub(crate) object: Paths,
    /// What refunds call it.
    pub(crate) reference: Paths,
    /// The list of line items; without one the object is the only item.
    pub(crate) items: Paths,
    /// Id of a line item.
    pub(crate) item: Paths,
    /// Tickets of a line item; one when nothing is there.
    pub(crate) quantity: Paths,
    /// The shop's name for the kind of ticket.
    pub(crate) tier: Paths,
    /// Address that gets the tickets.
    pub(crate) recipient: Paths,
    /// E-mail address of a buyer without one.
    pub(crate) email: Paths,
    /// Id of a buyer with neither.
    pub(crate) user: Paths,
    /// Where refunds stand.
    pub(crate) refund: RefundMapping,
}

/// Where refunds stand in the payloads of a shop.
#[derive(Debug, Clone)]
pub(crate) struct RefundMapping {
    /// Id of the refund.
    pub(crate) id: Paths,
    /// Id of what was paid.
    pub(crate) reference: Paths,
    /// The list of line items that are refunded; without one all of it is.
    pub(crate) items: Paths,
    /// Id of a line item.
    pub(crate) item: Paths,
    /// Tickets of a line item that are refunded; all when nothing is there.
    pub(crate) quantity: Paths,
}

impl Mapping {
    pub(crate) fn of(sale: &SalePaths, refund: &RefundPaths) -> Self {
        Self {
            object: Paths::fixed(sale.object),
            reference: Paths::fixed(sale.reference),
            items: Paths::fixed(sale.items),
            item: Paths::fixed(sale.item),
            quantity: Paths::fixed(sale.quantity),
            tier: Paths::fixed(sale.tier),
            recipient: Paths::fixed(sale.recipient),
            email: Paths::fixed(sale.email),
            user: Paths::fixed(sale.user),
            refund: RefundMapping {
                id: Paths::fixed(refund.id),
                reference: Paths::fixed(refund.reference),
                items: Paths::fixed(refund.items),
                item: Paths::fixed(refund.item),
                quantity: Paths::fixed(refund.quantity),
            },
        }
    }

    /// The place with this name in a configuration.
    pub(crate) fn place(&mut self, name: &str) -> Option<&mut Paths> {
        Some(match name {
            "object" => &mut self.object,
            "reference" => &mut self.reference,
            "items" => &mut self.items,
            "item" => &mut self.item,
            "quantity" => &mut self.quantity,
            "tier" => &mut self.tier,
            "recipient" => &mut self.recipient,
            "email" => &mut self.email,
            "user" => &mut self.user,
            "refund-id" => &mut self.refund.id,
            "refund-reference" => &mut self.refund.reference,
            "refund-items" => &mut self.refund.items,
            "refund-item" => &mut self.refund.item,
            "refund-quantity" => &mut self.refund.quantity,
            _ => return None,
        })
    }

    /// Names of all places.
    pub(crate) const PLACES: [&str; 14] = [
        "object",
        "reference",
        "items",
        "item",
        "quantity",
        "tier",
        "recipient",
        "email",
        "user",
        "refund-id",
        "refund-reference",
        "refund-items",
        "refund-item",
        "refund-quantity",
    ];
}
