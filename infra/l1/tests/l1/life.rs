//! The whole life of a layer with every kind of asset: deposited and born, moved, sealed, settled, published, paid,
//! erased.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, Bytes, U256},
    sol,
    sol_types::SolCall,
};
use mayfly_contracts::{
    Coin, FlashBulk721, FlashTwin20, FlashTwin721, FlashTwin1155, Items, L1Info, Ticket,
    WrappedERC20, WrappedERC721,
};
use mayfly_it::Anvil;
use mayfly_l1::{Assurance, BlobSource, L1Block, Orphan, claim, claim_orphan, claim_range, push};
use node_core::{
    chain::{Finality, L1_INFO, Phase, Posting},
    exit::{
        ExitLeaf, KIND_BULK721, KIND_ERC20, KIND_ERC721, KIND_ERC1155, KIND_ETH, KIND_TWIN20,
        KIND_TWIN721, KIND_TWIN1155,
    },
    flow::{
        Tip,
        teardown::{
            exits::{self, Exits},
            preview::preview,
        },
    },
    port::PortError,
    state::{StateError, WorldState},
};

use crate::{
    batches::rebuild,
    event::{Event, HEAD, Setup, ether, person, tickets},
    tokens::{Tokens, ask, coins, items, returns},
};

/// Gets what contracts of the layer held that are none on the L1.
const ORPHANAGE: Address = Address::repeat_byte(0x0f);

/// Sends what anybody may send.
const STRANGER: usize = 7;

/// 180 days.
const ORPHAN_DELAY_S: u64 = 180 * 86_400;

sol! {
    function note() external;
}

/// Tokens that were born on the layer.
struct Born {
    coin: Address,
    /// Two tokens.
    ticket: Address,
    items: Address,
    /// Four tokens: a bulk collection.
    bulk: Address,
    /// Remembers what it was told of the L1.
    witness: Address,
}

/// Code that asks `L1Info` for number, hash and time, and keeps them in its slots 0, 1 and 2.
///
/// ```text
/// PUSH4 selector PUSH1 0xe0 SHL PUSH0 MSTORE
/// PUSH1 32 PUSH0 PUSH1 4 PUSH0 PUSH20 L1Info GAS STATICCALL POP
/// PUSH0 MLOAD PUSH1 slot SSTORE
/// ```
fn witness_of_l1() -> Vec<u8> {
    let selectors =
        [L1Info::numberCall::SELECTOR, L1Info::hashCall::SELECTOR, L1Info::timestampCall::SELECTOR];
    let ask = |(slot, selector): (u8, [u8; 4])| {
        let [a, b, c, d] = selector;
        let load = [0x63, a, b, c, d, 0x60, 0xe0, 0x1b, 0x5f, 0x52];
        let call = [0x60, 32, 0x5f, 0x60, 4, 0x5f, 0x73];
        let keep = [0x5a, 0xfa, 0x50, 0x5f, 0x51, 0x60, slot, 0x55];
        [&load[..], &call, L1_INFO.as_slice(), &keep].concat()
    };
    returns(&(0..).zip(selectors).flat_map(ask).collect::<Vec<u8>>())
}

/// What happens on the layer while it is open; returns the L1 block that it rested on.
async fn busy(event: &Event, tokens: Tokens) -> (Born, L1Block) {
    for i in 1..=3 {
        event.deposit(i, ether("5")).await;
    }
    tokens.deposit(event);
    event.anvil.finalize();
    event.ingest().await;
    let read = event.node.block(Finality::Finalized).await.expect("anvil answers");
    let [one, two, three] = [1, 2, 3].map(|i| person(i).address());

    let amount = ether("30");
    event.call(1, tokens.gold, &WrappedERC20::transferCall { to: two, amount }).await;
    let (from, to, id) = (two, one, U256::from(1));
    event.call(2, tokens.art, &WrappedERC721::transferFromCall { from, to, id }).await;
    let wines = Items::safeTransferFromCall {
        from: three,
        to: one,
        id: U256::from(7),
        value: U256::from(5),
        data: Bytes::new(),
    };
    event.call(3, tokens.wine, &wines).await;
    event.pay(3, ether("1")).await;

    let coin = event.create(1, coins("Coin", U256::from(100))).await;
    event.call(1, coin, &Coin::transferCall { to: three, value: U256::from(40) }).await;
    let ticket = event.create(2, tickets(2)).await;
    let bulk = event.create(2, tickets(2)).await;
    for (collection, to) in
        [(ticket, one), (ticket, two), (bulk, one), (bulk, two), (bulk, three), (bulk, one)]
    {
        event.call(2, collection, &Ticket::mintToCall { to }).await;
    }
    let items = event.create(3, items(3, "")).await;
    for (to, id, amount) in [(two, 5, 4), (one, 5, 1), (one, 6, 2)] {
        let mint = Items::mintCall { to, id: U256::from(id), amount: U256::from(amount) };
        event.call(3, items, &mint).await;
    }
    // A contract that names nobody, at whose address the L1 has none.
    let lost = WrappedERC20::transferCall { to: ticket, amount: ether("7") };
    event.call(1, tokens.gold, &lost).await;
    let witness = event.create(1, witness_of_l1()).await;
    event.call(1, witness, &noteCall {}).await;
    (Born { coin, ticket, items, bulk, witness }, read)
}

