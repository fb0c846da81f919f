use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, Bytes, Log, U256};
use alloy_sol_types::SolEvent;
use futures::executor::block_on;

use super::kit::{Closing, Layer, NOW_MS, TOKEN, account};
use crate::{
    chain::Phase,
    codec::record::{
        Effect, MintOrder, OrderRecord, OrderState, Outcome, RefundCall, RefundNote, Sold,
    },
    flow::{
        mint::{self, OrderError},
        phase, refund,
    },
};

const SALE: &str = "shop/o";
const KEY: &str = "shop/o/a/0";
const TICKET: Address = Address::repeat_byte(0x77);

fn order(recipient: Address) -> MintOrder {
    MintOrder { key: KEY.into(), recipient, received_ms: NOW_MS, sold: None }
}

fn burn() -> RefundCall {
    let before = Bytes::from_static(b"burn");
    RefundCall { before, after: Bytes::new(), effect: Effect::Burn }
}

fn whole() -> [RefundNote; 1] {
    [RefundNote { id: "r".into(), item: String::new(), units: 0 }]
}

impl Layer {
    fn sell(&self) {
        let stores = &self.context.stores;
        block_on(refund::open_sale(stores, SALE, &[KEY.into()], NOW_MS)).expect("memory");
        let order = order(account(3));
        let recorded = mint::record(stores, &self.rings, &self.context.config, order);
        block_on(recorded).expect("memory does not fail");
    }

    fn fail(&self) {
        self.sell();
        let failed = [(KEY.to_owned(), Outcome::Failed { reason: "sold out".into() })];
        block_on(self.context.stores.orders.mark(&failed)).expect("memory does not fail");
    }

    fn pay_back(&self) -> Vec<(String, OrderState)> {
        self.pay_back_by(&burn())
    }

    fn pay_back_by(&self, call: &RefundCall) -> Vec<(String, OrderState)> {
        let (stores, notes) = (&self.context.stores, whole());
        let paid = refund::refund(stores, &self.rings, SALE, &notes, Some(call), NOW_MS);
        block_on(paid).expect("memory does not fail")
    }

    fn order(&self) -> OrderRecord {
        let held = block_on(self.context.stores.orders.get(KEY));
        held.expect("memory does not fail").expect("it is recorded")
    }
}

#[test]
fn a_ticket_that_is_paid_back_is_burned_in_a_block() {
    let layer = Layer::open();
    layer.sell();
    let mut sequencer = layer.writer("a", NOW_MS);
    assert_eq!(layer.drain(&mut sequencer).len(), 1);
    assert_eq!(layer.order().token(), Some(U256::from(TOKEN)));
    assert_eq!(layer.pay_back(), [(KEY.to_owned(), OrderState::Burning)]);
    let blocks = layer.drain(&mut sequencer);
    let [block] = &blocks[..] else { panic!("{} blocks", blocks.len()) };
    let transaction = &block.record.block.transactions[0];
    let expected = [b"burn".as_slice(), &U256::from(TOKEN).to_be_bytes::<32>()].concat();
    assert_eq!(transaction.input(), &expected);
    assert_eq!(layer.order().state(), OrderState::Burned { transaction: *transaction.hash() });
    assert_eq!(layer.pay_back().len(), 1, "the refund again");
    assert!(layer.drain(&mut sequencer).is_empty());
}

#[test]
fn a_ticket_that_is_marked_on_its_contract_is_not_called_burned() {
    let layer = Layer::open();
    layer.sell();
    let mut sequencer = layer.writer("a", NOW_MS);
    layer.drain(&mut sequencer);
    let void = RefundCall { effect: Effect::Void, ..burn() };
    assert_eq!(layer.pay_back_by(&void), [(KEY.to_owned(), OrderState::Voiding)]);
    let blocks = layer.drain(&mut sequencer);
    let [block] = &blocks[..] else { panic!("{} blocks", blocks.len()) };
    let transaction = *block.record.block.transactions[0].hash();
    assert_eq!(layer.order().state(), OrderState::Voided { transaction });
    assert_eq!(layer.order().untold(), Some("voided"));
}

