//! Mode A: the operator dies, and a stranger settles with the organiser's word.

use std::sync::Arc;

use alloy::primitives::Bytes;
use mayfly_l1::{Assurance, BlobSource, HttpL1, LocalKey};
use node_core::{
    chain::{Finality, Phase, Word},
    flow::{sequence::Context, teardown::Teardown},
    port::{L1, Signer},
};

use crate::{
    attested::{ABANDONED_S, abandoned, end, pays_everybody},
    batches::rebuild,
    event::{Event, ORGANISER, person},
};

/// Neither operator nor organiser.
const STRANGER: usize = 8;

async fn word(event: &Event, i: usize, l1: &HttpL1, teardown: &Teardown) -> Bytes {
    let settlement = teardown.settlement().await.expect("it is sealed");
    let output = l1.output_of(settlement).await.expect("anvil answers");
    let digest = Word::Settlement { output }.digest(event.l1.binding());
    let key = LocalKey::from(person(i));
    key.sign(digest).await.expect("a local key signs").as_bytes().into()
}

#[tokio::test]
async fn operator_dies_and_a_stranger_settles_with_the_organisers_word() {
    let event = abandoned(Assurance::Operator).await;
    let (_, stores) = Box::pin(rebuild(&event, &BlobSource::Anvil)).await;
    let context = Context::load(stores.clone(), None).await.expect("it was restored");
    let l1 = HttpL1::find(event.node.clone(), event.layer(), 0, Finality::Finalized).await;
    let l1 = l1.expect("it was opened").with_sender(Arc::new(event.sender(STRANGER)));
    assert!(!l1.may_post() && !l1.may_settle());
    let now_ms = event.now_ms + ABANDONED_S * 1_000;
    let stranger = Arc::new(l1.clone());
    Box::pin(end(&event, &context, stranger.clone(), now_ms, Phase::Sealed)).await;

    let teardown = Teardown {
        context: context.clone(),
        l1: stranger,
        holder: "stranger".to_owned(),
        known_codes: Arc::default(),
    };
    let settle = async |l1: HttpL1| {
        let teardown = Teardown { l1: Arc::new(l1), ..teardown.clone() };
        teardown.advance(now_ms).await
    };
    let refused = settle(l1.clone()).await.expect_err("nobody vouches for it").to_string();
    assert!(refused.contains("NotAllowed"), "{refused}");
    let own = word(&event, STRANGER, &l1, &teardown).await;
    let refused = settle(l1.clone().with_organisers_word(own)).await.expect_err("not theirs");
    assert!(refused.to_string().contains("NotAllowed"), "{refused}");

    let vouched = word(&event, ORGANISER, &l1, &teardown).await;
    let l1 = l1.with_organisers_word(vouched);
    assert!(l1.may_settle());
    Box::pin(end(&event, &context, Arc::new(l1), now_ms, Phase::Published)).await;
    pays_everybody(&event, &stores).await;
}