async fn slot(event: &Event, account: Address, slot: u64) -> U256 {
    let mut tip = Tip::open(&event.context.stores).await.expect("memory does not fail");
    let slot = U256::from(slot);
    tip.with(|world| world.storage(&account, &slot)).await.expect("memory does not fail")
}

/// What is needed to show that the owner of `leaf` was a contract of the layer.
async fn orphan(event: &Event, exits: &Exits, leaf: ExitLeaf) -> Orphan {
    let mut tip = Tip::open(&event.context.stores).await.expect("memory does not fail");
    let held = |world: &WorldState| {
        let account = world.account(&leaf.recipient)?.expect("it is on the layer");
        let code = world.code_with(&account.info.code_hash)?;
        Ok::<_, StateError>((code, world.prove(leaf.recipient, &[])?.account_proof))
    };
    let (code, account_proof) = tip.with(held).await.expect("memory does not fail");
    let proof = exits.proof(leaf.index.into()).expect("it is in the tree");
    Orphan { leaf, proof, code, account_proof }
}

/// Pays one exit of each kind alone and the others in ranges, but nothing that lies at or behind the lost one of its
/// asset; then the lost one to the orphanage, and at last the rest by pushes.
async fn pay(event: &Event, exits: &Exits, kinds: &[u8], lost: Orphan) {
    let (sender, layer) = (event.sender(STRANGER), event.layer());
    let leaves = exits.leaves();
    for asset in 0..kinds.len() {
        let of = |leaf: &&ExitLeaf| usize::try_from(leaf.asset) == Ok(asset) && **leaf != lost.leaf;
        let leaf = leaves.iter().find(of).expect("each asset has an exit");
        let proof = exits.proof(leaf.index.into()).expect("it is in the tree");
        claim(&sender, layer, leaf, proof).await.expect("claims are open");
    }
    let wines = |leaf: &&ExitLeaf| kinds.get(leaf.asset as usize) == Some(&KIND_ERC1155);
    let first = leaves.iter().find(wines).expect("there are wines").index;
    let count = leaves.iter().filter(wines).count() as u64;
    let range = exits.chunk(first.into(), count).expect("they stand together");
    claim_range(&sender, layer, range).await.expect("claims are open");

    let config = event.l1.config();
    let early = claim_orphan(&sender, layer, config, lost.clone()).await.expect_err("too early");
    assert!(early.to_string().contains("TooEarly"), "{early}");
    event.anvil.pass_time(ORPHAN_DELAY_S);
    let held = Orphan { leaf: leaves[0], ..lost.clone() };
    let proof = exits.proof(0).expect("it is in the tree");
    let held = claim_orphan(&sender, layer, config, Orphan { proof, ..held }).await;
    let held = held.expect_err("a person's");
    assert!(matches!(held, PortError::Refused { .. }), "{held:?}");
    claim_orphan(&sender, layer, config, lost).await.expect("nobody has claimed it");

    let is_bulk = |asset: u32| kinds.get(asset as usize) == Some(&KIND_BULK721);
    let mut next = 0;
    while let Some(chunk) = exits.push_chunk(next, is_bulk) {
        push(&sender, layer, chunk).await.expect("it is next");
        next = event.node.pushed(layer).await.expect("anvil answers");
    }
    assert_eq!(event.view(HEAD).await.claimed, leaves.len() as u64);
}

/// What everybody has on the L1 of what was born on the layer.
async fn check_twins(event: &Event, born: &Born, exits: &Exits, assets: &BTreeMap<Address, u32>) {
    let anvil = &event.anvil;
    let [one, two, three] = [1, 2, 3].map(|i| person(i).address());
    let twin = async |token: Address| {
        let twin = event.node.twin_of(event.layer(), assets[&token]).await;
        twin.expect("anvil answers").expect("it has a twin")
    };
    let coin = twin(born.coin).await;
    let coins = |owner| ask(anvil, coin, &FlashTwin20::balanceOfCall { owner });
    assert_eq!((coins(one), coins(three)), (U256::from(60), U256::from(40)));
    assert_eq!(ask(anvil, coin, &FlashTwin20::nameCall {}), "Coin");
    let ticket = twin(born.ticket).await;
    let owner = |id: u64| ask(anvil, ticket, &FlashTwin721::ownerOfCall { id: U256::from(id) });
    assert_eq!((owner(1), owner(2)), (one, two));
    let bulk = twin(born.bulk).await;
    let owner = |id: u64| ask(anvil, bulk, &FlashBulk721::ownerOfCall { tokenId: U256::from(id) });
    assert_eq!([owner(1), owner(2), owner(3), owner(4)], [one, two, three, one]);
    let items = twin(born.items).await;
    let balance = |account, id: u64| {
        ask(anvil, items, &FlashTwin1155::balanceOfCall { account, id: U256::from(id) })
    };
    let got = (balance(two, 5), balance(one, 5), balance(one, 6));
    assert_eq!(got, (U256::from(4), U256::from(1), U256::from(2)));
    assert_eq!(exits.leaves().iter().filter(|leaf| leaf.asset == assets[&born.bulk]).count(), 4);
}