#[test]
fn a_closed_layer_takes_neither_sales_nor_refunds() {
    let layer = Layer::open();
    let stores = &layer.context.stores;
    block_on(phase::advance(&*stores.registers, Phase::Open)).expect("memory does not fail");
    let sold = block_on(refund::open_sale(stores, SALE, &[KEY.into()], NOW_MS));
    assert!(matches!(sold, Err(OrderError::Closed { .. })), "{sold:?}");
    let notes = whole();
    let paid = block_on(refund::refund(stores, &layer.rings, SALE, &notes, None, NOW_MS));
    assert!(matches!(paid, Err(OrderError::Closed { .. })), "{paid:?}");
    assert_eq!(block_on(stores.orders.get(SALE)).expect("memory does not fail"), None);
}

#[test]
fn a_layer_that_closes_meanwhile_promises_nothing() {
    let layer = Layer::open();
    layer.sell();
    let mut sequencer = layer.writer("a", NOW_MS);
    layer.drain(&mut sequencer);
    let stores = Closing::after(&layer.context.stores, 1);
    let (notes, burn) = (whole(), burn());
    let paid = refund::refund(&stores, &layer.rings, SALE, &notes, Some(&burn), NOW_MS);
    let paid = block_on(paid);
    assert!(matches!(paid, Err(OrderError::Closed { .. })), "{paid:?}");
    assert_eq!(layer.order().state(), OrderState::Burning, "but perhaps too late");

    let layer = Layer::open();
    let stores = Closing::after(&layer.context.stores, 1);
    let sold = mint::record(&stores, &layer.rings, &layer.context.config, order(account(3)));
    let sold = block_on(sold);
    assert!(matches!(sold, Err(OrderError::Closed { .. })), "{sold:?}");
    assert_eq!(layer.order().state(), OrderState::Waiting, "but perhaps too late");

    let layer = Layer::open();
    layer.fail();
    let stores = Closing::after(&layer.context.stores, 1);
    let retried = block_on(mint::retry(&stores, KEY));
    assert!(matches!(retried, Err(OrderError::Closed { .. })), "{retried:?}");
    assert_eq!(layer.order().state(), OrderState::Waiting, "but perhaps too late");
}

#[test]
fn what_failed_is_not_due_again_once_the_layer_is_closed() {
    let layer = Layer::open();
    layer.fail();
    let stores = &layer.context.stores;
    block_on(phase::advance(&*stores.registers, Phase::Open)).expect("memory does not fail");
    let retried = block_on(mint::retry(stores, KEY));
    assert!(matches!(retried, Err(OrderError::Closed { .. })), "{retried:?}");
    assert!(matches!(layer.order().state(), OrderState::Failed { .. }), "as before");
}

#[test]
fn an_order_that_somebody_else_recorded_meanwhile_is_said_to_be_as_it_is() {
    let layer = Layer::open();
    layer.sell();
    let record = OrderRecord::unclaimed(order(Address::ZERO));
    let held = mint::hold(&layer.context.stores, &layer.context.config, record);
    assert_eq!(block_on(held).expect("memory does not fail"), OrderState::Waiting);
}

#[test]
fn what_waits_to_be_minted_needs_no_release_at_the_end() {
    let layer = Layer::open();
    layer.sell();
    let released = block_on(mint::release_unclaimed(&layer.context.stores));
    assert_eq!(released.expect("memory does not fail"), 0);
}

#[test]
fn the_token_is_the_one_that_came_from_nobody() {
    let (from, to) = (account(1), account(2));
    let moved = |from, id: u64| {
        let data = mint::Transfer { from, to, tokenId: U256::from(id) }.encode_log_data();
        Log { address: TICKET, data }
    };
    let one_of_many = |from, id: u64| {
        let (operator, id, value) = (to, U256::from(id), U256::ONE);
        let data = mint::TransferSingle { operator, from, to, id, value }.encode_log_data();
        Log { address: TICKET, data }
    };
    let minted = |logs: &[Log]| mint::minted_token(logs).map(|token| token.to::<u64>());
    assert_eq!(minted(&[moved(from, 7), moved(Address::ZERO, 8)]), Some(8));
    assert_eq!(minted(&[moved(from, 7), one_of_many(Address::ZERO, 9)]), Some(9));
    assert_eq!(minted(&[one_of_many(from, 7), one_of_many(Address::ZERO, 9)]), Some(9));
    assert_eq!(minted(&[moved(from, 7)]), None);
}

