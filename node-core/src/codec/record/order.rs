use alloy_primitives::{Address, Bytes, TxHash, U256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use super::{Kind, Record, SaleRecord};

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
pub struct Progress {
    /// 0: to be minted, or minted. 1: paid, and waits for a wallet. 2: paid back. 3: paid back, and to be burned, or burned.
    /// 4: paid for a name whose address is not known yet.
    stage: u8,
    /// One more than the id of the token that was minted; zero while it is not known.
    token_after: U256,
    /// What burns it: empty, or the input of the call in two parts, between which the id of the token belongs.
    burn: Vec<Bytes>,
    /// The transaction that burned it.
    burned_by: TxHash,
    /// State that the organiser was told last; empty when none was.
    told: String,
}

const UNCLAIMED: u8 = 1;
const VOID: u8 = 2;
const BURN: u8 = 3;
const NAMED: u8 = 4;

/// The call that burns a token: what stands before and after its id in the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BurnCall {
    /// Selector, and arguments before the id.
    pub before: Bytes,
    /// Arguments after it.
    pub after: Bytes,
}

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
            (BURN, "") => match self.progress.as_ref().map(|progress| progress.burned_by) {
                Some(transaction) if !transaction.is_zero() => OrderState::Burned { transaction },
                _ => OrderState::Burning,
            },
            (_, "") if self.transaction.is_zero() => OrderState::Waiting,
            (_, "") => OrderState::Minted { transaction: self.transaction },
            (_, reason) => OrderState::Failed { reason: reason.to_owned() },
        }
    }

    fn stage(&self) -> u8 {
        self.progress.as_ref().map_or(0, |progress| progress.stage)
    }

    /// The token that was minted, if it is known.
    pub fn token(&self) -> Option<U256> {
        self.progress.as_ref()?.token_after.checked_sub(U256::ONE)
    }

    /// What the sequencer has to do for this order now, as an order: its mint, or its burn.
    pub fn due(&self) -> Option<MintOrder> {
        match self.state() {
            OrderState::Waiting if self.stage() != NAMED => Some(self.order.clone()),
            OrderState::Burning => {
                let (token, progress) = (self.token()?, self.progress.as_ref()?);
                let [before, after] = progress.burn.as_slice() else { return None };
                let call = [before, token.to_be_bytes::<32>().as_slice(), after].concat().into();
                let sold = Sold { call, ..self.order.sold.clone().unwrap_or_default() };
                Some(MintOrder { sold: Some(sold), ..self.order.clone() })
            }
            _ => None,
        }
    }

    /// Takes over what became of what was [due](Self::due); what was decided once stays.
    ///
    /// A mint that was under way when the order was paid back leads to a ticket: that is burned, if it is to be.
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
                self.burn_if_asked();
            }
            (OrderState::Burning, Outcome::Done { transaction, .. })
                if *transaction != self.transaction =>
            {
                self.progress.get_or_insert_default().burned_by = *transaction;
            }
            (OrderState::Waiting | OrderState::Burning, Outcome::Failed { reason }) => {
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

    /// Takes the order back: what was not minted never is, what was is burned by `burn`, or only marked without it.
    pub fn refund(&mut self, burn: Option<&BurnCall>) {
        if matches!(
            self.state(),
            OrderState::Void | OrderState::Burning | OrderState::Burned { .. } | OrderState::Sale
        ) || self.stage() == BURN
        {
            return;
        }
        self.failure.clear();
        let progress = self.progress.get_or_insert_default();
        progress.stage = VOID;
        if let Some(BurnCall { before, after }) = burn {
            progress.burn = vec![before.clone(), after.clone()];
        }
        self.burn_if_asked();
    }

    /// What has no id cannot be burned, and stays marked.
    fn burn_if_asked(&mut self) {
        let minted = !self.transaction.is_zero() && self.token().is_some();
        let progress = self.progress.get_or_insert_default();
        if minted && !progress.burn.is_empty() {
            progress.stage = BURN;
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

    /// What the organiser is still to be told: a state that only a person or a shop can change.
    pub fn untold(&self) -> Option<&'static str> {
        let state = match self.state() {
            OrderState::Minted { .. } => "minted",
            OrderState::Failed { .. } => "failed",
            OrderState::Unclaimed => "unclaimed",
            OrderState::Void => "void",
            OrderState::Burned { .. } => "burned",
            OrderState::Waiting | OrderState::Burning | OrderState::Sale => return None,
        };
        let told = self.progress.as_ref().map_or("", |progress| progress.told.as_str());
        (told != state).then_some(state)
    }

    /// Remembers that the organiser was told of this state.
    pub fn tell(&mut self, state: &str) {
        self.progress.get_or_insert_default().told = state.to_owned();
    }

    /// Makes what failed due again.
    pub fn retry(&mut self) {
        if let OrderState::Failed { .. } = self.state() {
            self.failure.clear();
            if let Some(progress) = &mut self.progress {
                progress.told.clear();
            }
        }
    }
}

impl Record for OrderRecord {
    const KIND: Kind = Kind::Order;
}

/// What became of what was due for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in a block.
    Done {
        /// The transaction.
        transaction: TxHash,
        /// The token that it minted.
        token: Option<U256>,
    },
    /// It cannot be done.
    Failed {
        /// Why, for a person.
        reason: String,
    },
}

/// What became of a mint order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum OrderState {
    /// Recorded; the sequencer will mint.
    Waiting,
    /// Minted by this transaction.
    Minted {
        /// Hash of the mint transaction.
        transaction: TxHash,
    },
    /// Cannot be minted, or burned.
    Failed {
        /// Why, for a person.
        reason: String,
    },
    /// Paid, and waits for the wallet of its buyer.
    Unclaimed,
    /// Paid back: never minted, or marked if it was.
    Void,
    /// Paid back; the sequencer will burn the ticket.
    Burning,
    /// Paid back, and burned by this transaction.
    Burned {
        /// Hash of the transaction.
        transaction: TxHash,
    },
    /// No order, but what was sold together.
    Sale,
}