#[tokio::test]
async fn every_kind_of_asset_lives_on_the_layer_and_comes_back() {
    let anvil = Anvil::start();
    let tokens = Tokens::deploy(&anvil);
    let setup = Setup {
        posting: Posting::Calldata,
        assurance: Assurance::Operator,
        bridged: tokens.bridged(),
        bulk_from: Some(3),
        orphan_recipient: Some(ORPHANAGE),
    };
    let event = Event::on(anvil, setup).await;
    let (born, read) = busy(&event, tokens).await;
    let name = event.ask(tokens.gold, &Coin::nameCall {}).await;
    assert_eq!(name, "Gold", "the wrapped one answers as the L1's");

    // Contracts of the layer see the L1 block up to which deposits were taken in.
    let seen = [slot(&event, born.witness, 0).await, slot(&event, born.witness, 1).await];
    assert_eq!(seen, [U256::from(read.number), read.hash.into()]);
    assert_eq!(slot(&event, born.witness, 2).await, U256::from(read.timestamp_s));

    let foreseen = preview(&event.context, event.now_ms).await.expect("it would seal");
    event.end(Phase::Published).await;
    let exits = exits::collect(&event.context.stores).await.expect("memory does not fail");
    let exits = Exits::new(exits);
    let kinds = event.node.kinds(event.layer()).await.expect("it is settled");
    let foreseen_kinds: Vec<u8> = foreseen.assets.iter().map(|asset| asset.kind).collect();
    assert_eq!(foreseen_kinds, kinds);
    let mut sorted = kinds.clone();
    sorted.sort_unstable();
    let all = [
        KIND_ETH,
        KIND_ERC20,
        KIND_ERC721,
        KIND_TWIN20,
        KIND_TWIN721,
        KIND_BULK721,
        KIND_ERC1155,
        KIND_TWIN1155,
    ];
    assert_eq!(sorted, all, "one of each kind");
    let assets: BTreeMap<Address, u32> =
        (0..).zip(&foreseen.assets).map(|(index, asset)| (asset.token, index)).collect();
    let lost = exits.leaves().iter().find(|leaf| leaf.recipient == born.ticket);
    let lost = orphan(&event, &exits, *lost.expect("the contract owns gold")).await;

    let people = [1, 2, 3].map(|i| person(i).address());
    let balances = async || {
        let of = async |who| event.node.balance_of(who).await.expect("anvil answers");
        [of(people[0]).await, of(people[1]).await, of(people[2]).await]
    };
    let before = balances().await;
    pay(&event, &exits, &kinds, lost).await;
    let after = balances().await;
    let paid = [0, 1, 2].map(|i: usize| after[i] - before[i]);
    assert_eq!(paid, [ether("5"), ether("5"), ether("4")]);
    let gold = |i: usize| tokens.of(&event.anvil, people[i]);
    assert_eq!(gold(0), (ether("963"), true, U256::from(5)), "1,000 - 30 - 7, the artwork");
    assert_eq!(gold(1), (ether("30"), false, U256::ZERO));
    assert_eq!(gold(2), (U256::ZERO, false, U256::from(7)));
    assert_eq!(tokens.of(&event.anvil, ORPHANAGE).0, ether("7"));
    let left = tokens.of(&event.anvil, event.layer());
    assert_eq!(left, (U256::ZERO, false, U256::ZERO), "what came in went out");
    assert_eq!(event.node.balance_of(event.layer()).await.expect("anvil answers"), U256::ZERO);
    check_twins(&event, &born, &exits, &assets).await;

    event.end(Phase::Erased).await;
    let stored = event.context.stores.stored.count().await.expect("memory does not fail");
    assert_eq!(stored, 0);
    // The layer is gone, and the L1 alone brings it back, what it knew of the L1 included.
    let (rebuilt, _) = Box::pin(rebuild(&event, &BlobSource::Anvil)).await;
    let settled = event.view(HEAD).await.settlement.expect("it is settled");
    assert_eq!(rebuilt.world().root(), settled.state_root);
    let slot = rebuilt.world().storage(&born.witness, &U256::ONE);
    assert_eq!(slot.expect("the state is whole"), U256::from_be_bytes(read.hash.0));
}
