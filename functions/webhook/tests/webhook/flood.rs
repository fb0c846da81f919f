use std::collections::BTreeSet;

use futures::future::join_all;

use crate::support::{Office, completed, session};

/// Connections that are open at a time.
const CONNECTIONS: usize = 32;

/// 1,000 deliveries of 200 orders, mixed so that the same order comes over several connections at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_deliveries_of_two_hundred_orders_are_two_hundred() {
    let office = Office::open().await;
    let bodies: Vec<_> = (0..200)
        .map(|order| {
            let mut session = session(&format!("cs_{order:03}"));
            session["payment_intent"] = format!("pi_{order:03}").into();
            completed(&session)
        })
        .collect();
    let connection = |connection: usize| {
        let (office, bodies) = (&office, &bodies);
        async move {
            // 7 and 200 have no factor in common, so the connections go through all orders, each from elsewhere.
            for delivery in (connection..1_000).step_by(CONNECTIONS) {
                let answer = office.deliver(&bodies[delivery * 7 % 200]).await;
                assert_eq!(answer.status, 200, "{answer:?}");
            }
        }
    };
    join_all((0..CONNECTIONS).map(connection)).await;
    let waiting = office.waiting().await;
    let keys: BTreeSet<_> = waiting.iter().map(|order| &order.key).collect();
    assert_eq!((waiting.len(), keys.len()), (200, 200));
}
