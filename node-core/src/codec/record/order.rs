use alloy_primitives::{Address, Bytes, TxHash, U256};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{Effect, Kind, OrderState, Outcome, Record, RefundCall, SaleRecord};

mod told;

use self::told::Later;

/// A paid item of a shop, to be minted once.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(canonical))]
pub struct MintOrder {
    /// Provider, object and line item: what makes the order the same order.
    pub key: String,
    /// Who gets the ticket.
    pub recipient: Address,
    /// When the delivery was accepted, Unix milliseconds.
    pub received_ms: u64,
    /// What else is known of what was sold; `None` for a plain `mintTo(recipient)`.
    pub sold: Option<Sold>,
}

/// What was sold, beside who gets it.
#[derive(Debug, Clone, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Sold {
    /// The shop's name for the kind of ticket; empty when it has one kind.
    pub tier: String,
    /// E-mail address or user id of a buyer whose wallet was not known; empty when it was.
    pub buyer: String,
    /// Input of the call of the ticket contract; empty for `mintTo(recipient)`.
    pub call: Bytes,
}

/// A mint order with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(canonical))]
pub struct OrderRecord {
    /// The order.
    pub order: MintOrder,
    /// The mint transaction; zero while the order waits or when it failed.
    pub transaction: TxHash,
    /// Why what was tried last failed; empty when it did not.
    pub failure: String,
    /// Where it stands; `None` is the first of the stages, with nothing else known.
    pub progress: Option<Progress>,
    /// What was sold together, in place of an order.
    pub sale: Option<SaleRecord>,
}

/// Where an order stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
#[rlp(trailing(canonical))]
pub struct Progress {
    /// 0: to be minted, or minted. 1: paid, and waits for a wallet. 2: paid back. 3: paid back, and to be taken back on
    /// the contract, or taken back there. 4: paid for a name whose address is not known yet.
    stage: u8,
    /// One more than the id of the token that was minted; zero while it is not known.
    token_after: U256,
    /// What takes it back: empty, or the input of the call in two parts, between which the id of the token belongs, and an
    /// empty third part when the call marks the ticket and does not burn it.
    call: Vec<Bytes>,
    /// The transaction that took it back.
    taken_by: TxHash,
    /// State that the organiser was told last; empty when none was.
    told: String,
    /// When the organiser, who did not take the message, is told again.
    later: Option<Later>,
}

const UNCLAIMED: u8 = 1;
const VOID: u8 = 2;
const TAKEN: u8 = 3;
const NAMED: u8 = 4;

impl OrderRecord {
    /// An order that waits to be minted.
    pub const fn new(order: MintOrder) -> Self {
        let failure = String::new();
        Self { order, transaction: TxHash::ZERO, failure, progress: None, sale: None }
    }

    /// An order that waits for the wallet of its buyer.
    pub fn unclaimed(order: MintOrder) -> Self {
        Self::at(order, UNCLAIMED)
    }

    /// An order that waits for the address of a name, which is its buyer.
    pub fn named(order: MintOrder) -> Self {
        Self::at(order, NAMED)
    }

    /// An order that was paid back before it was known.
    pub fn tombstone(key: String, received_ms: u64) -> Self {
        let order = MintOrder { key, recipient: Address::ZERO, received_ms, sold: None };
        Self::at(order, VOID)
    }

    fn at(order: MintOrder, stage: u8) -> Self {
        Self { progress: Some(Progress { stage, ..Progress::default() }), ..Self::new(order) }
    }

    /// What became of the order.
    pub fn state(&self) -> OrderState {
        if self.sale.is_some() {
            return OrderState::Sale;
        }
        match (self.stage(), self.failure.as_str()) {
            (UNCLAIMED, _) => OrderState::Unclaimed,
            (VOID, _) => OrderState::Void,
            (TAKEN, "") => self.progress.as_ref().map_or(OrderState::Void, Progress::taken_back),
            (_, "") if self.transaction.is_zero() => OrderState::Waiting,
            (_, "") => OrderState::Minted { transaction: self.transaction },
            (_, reason) => OrderState::Failed { reason: reason.to_owned() },
        }
    }

    fn stage(&self) -> u8 {
        self.progress.as_ref().map_or(0, |progress| progress.stage)
    }

    /// Whether it was paid back, whatever came of that.
    pub fn is_refunded(&self) -> bool {
        matches!(self.stage(), VOID | TAKEN)
    }

    /// The token that was minted, if it is known.
    pub fn token(&self) -> Option<U256> {
        self.progress.as_ref()?.token_after.checked_sub(U256::ONE)
    }

