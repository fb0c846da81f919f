//! A wrong root that attestors were made to sign is taken back by them, and the right one follows.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{Address, B256, Bytes, U256};
use axum::{Json, Router, routing::post};
use mayfly_l1::{Claimed, claim, veto};
use node_core::{
    chain::{EXIT_SEALER, Finality, GenesisAccount, L1Binding, Phase, Posting, Word},
    exit::{ExitLeaf, ExitTree, SLOT_SEAL_HASH, SealedOutput, assets_hash},
    flow::teardown::exits::{self, Exits},
    port::{L1, L1Action, Settlement, Signer},
    state::WorldState,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    attested::{ATTESTORS, attested, attestor, end},
    event::{Event, HEAD, ether, person},
};

/// Whom the wrong root gives everything.
const THIEF: Address = Address::repeat_byte(0x66);

pub(crate) async fn sign(i: usize, word: Word, binding: &L1Binding) -> Bytes {
    let key = mayfly_l1::LocalKey::from(person(i));
    key.sign(word.digest(binding)).await.expect("a local key signs").as_bytes().into()
}

/// Starts an attestor that signs whatever it is asked to; returns its URL.
async fn blind(event: &Event, i: usize) -> String {
    let binding = event.l1.binding().clone();
    let attest = move |call: axum::body::Bytes| {
        let binding = binding.clone();
        async move {
            let Claimed { output, .. } = Claimed::decode(&call).expect("a call of settle");
            let signature = sign(i, Word::Settlement { output }, &binding).await;
            Json(json!({ "signature": signature }))
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let routes = Router::new().route("/settlement", post(attest));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// A settlement of a state that never was, in which the thief has all ETH; its proof is right.
fn forged(right: &Settlement) -> (Settlement, Exits) {
    let value = right.assets[0].total;
    let leaf = ExitLeaf { index: 0, asset: 0, recipient: THIEF, id: U256::ZERO, value };
    let tree = ExitTree::new(&[leaf]);
    let assets = vec![right.assets[0].clone()];
    let sealed = SealedOutput {
        exit_root: tree.root(),
        leaf_count: 1,
        depth: tree.depth(),
        deposit_count: right.sealed.deposit_count,
        assets_hash: assets_hash(&assets),
    };
    let storage = BTreeMap::from([(SLOT_SEAL_HASH, sealed.hash().into())]);
    let sealer = GenesisAccount { nonce: 1, storage, ..GenesisAccount::default() };
    let world = WorldState::from_genesis(&BTreeMap::from([(EXIT_SEALER, sealer)]));
    let proof = world.prove(EXIT_SEALER, &[SLOT_SEAL_HASH]).expect("the state is whole");
    let forged = Settlement {
        last_block_hash: B256::repeat_byte(6),
        state_root: world.root(),
        sealed,
        assets,
        account_proof: proof.account_proof,
        storage_proof: proof.storage_proofs[0].proof.clone(),
        ..right.clone()
    };
    (forged, Exits::new(vec![leaf]))
}

#[tokio::test]
async fn wrong_root_is_vetoed_then_settled_rightly_and_claimed() {
    let event = Event::open_with(Posting::Leaves, attested()).await;
    for i in 1..=3 {
        event.deposit(i, ether("5")).await;
    }
    event.anvil.finalize();
    event.ingest().await;
    event.end(Phase::Sealed).await;
    let right = event.teardown().settlement().await.expect("it is sealed");
    let (wrong, stolen) = forged(&right);
    let blind = [blind(&event, ATTESTORS[0]).await, blind(&event, ATTESTORS[1]).await];
    let l1 = (*event.l1).clone();
    let fooled = l1.clone().with_attestors(blind.iter().map(String::as_str)).expect("URLs");
    fooled.act(L1Action::Settle(Box::new(wrong.clone()))).await.expect("two of three signed");
    let held = event.view(HEAD).await.settlement.expect("it is settled");
    assert_eq!(held.state_root, wrong.state_root);
    // The operator's own teardown does not go on with it, and nothing is paid in the window.
    event.anvil.finalize();
    let error = event.teardown().advance(event.now_ms).await.expect_err("another root");
    assert!(error.to_string().contains("settlement on the L1"), "{error}");
    let (stranger, layer) = (event.sender(7), event.layer());
    let (leaf, proof) = (stolen.leaves()[0], stolen.proof(0).expect("it is in the tree"));
    let early = claim(&stranger, layer, &leaf, proof.clone()).await.expect_err("in the window");
    assert!(early.to_string().contains("TooEarly"), "{early}");

    let output = event.l1.output_of(wrong).await.expect("anvil answers");
    let mut attestors = ATTESTORS;
    attestors.sort_by_key(|i| person(*i).address());
    let word = Word::Veto { output };
    let one = sign(attestors[0], word, event.l1.binding()).await;
    let config = event.l1.config();
    let error = veto(&stranger, layer, config, vec![one.clone()]).await.expect_err("two are left");
    assert!(error.to_string().contains("BadQuorum"), "{error}");
    let another = sign(attestors[2], word, event.l1.binding()).await;
    veto(&stranger, layer, config, vec![one, another]).await.expect("one is no quorum");
    assert_eq!(event.view(HEAD).await.settlement, None);

    let layer_config = (*event.context.config).clone();
    let mut urls = Vec::new();
    for i in [ATTESTORS[1], ATTESTORS[2]] {
        urls.push(attestor(&event, i, &layer_config, &event.context).await);
    }
    let honest = l1.with_attestors(urls.iter().map(String::as_str)).expect("URLs");
    event.anvil.finalize();
    Box::pin(end(&event, &event.context, Arc::new(honest), event.now_ms, Phase::Final)).await;
    let held = event.view(Finality::Finalized).await.settlement.expect("it is settled");
    assert_eq!((held.state_root, held.exit_root), (right.state_root, right.sealed.exit_root));
    let refused = claim(&stranger, layer, &leaf, proof).await.expect_err("it is in no tree");
    assert_eq!(refused.to_string(), "refused: claim: BadProof");
    let leaves = exits::collect(&event.context.stores).await.expect("memory does not fail");
    let exits = Exits::new(leaves);
    for leaf in exits.leaves() {
        let proof = exits.proof(leaf.index.into()).expect("it is in the tree");
        claim(&stranger, layer, leaf, proof).await.expect("claims are open");
    }
    assert_eq!(event.node.balance_of(layer).await.expect("anvil answers"), U256::ZERO);
    assert_eq!(event.node.balance_of(THIEF).await.expect("anvil answers"), U256::ZERO);
}
