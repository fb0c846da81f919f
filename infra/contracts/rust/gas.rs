//! The life of a layer on the L1 by the rules of two forks: the same bytecode must do the same, and a table says what
//! each transaction costs.

mod chain;

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256};
use alloy_sol_types::{SolConstructor, SolValue};
use node_core::exit::{
    Asset, EXIT_SEALER, ExitLeaf, KIND_TWIN721, SLOT_SEAL_HASH, SealedOutput, assets_hash, pack,
};
use revm::primitives::hardfork::SpecId;

use self::chain::{Chain, NOW_S};
use super::{FlashFactory, FlashLayer, FlashSettlement, FlashTwin721};

const OPERATOR: Address = address!("00000000000000000000000000000000000000aa");
const HOLDER: Address = address!("8ba1f109551bd432803012645ac136ddd64dba72");
const SALT: B256 = b256!("00000000000000000000000000000000000000000000000000000000000000ff");

/// Height of the exit tree: a million exits, of which a few are known.
const DEPTH: u8 = 20;
const START: u32 = 1 << 19;

#[test]
fn two_forks_do_the_same_and_osaka_costs_what_was_promised() {
    let osaka = life(SpecId::OSAKA);
    let amsterdam = life(SpecId::AMSTERDAM);
    println!("{:<38} {:>12} {:>12}", "gas", "Osaka", "Amsterdam");
    for ((what, osaka), (_, amsterdam)) in osaka.gas.iter().zip(&amsterdam.gas) {
        println!("{what:<38} {osaka:>12} {amsterdam:>12}");
    }
    assert_eq!(osaka.end, amsterdam.end);
    assert_eq!(osaka.end.claimed, U256::from(4));
    let cost = |name: &str| osaka.gas.iter().find(|(what, _)| *what == name).expect("measured").1;
    assert!(cost("claim ETH, used word") <= 62_500);
    assert!(cost("claim twin, used word") <= 106_000);
    assert!(cost("settle, one twin") <= 500_000);
}

/// What a life comes to, whatever it costs.
#[derive(Debug, PartialEq, Eq)]
struct End {
    exit_root: B256,
    claimed: U256,
    owner: Address,
}

