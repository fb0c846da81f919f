//! Mode B: nobody's word counts but that of those who executed every block themselves.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;
use mayfly_attestor::{Desk, router};
use mayfly_contracts::exit_sealer_code;
use mayfly_l1::{Assurance, BlobSource, HttpL1, LocalKey, Sender};
use node_core::{
    chain::{Finality, LayerConfig, Phase, Posting},
    codec::record::Record,
    flow::{
        attest::{Attesting, of_block},
        batch::{self, Batcher, Due},
        query::Replica,
        sequence::Context,
        teardown::{
            Progress, Teardown, Wait,
            exits::{self, Exits},
        },
    },
    port::{L1, L1Action, L1Settlement, PortError, Stores, Witnesses, memory::Memory},
};
use tokio::net::TcpListener;

use crate::{
    batches::rebuild,
    event::{Event, HEAD, WINDOW_S, ether, person},
};

/// People who attest; two of them are a quorum.
pub(crate) const ATTESTORS: [usize; 3] = [4, 5, 6];

/// Nobody listens there.
const DEAD: &str = "http://127.0.0.1:1/";

/// Longer than it takes until others than the operator may settle: the event's day, and T1.
pub(crate) const ABANDONED_S: u64 = 2 * 86_400 + 60;

pub(crate) fn attested() -> Assurance {
    let attestors = ATTESTORS.iter().map(|i| person(*i).address()).collect();
    Assurance::Attested { threshold: 2, attestors, rescue_bond_wei: 1_000_000_000_000_000_000 }
}

/// Makes witnesses of what is in some stores.
struct FromStores(Stores, Arc<Context>);

#[async_trait]
impl Witnesses for FromStores {
    async fn witness(&self, number: u64) -> Result<Option<Bytes>, PortError> {
        let Self(stores, context) = self;
        let unavailable = |error: node_core::flow::FlowError| {
            PortError::unavailable("witness", error.to_string())
        };
        let replica = Replica::open(stores, context.config.id).await.map_err(unavailable)?;
        let made = of_block(&replica, &context.rules, number).await.map_err(unavailable)?;
        Ok(made.map(|witness| witness.to_frame().into()))
    }
}

