//! Functions that sign on the L1 with a key that nobody has: it is in KMS, which moto plays.

use alloy::primitives::Address;
use mayfly_it::Moto;
use serde_json::json;

use crate::{
    deployment::Deployment,
    event::{Opened, close},
    wallet::Wallet,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_opened_and_settled_by_a_key_that_never_leaves_kms() {
    let kms = Moto::start();
    let key = format!("kms:{}", kms.signing_key("ECC_SECG_P256K1"));
    let deployment = Deployment::set(|function| {
        if ["operator", "bridge", "teardown"].contains(&function.name.as_str()) {
            let in_kms = kms.variables().map(|(name, value)| (name.to_owned(), value));
            function.variables.extend(in_kms);
            function.variables.push(("MAYFLY_L1_KEY".to_owned(), key.clone()));
        }
    })
    .await;

    // Whoever deploys asks whom to pay, and is told so by an opening that cannot be paid, too.
    let asked = json!({ "action": "account" });
    let ask = || deployment.gateway.invoke("operator", &asked);
    let account = ask().await.expect("an account");
    assert_eq!(account["balance_wei"], "0");
    let address: Address = serde_json::from_value(account["address"].clone()).expect("an address");
    let failed = deployment.open("kms", None).await.expect_err("nobody pays");
    assert!(format!("{failed:?}").contains(&address.to_string()), "{failed:?}");
    deployment.fund(address);
    assert_eq!(ask().await.expect("an account")["balance_wei"], "10000000000000000000");

    let opened = Opened::open(&deployment, "kms", None).await;
    let organiser = Wallet::organiser();
    opened.deposit(&deployment, &organiser).await;
    let layer = deployment.layer(&opened);
    organiser.send_many(&layer, opened.chain_id, 0..5).await;
    close(&deployment, &opened).await;
    assert_eq!(deployment.ground.items_of(opened.id).await, [""; 0]);
    // Settled, and by the key: the exits can be paid.
    assert!(deployment.claim_all(opened.l1_layer).await > 0);
    let left = ask().await.expect("an account");
    assert_ne!(left["balance_wei"], "10000000000000000000", "it paid for it");
}