struct Life {
    gas: Vec<(&'static str, u64)>,
    end: End,
}

/// Deploys by the rules of Osaka, and does the rest by those of `spec`.
fn life(spec: SpecId) -> Life {
    let mut chain = Chain::new(&[OPERATOR]);
    let factory = deploy(&mut chain);
    chain.fork(spec);
    let mut gas = Vec::new();
    let mut note = |what, gas_used| gas.push((what, gas_used));

    let c = config();
    let (used, layer) =
        chain.send(OPERATOR, factory, 0, &FlashFactory::openCall { c: of_factory(&c), salt: SALT });
    note("open", used);
    let deposit = FlashLayer::depositETHCall { to: HOLDER, gasLimit: 100_000, data: Bytes::new() };
    note("deposit, first", chain.send(OPERATOR, layer, 1_000_000, &deposit).0);
    chain.send(OPERATOR, layer, 1_000_000, &deposit);
    note("deposit, third", chain.send(OPERATOR, layer, 1_000_000, &deposit).0);
    chain.send(OPERATOR, layer, 0, &FlashLayer::closeDepositsCall { c: c.clone() });

    let exits = exits();
    let path: Vec<B256> = (0..DEPTH - 3).map(|height| keccak256([height])).collect();
    let root = root_over(&exits, &path);
    note("settle, one twin", chain.send(OPERATOR, layer, 0, &settle(c, root)).0);
    for (what, place) in [
        ("claim ETH, fresh word", 0),
        ("claim ETH, used word", 1),
        ("claim ETH, fresh account", 2),
        ("claim twin, used word", 4),
    ] {
        let exit = &exits[place];
        if place < 2 {
            chain.touch(exit.recipient);
        }
        let call = FlashLayer::claimCall {
            index: U256::from(exit.index),
            e: FlashLayer::Exit {
                asset: exit.asset,
                recipient: exit.recipient,
                id: exit.id,
                value: exit.value,
            },
            proof: proof(&exits, place, &path),
        };
        note(what, chain.send(HOLDER, layer, 0, &call).0);
    }

    let exit_root = chain.send(HOLDER, layer, 0, &FlashLayer::exitRootCall {}).1;
    let claimed = chain.send(HOLDER, layer, 0, &FlashLayer::claimedCountCall {}).1;
    let twin = chain.send(HOLDER, layer, 0, &FlashLayer::tokenOfCall { index: 1 }).1;
    let owner = chain.send(HOLDER, twin, 0, &FlashTwin721::ownerOfCall { id: exits[4].id }).1;
    assert_eq!(owner, exits[4].recipient);

    let published = publish(&mut chain, factory);
    note("publishLeaves of 512, each", published / 512);
    Life { gas, end: End { exit_root, claimed, owner } }
}

/// Settles another layer, of 512 tickets, and publishes them at once.
fn publish(chain: &mut Chain, factory: Address) -> u64 {
    let mut c = config();
    c.chainId += 1;
    let open = FlashFactory::openCall { c: of_factory(&c), salt: SALT };
    let layer = chain.send(OPERATOR, factory, 0, &open).1;
    chain.send(OPERATOR, layer, 0, &FlashLayer::closeDepositsCall { c: c.clone() });
    let tickets: Vec<ExitLeaf> = (0..512).map(|index| ticket(index, index)).collect();
    let tree = node_core::exit::ExitTree::new(&tickets);
    let mut call = settle(c, tree.root());
    seal(&mut call, &tree.root(), 512, tree.depth(), 0, 0);
    chain.send(OPERATOR, layer, 0, &call);
    let packed = pack(&tickets).into();
    let call = FlashLayer::publishLeavesCall { start: U256::ZERO, packed, siblings: Vec::new() };
    let used = chain.send(OPERATOR, layer, 0, &call).0;
    assert!(chain.send(OPERATOR, layer, 0, &FlashLayer::isDisposableCall {}).1);
    used
}

fn deploy(chain: &mut Chain) -> Address {
    let twin = chain.deploy(OPERATOR, &FlashTwin721::BYTECODE, &[]);
    let twins =
        FlashSettlement::Twins { twin20: twin, twin721: twin, bulk721: twin, twin1155: twin };
    let arguments = FlashSettlement::constructorCall { twins }.abi_encode();
    let settlement = chain.deploy(OPERATOR, &FlashSettlement::BYTECODE, &arguments);
    let arguments = FlashLayer::constructorCall { settlement_: settlement }.abi_encode();
    let implementation = chain.deploy(OPERATOR, &FlashLayer::BYTECODE, &arguments);
    let arguments =
        FlashFactory::constructorCall { layerImplementation_: implementation }.abi_encode();
    chain.deploy(OPERATOR, &FlashFactory::BYTECODE, &arguments)
}

fn config() -> FlashLayer::Config {
    FlashLayer::Config {
        organiser: OPERATOR,
        operator: OPERATOR,
        sequencer: OPERATOR,
        chainId: 0xF1A5_0000_0001,
        startsAt: NOW_S,
        depositCutoff: NOW_S + 3_600,
        endsAt: NOW_S + 7_200,
        settleDelay: 86_400,
        rescueDelay: 604_800,
        window: 0,
        maxDepositDelay: 1_200,
        mode: 1,
        da: 0,
        offer: FlashLayer::Offer { acceptBy: 0, fee: 0, bond: 0 },
        quorum: FlashLayer::Quorum { threshold: 0, rescueBond: 0, attestors: Vec::new() },
        tvlCapWei: 10_u128.pow(20),
        genesisBlockHash: keccak256("genesis"),
        genesisStateRoot: keccak256("state"),
        orphanRecipient: Address::ZERO,
        verifier: Address::ZERO,
        twinBaseUri: "https://example.org/t/".to_owned(),
        bridged: Vec::new(),
    }
}

fn of_factory(c: &FlashLayer::Config) -> FlashFactory::Config {
    FlashFactory::Config::abi_decode(&c.abi_encode()).expect("one struct with two names")
}

/// Eight neighbours: four of ETH, four tickets.
fn exits() -> [ExitLeaf; 8] {
    std::array::from_fn(|i| {
        let place = u32::try_from(i).expect("eight");
        let leaf = ticket(START + place, 1_000 + place);
        let eth = ExitLeaf { asset: 0, id: U256::ZERO, value: U256::from(1_000 + i), ..leaf };
        if i < 4 { eth } else { leaf }
    })
}

fn ticket(index: u32, id: u32) -> ExitLeaf {
    let recipient = Address::from_word(keccak256(index.to_be_bytes()));
    ExitLeaf { index, asset: 1, recipient, id: U256::from(id), value: U256::ONE }
}

fn node(left: B256, right: B256) -> B256 {
    keccak256([left.as_slice(), right.as_slice()].concat())
}

/// The levels of the tree over the eight, from the leaves up.
fn levels(exits: &[ExitLeaf; 8]) -> [Vec<B256>; 4] {
    let above = |level: &[B256]| level.chunks(2).map(|pair| node(pair[0], pair[1])).collect();
    let leaves: Vec<B256> = exits.iter().map(ExitLeaf::hash).collect();
    let pairs: Vec<B256> = above(&leaves);
    let fours: Vec<B256> = above(&pairs);
    let root = above(&fours);
    [leaves, pairs, fours, root]
}

fn root_over(exits: &[ExitLeaf; 8], path: &[B256]) -> B256 {
    let [.., top] = levels(exits);
    path.iter().enumerate().fold(top[0], |hash, (height, sibling)| {
        if (START >> (height + 3)) & 1 == 0 { node(hash, *sibling) } else { node(*sibling, hash) }
    })
}

fn proof(exits: &[ExitLeaf; 8], place: usize, path: &[B256]) -> Vec<B256> {
    let known = levels(exits);
    let near = (0..3).map(|height| known[height][(place >> height) ^ 1]);
    near.chain(path.iter().copied()).collect()
}

/// The settlement of a tree of 2^20 exits with this root, after three deposits.
fn settle(c: FlashLayer::Config, root: B256) -> FlashLayer::settleCall {
    let mut call = FlashLayer::settleCall {
        c,
        o: FlashLayer::Output {
            lastBlock: 77,
            lastBlockHash: keccak256("last"),
            stateRoot: B256::ZERO,
            batchAcc: B256::ZERO,
            exitRoot: B256::ZERO,
            leafCount: 0,
            depth: 0,
            depositCount: 0,
            assetsHash: B256::ZERO,
        },
        assets: Vec::new(),
        accountProof: Vec::new(),
        storageProof: Vec::new(),
        signatures: Vec::new(),
    };
    seal(&mut call, &root, 1 << DEPTH, DEPTH, 3, 3_000_000);
    call
}

/// Seals the output into a state of one account and one slot.
fn seal(
    call: &mut FlashLayer::settleCall,
    root: &B256,
    leaf_count: u32,
    depth: u8,
    deposit_count: u64,
    wei: u64,
) {
    let eth = Asset { decimals: 18, total: U256::from(wei), ..Asset::default() };
    let tickets = Asset {
        kind: KIND_TWIN721,
        l2: Address::repeat_byte(0x70),
        name: "Ticket".into(),
        symbol: "TIX".into(),
        total: U256::from(4),
        ..Asset::default()
    };
    let assets = [eth, tickets];
    let sealed = SealedOutput {
        exit_root: *root,
        leaf_count,
        depth,
        deposit_count,
        assets_hash: assets_hash(&assets),
    };
    let (storage_root, storage_proof) =
        only(keccak256(SLOT_SEAL_HASH.to_be_bytes::<32>()), &alloy_rlp::encode(sealed.hash()));
    let account = alloy_rlp::encode(vec![
        Bytes::from_static(&[1]),
        Bytes::new(),
        Bytes::copy_from_slice(storage_root.as_slice()),
        Bytes::copy_from_slice(keccak256([]).as_slice()),
    ]);
    let (state_root, account_proof) = only(keccak256(EXIT_SEALER), &account);
    call.o.stateRoot = state_root;
    (call.o.exitRoot, call.o.leafCount, call.o.depth) = (*root, leaf_count, depth);
    (call.o.depositCount, call.o.assetsHash) = (deposit_count, sealed.assets_hash);
    call.assets = assets.into_iter().map(asset).collect();
    (call.accountProof, call.storageProof) = (vec![account_proof], vec![storage_proof]);
}

fn asset(asset: Asset) -> FlashLayer::Asset {
    let Asset { kind, l2, decimals, name, symbol, total } = asset;
    FlashLayer::Asset { kind, l2, decimals, name, symbol, total }
}

/// Root and only node of a trie with one entry.
fn only(path: B256, value: &[u8]) -> (B256, Bytes) {
    // 0x20: a leaf with an even number of nibbles.
    let compact = [&[0x20], path.as_slice()].concat();
    let leaf = alloy_rlp::encode(vec![Bytes::from(compact), Bytes::copy_from_slice(value)]);
    (keccak256(&leaf), leaf.into())
}
