use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, Bytes, U256};
use futures::executor::block_on;

use super::kit::{Layer, NOW_MS, TOKEN, account};
use crate::{
    codec::record::{BurnCall, MintOrder, OrderRecord, OrderState, RefundNote, Sold},
    flow::{mint, refund},
};

const SALE: &str = "shop/o";
const KEY: &str = "shop/o/a/0";

fn order(recipient: Address) -> MintOrder {
    MintOrder { key: KEY.into(), recipient, received_ms: NOW_MS, sold: None }
}

fn burn() -> BurnCall {
    BurnCall { before: Bytes::from_static(b"burn"), after: Bytes::new() }
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

    fn pay_back(&self) -> Vec<(String, OrderState)> {
        let (stores, notes, burn) = (&self.context.stores, whole(), burn());
        let paid = refund::refund(stores, &self.rings, SALE, &notes, Some(&burn), NOW_MS);
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
    let absent = || named("shop/o/a/0");
    block_on(refund::change(&*stores.orders, "shop/o/a/0", absent, edit)).expect("memory");
    assert_eq!(layer.drain(&mut sequencer).len(), 1);
    assert_eq!(block_on(mint::release_unclaimed(stores)).expect("memory"), 0);
    let left = block_on(stores.orders.get("shop/o/b/0")).expect("memory").expect("it is there");
    assert!(matches!(left.state(), OrderState::Failed { .. }), "{left:?}");
}
