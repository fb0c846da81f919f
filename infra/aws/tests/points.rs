//! Writers that die at each of their writes, alone and at the same time; nothing is lost or doubled.

use futures::future::join_all;
use mayfly_cloud::Ground;
use mayfly_sim::points::{Death, check, open, recover, writers_die};
use node_core::chain::LayerId;
use rstest::rstest;

/// More writes than one writer does here.
const MOST: u8 = 40;

/// A layer for each point: emulators take longer to start than layers.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn writers_that_die_lose_nothing_and_double_nothing(
    #[values(Death::Before, Death::After)] death: Death,
    #[values(1, 3)] writers: usize,
) {
    let ground = Ground::start().await;
    for point in 0..MOST {
        let id = LayerId::new([point + 1; 16]);
        let alive = ground.cloud().await.stores(id);
        let waiting = open(&alive, id).await.expect("opens");
        let stores =
            join_all((0..writers).map(|_| async { ground.cloud().await.stores(id) })).await;
        let died = writers_die(&stores, &waiting, usize::from(point), death).await;
        recover(&alive, &waiting).await.expect("somebody goes on");
        check(&alive, &waiting).await;
        if died == 0 {
            assert!(point > 5, "a writer writes more often than {point} times");
            return;
        }
    }
    panic!("a writer writes more often than {MOST} times");
}