/// Starts the attestor of person `i`, with a store of its own; returns its URL.
pub(crate) async fn attestor(
    event: &Event,
    i: usize,
    config: &LayerConfig,
    context: &Context,
) -> String {
    let l1 = HttpL1::find(event.node.clone(), event.layer(), 0, Finality::Finalized).await;
    let l1 = Arc::new(l1.expect("it was opened"));
    let source = FromStores(context.stores.clone(), Arc::new(context.clone()));
    let genesis = l1.genesis();
    let attesting = Attesting::open(
        config.clone(),
        &genesis,
        Memory::stores().registers,
        l1.clone(),
        Arc::new(source),
    );
    let attesting = attesting.await.expect("the layer's block 0");
    let desk = Desk::new(attesting, l1, Arc::new(LocalKey::from(person(i))));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let routes = router(Arc::new(desk));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// Ends the layer of `context` through `l1`, as somebody at `now_ms`.
pub(crate) async fn end(
    event: &Event,
    context: &Context,
    l1: Arc<dyn L1>,
    now_ms: u64,
    last: Phase,
) {
    let known_codes = Arc::from([exit_sealer_code()]);
    let teardown =
        Teardown { context: context.clone(), l1, holder: "stranger-end".into(), known_codes };
    loop {
        match teardown.advance(now_ms).await.expect("nothing fails") {
            Progress::Moved(phase) if phase == last => return,
            Progress::Moved(_) => {}
            Progress::Waiting(Wait::L1Finality { .. }) => event.anvil.finalize(),
            Progress::Waiting(Wait::Window { .. }) => {
                event.anvil.pass_time(WINDOW_S.into());
                event.anvil.finalize();
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Opens an event with three deposits, posts them, and leaves what comes after unposted.
pub(crate) async fn abandoned(assurance: Assurance) -> Event {
    let event = Event::open_with(Posting::Calldata, assurance).await;
    for i in 1..=3 {
        event.deposit(i, ether("5")).await;
    }
    event.anvil.finalize();
    event.ingest().await;
    let (stores, config) = (&event.context.stores, &*event.context.config);
    let replica = &Replica::open(stores, config.id).await.expect("memory does not fail");
    let batcher = Batcher { stores, config, replica, known_codes: &[exit_sealer_code()] };
    batch::post(&batcher, &*event.l1, Due::All).await.expect("nothing fails");
    // Acknowledged by the operator, and lost with it.
    event.pay(1, ether("1")).await;
    // And this the operator never saw.
    event.deposit(2, ether("3")).await;
    event.anvil.pass_time(ABANDONED_S);
    event.anvil.finalize();
    event
}

fn total(exits: &Exits, of: Address) -> U256 {
    let of = |leaf: &&node_core::exit::ExitLeaf| leaf.recipient == of && leaf.asset == 0;
    exits.leaves().iter().filter(of).map(|leaf| leaf.value).sum()
}

/// The end of an abandoned event: it can go, and everybody gets what they had. Returns what was settled.
pub(crate) async fn pays_everybody(event: &Event, stores: &Stores) -> L1Settlement {
    let view = event.view(Finality::Finalized).await;
    assert!(view.disposable, "{view:?}");
    let exits = Exits::new(exits::collect(stores).await.expect("memory does not fail"));
    let settled = view.settlement.expect("it is settled");
    assert_eq!(settled.exit_root, exits.tree().root());
    let of = |i: usize| total(&exits, person(i).address());
    assert_eq!((of(1), of(2), of(3)), (ether("5"), ether("8"), ether("5")));
    settled
}

#[tokio::test]
async fn operator_dies_and_a_stranger_settles_with_two_of_three_attestors() {
    let event = abandoned(attested()).await;
    let (rebuilt, stores) = Box::pin(rebuild(&event, &BlobSource::Anvil)).await;
    assert_eq!(rebuilt.header().number, 1, "what was not posted is lost");
    let context = Context::load(stores.clone(), None).await.expect("it was restored");
    let first = attestor(&event, ATTESTORS[1], rebuilt.config(), &context).await;
    let second = attestor(&event, ATTESTORS[0], rebuilt.config(), &context).await;
    let l1 = HttpL1::find(event.node.clone(), event.layer(), 0, Finality::Finalized).await;
    let stranger = Arc::new(Sender::new(event.node.clone(), person(ATTESTORS[0])));
    let l1 = l1.expect("it was opened").with_sender(stranger);
    let l1 = l1.with_attestors([DEAD, &first, &second]).expect("URLs");
    let now_ms = event.now_ms + ABANDONED_S * 1_000;
    Box::pin(end(&event, &context, Arc::new(l1), now_ms, Phase::Published)).await;

    let settled = pays_everybody(&event, &stores).await;
    // What the stranger posted rebuilds the layer to its end, for everybody.
    let (again, _) = Box::pin(rebuild(&event, &BlobSource::Anvil)).await;
    assert_eq!(again.world().root(), settled.state_root);
}

#[tokio::test]
async fn attestors_sign_nothing_but_what_they_derived() {
    let event = Event::open_with(Posting::Calldata, attested()).await;
    event.deposit(1, ether("5")).await;
    event.anvil.finalize();
    event.ingest().await;
    event.end(Phase::Sealed).await;
    let config = (*event.context.config).clone();
    let mut urls = Vec::new();
    for i in [ATTESTORS[0], ATTESTORS[1]] {
        urls.push(attestor(&event, i, &config, &event.context).await);
    }
    event.recorder.idle.store(true, core::sync::atomic::Ordering::Relaxed);
    let (stores, config) = (&event.context.stores, &*event.context.config);
    let replica = &Replica::open(stores, config.id).await.expect("memory does not fail");
    let batcher = Batcher { stores, config, replica, known_codes: &[] };
    batch::post(&batcher, &*event.l1, Due::All).await.expect("nothing fails");
    event.teardown().advance(event.now_ms).await.expect("nothing fails");
    let (action, _) = event.recorder.find(|action| matches!(action, L1Action::Settle(_)));
    let L1Action::Settle(right) = action else { unreachable!("it was looked for") };

    let l1 = (*event.l1).clone().with_attestors(urls.iter().map(String::as_str)).expect("URLs");
    let mut wrong = right.clone();
    wrong.state_root = B256::repeat_byte(1);
    let error = l1.act(L1Action::Settle(wrong)).await.expect_err("another root");
    let reason = format!("{error:?}");
    assert!(reason.contains("0 of 2 signed") && reason.contains("state root"), "{reason}");
    let mut wrong = right.clone();
    wrong.sealed.leaf_count += 1;
    let error = l1.act(L1Action::Settle(wrong)).await.expect_err("another seal");
    let reason = format!("{error:?}");
    assert!(reason.contains("0 of 2 signed") && reason.contains("seal"), "{reason}");

    let one = (*event.l1).clone().with_attestors([DEAD, &urls[0], &urls[0]]).expect("URLs");
    let error = one.act(L1Action::Settle(right.clone())).await.expect_err("one signs twice");
    assert!(format!("{error:?}").contains("1 of 2 signed"), "{error:?}");
    assert_eq!(event.view(HEAD).await.settlement, None);
    l1.act(L1Action::Settle(right)).await.expect("two of three");
    assert!(event.view(HEAD).await.settlement.is_some());
}