    /// What the sequencer has to do for this order now, as an order: its mint, or what takes it back.
    pub fn due(&self) -> Option<MintOrder> {
        match self.state() {
            OrderState::Waiting if self.stage() != NAMED => Some(self.order.clone()),
            OrderState::Burning | OrderState::Voiding => {
                let (token, progress) = (self.token()?, self.progress.as_ref()?);
                let [before, after, ..] = progress.call.as_slice() else { return None };
                let call = [before, token.to_be_bytes::<32>().as_slice(), after].concat().into();
                let sold = Sold { call, ..self.order.sold.clone().unwrap_or_default() };
                Some(MintOrder { sold: Some(sold), ..self.order.clone() })
            }
            _ => None,
        }
    }

    /// Takes over what became of what was [due](Self::due); what was decided once stays.
    ///
    /// A mint that was under way when the order was paid back leads to a ticket: that is taken back, if there is a call for
    /// it.
    pub fn apply(&mut self, outcome: &Outcome) {
        match (self.state(), outcome) {
            (OrderState::Waiting, Outcome::Done { transaction, token }) => {
                self.transaction = *transaction;
                self.learn(*token);
            }
            (OrderState::Void, Outcome::Done { transaction, token })
                if self.transaction.is_zero() =>
            {
                self.transaction = *transaction;
                self.learn(*token);
                self.take_if_asked();
            }
            (OrderState::Burning | OrderState::Voiding, Outcome::Done { transaction, .. })
                if *transaction != self.transaction =>
            {
                self.progress.get_or_insert_default().taken_by = *transaction;
            }
            (state, Outcome::Failed { reason }) if state.is_due() => {
                self.failure.clone_from(reason);
            }
            _ => {}
        }
    }

    fn learn(&mut self, token: Option<U256>) {
        if let Some(after) = token.and_then(|token| token.checked_add(U256::ONE)) {
            self.progress.get_or_insert_default().token_after = after;
        }
    }

    /// Takes the order back: what was not minted never is, what was is taken back by `call`, or only marked here without it.
    pub fn refund(&mut self, call: Option<&RefundCall>) {
        if self.sale.is_some() || self.is_refunded() {
            return;
        }
        self.failure.clear();
        let progress = self.progress.get_or_insert_default();
        progress.stage = VOID;
        if let Some(RefundCall { before, after, effect }) = call {
            progress.call = vec![before.clone(), after.clone()];
            progress.call.extend((*effect == Effect::Void).then(Bytes::new));
        }
        self.take_if_asked();
    }

    /// What has no id cannot be named to the contract, and stays marked here.
    fn take_if_asked(&mut self) {
        let minted = !self.transaction.is_zero() && self.token().is_some();
        let progress = self.progress.get_or_insert_default();
        if minted && !progress.call.is_empty() {
            progress.stage = TAKEN;
        }
    }

    /// Gives an unclaimed order to the wallet of its buyer, with the call that mints it.
    pub fn claim(&mut self, recipient: Address, call: Bytes) {
        if self.state() != OrderState::Unclaimed {
            return;
        }
        self.order.recipient = recipient;
        self.order.sold.get_or_insert_default().call = call;
        self.progress = None;
    }

    /// The name whose address the order waits for.
    pub fn awaited_name(&self) -> Option<&str> {
        let is_waiting = self.stage() == NAMED && self.failure.is_empty();
        self.order.sold.as_ref().filter(|_| is_waiting).map(|sold| sold.buyer.as_str())
    }

    /// Gives an order that waits for a name's address to that address, with the call that mints it.
    pub fn resolve(&mut self, recipient: Address, call: Bytes) {
        if self.awaited_name().is_some() {
            self.order.recipient = recipient;
            self.order.sold.get_or_insert_default().call = call;
            self.progress = None;
        }
    }

    /// Says why the name that an order waits for has no address; [`Self::retry`] lets it wait again.
    pub fn fail_to_resolve(&mut self, reason: &str) {
        if self.awaited_name().is_some() {
            reason.clone_into(&mut self.failure);
        }
    }

    /// Gives an unclaimed order to the wallet that gets what nobody claims; without one it stays as it is.
    pub fn release(&mut self) {
        if self.state() == OrderState::Unclaimed && !self.order.recipient.is_zero() {
            self.progress = None;
        }
    }

    /// Makes what failed due again.
    pub fn retry(&mut self) {
        if let OrderState::Failed { .. } = self.state() {
            self.failure.clear();
            if let Some(progress) = &mut self.progress {
                progress.told.clear();
                progress.later = None;
            }
        }
    }
}

impl Progress {
    fn taken_back(&self) -> OrderState {
        let transaction = self.taken_by;
        match (self.call.len(), transaction.is_zero()) {
            (..=2, true) => OrderState::Burning,
            (..=2, false) => OrderState::Burned { transaction },
            (_, true) => OrderState::Voiding,
            (_, false) => OrderState::Voided { transaction },
        }
    }
}

impl Record for OrderRecord {
    const KIND: Kind = Kind::Order;
}
