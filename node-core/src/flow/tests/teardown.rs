use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;

use super::kit::{Layer, NOW_MS};
use crate::{
    chain::{DepositEvent, Finality, Phase},
    flow::{
        phase,
        teardown::{Progress, Teardown, Wait},
    },
    port::{L1, L1Action, L1Receipt, L1View, PortError},
};

/// An L1 that says what it is told to say, and takes no transaction.
#[derive(Debug, Default)]
struct Said(Mutex<L1View>);

#[async_trait]
impl L1 for Said {
    async fn block_number(&self, _: Finality) -> Result<u64, PortError> {
        Ok(0)
    }

    async fn deposits(&self, _: u64, _: u64) -> Result<Vec<DepositEvent>, PortError> {
        Ok(Vec::new())
    }

    async fn view(&self, _: Finality) -> Result<L1View, PortError> {
        Ok(self.0.lock().expect("no test panics in between").clone())
    }

    async fn act(&self, action: L1Action) -> Result<L1Receipt, PortError> {
        Err(PortError::Refused { what: format!("{action:?}"), reason: "takes nothing".into() })
    }
}

fn published(layer: &Layer) -> (Teardown, Arc<Said>) {
    let registers = &*layer.context.stores.registers;
    for from in Phase::ALL.into_iter().take_while(|phase| *phase != Phase::Published) {
        block_on(phase::advance(registers, from)).expect("one by one");
    }
    let l1 = Arc::new(Said::default());
    let teardown =
        Teardown { context: layer.context.clone(), l1: l1.clone(), holder: "end".to_owned() };
    (teardown, l1)
}

#[test]
fn nothing_is_erased_before_the_l1_says_that_it_may_be() {
    let layer = Layer::open();
    let (teardown, l1) = published(&layer);
    let stores = &layer.context.stores;
    let items = block_on(stores.stored.count()).expect("memory does not fail");
    let objects = block_on(stores.objects.list("")).expect("memory does not fail");
    for _ in 0..3 {
        let progress = block_on(teardown.advance(NOW_MS)).expect("it waits");
        assert!(matches!(progress, Progress::Waiting(Wait::L1Finality { .. })), "{progress:?}");
    }
    assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), items);
    assert_eq!(block_on(stores.objects.list("")).expect("memory does not fail"), objects);

    l1.0.lock().expect("no test panics in between").disposable = true;
    assert_eq!(block_on(teardown.advance(NOW_MS)).expect("it erases"), Progress::Erased);
    assert_eq!(block_on(stores.stored.count()).expect("memory does not fail"), 0);
    assert_eq!(block_on(stores.objects.list("")).expect("memory does not fail"), [""; 0]);
    assert_eq!(block_on(teardown.advance(NOW_MS)).expect("again"), Progress::Erased);
}

#[test]
fn a_layer_whose_deposits_cannot_be_closed_is_not_sealed() {
    let layer = Layer::open();
    let l1 = Arc::new(Said::default());
    let teardown = Teardown { context: layer.context.clone(), l1, holder: "end".to_owned() };
    let moved = block_on(teardown.advance(NOW_MS)).expect("the first step is ours");
    assert_eq!(moved, Progress::Moved(Phase::Draining));
    let refused = block_on(teardown.advance(NOW_MS));
    assert!(refused.is_err(), "{refused:?}");
    let registers = &*layer.context.stores.registers;
    assert_eq!(block_on(phase::current(registers)).expect("open"), Phase::Draining);
}