#[test]
fn what_is_gone_stays_gone() {
    let layer = Layer::open();
    let orders = &*layer.context.stores.orders;
    let changed = block_on(refund::change(orders, KEY, |record| record.tell("minted")));
    assert_eq!(changed.expect("memory does not fail"), None);
    assert_eq!(block_on(orders.get(KEY)).expect("memory does not fail"), None);
}

#[test]
fn what_is_paid_back_before_a_block_is_never_minted() {
    let layer = Layer::open();
    layer.sell();
    assert_eq!(layer.pay_back(), [(KEY.to_owned(), OrderState::Void)]);
    layer.sell();
    let mut sequencer = layer.writer("a", NOW_MS);
    assert!(layer.drain(&mut sequencer).is_empty());
}

#[test]
fn a_refund_that_comes_first_takes_the_sale_back() {
    let layer = Layer::open();
    assert!(layer.pay_back().is_empty());
    let stores = &layer.context.stores;
    let sale = block_on(refund::open_sale(stores, SALE, &[KEY.into()], NOW_MS)).expect("memory");
    assert!(sale.refunded().contains(KEY));
}

#[test]
fn what_nobody_claimed_goes_at_the_end_to_whom_the_organiser_named() {
    let layer = Layer::open();
    let (stores, config) = (&layer.context.stores, &layer.context.config);
    let nobody = MintOrder { key: "shop/o/b/0".into(), ..order(Address::ZERO) };
    for order in [order(account(2)), nobody] {
        let held = block_on(mint::hold(stores, config, OrderRecord::unclaimed(order)))
            .expect("memory does not fail");
        assert_eq!(held, OrderState::Unclaimed);
    }
    let mut sequencer = layer.writer("a", NOW_MS);
    assert!(layer.drain(&mut sequencer).is_empty());
    assert_eq!(block_on(mint::release_unclaimed(stores)).expect("memory does not fail"), 1);
    assert_eq!(layer.drain(&mut sequencer).len(), 1);
    assert_eq!(block_on(mint::release_unclaimed(stores)).expect("memory does not fail"), 0);
}

#[test]
fn what_waits_for_a_name_is_minted_when_it_has_an_address_and_fails_at_the_end() {
    let layer = Layer::open();
    let (stores, config) = (&layer.context.stores, &layer.context.config);
    let named = |key: &str| {
        let sold = Some(Sold { buyer: "ada.eth".into(), ..Sold::default() });
        OrderRecord::named(MintOrder { key: key.into(), sold, ..order(Address::ZERO) })
    };
    for key in ["shop/o/a/0", "shop/o/b/0"] {
        let held = block_on(mint::hold(stores, config, named(key))).expect("memory");
        assert_eq!(held, OrderState::Waiting);
    }
    let mut sequencer = layer.writer("a", NOW_MS);
    assert!(layer.drain(&mut sequencer).is_empty(), "nobody knows for whom");
    let edit = |record: &mut OrderRecord| record.resolve(account(2), Bytes::new());
    block_on(refund::change(&*stores.orders, "shop/o/a/0", edit)).expect("memory");
    let later = |record: &mut OrderRecord| record.resolve(account(3), Bytes::new());
    let resolved = block_on(refund::change(&*stores.orders, "shop/o/a/0", later)).expect("memory");
    assert_eq!(resolved.map(|record| record.order.recipient), Some(account(2)), "once");
    assert_eq!(layer.drain(&mut sequencer).len(), 1);
    assert_eq!(block_on(mint::release_unclaimed(stores)).expect("memory"), 0);
    let left = block_on(stores.orders.get("shop/o/b/0")).expect("memory").expect("it is there");
    assert!(matches!(left.state(), OrderState::Failed { .. }), "{left:?}");
}
