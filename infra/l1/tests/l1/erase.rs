use node_core::{
    chain::{Finality, Phase},
    flow::{
        phase,
        teardown::{Progress, Wait},
    },
};

use crate::event::{Event, HEAD};

/// Published at the head is not enough: that block may still go away.
#[tokio::test]
async fn nothing_is_erased_before_the_layer_is_disposable_on_a_finalized_block() {
    let (event, _) = Event::over().await;
    let (stores, teardown) = (&event.context.stores, event.teardown());
    let held = stores.stored.count().await.expect("memory does not fail");
    for _ in 0..2 {
        let progress = teardown.advance(event.now_ms).await.expect("nothing fails");
        assert!(matches!(progress, Progress::Waiting(Wait::L1Finality { .. })), "{progress:?}");
        assert!(event.view(HEAD).await.disposable);
        assert!(!event.view(Finality::Finalized).await.disposable);
        let now = phase::current(&*stores.registers).await.expect("the layer is there");
        assert_eq!(now, Phase::Final);
    }
    assert_eq!(stores.stored.count().await.expect("memory does not fail"), held);

    event.anvil.finalize();
    let progress = teardown.advance(event.now_ms).await.expect("nothing fails");
    assert_eq!(progress, Progress::Moved(Phase::Published));
    assert_eq!(stores.stored.count().await.expect("memory does not fail"), held);
    let progress = teardown.advance(event.now_ms).await.expect("nothing fails");
    assert_eq!(progress, Progress::Disposable);
    assert_eq!(stores.stored.count().await.expect("memory does not fail"), held);
    assert_eq!(teardown.erase().await.expect("nothing fails"), Progress::Erased);
    assert_eq!(stores.stored.count().await.expect("memory does not fail"), 0);
}
