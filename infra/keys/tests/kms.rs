//! Keys of AWS KMS, which moto plays, on an L1, which anvil plays.

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256, keccak256, uint};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use axum::{Json, Router, http::StatusCode, routing::post};
use mayfly_contracts::FlashLayer::Quorum;
use mayfly_it::{Anvil, Moto, REGION};
use mayfly_keys::{KeyError, KmsKey};
use mayfly_l1::{
    Config, Node, Offer, Sender, SignedSeal, accept_layer, deploy_factory, open_layer,
    slash_equivocation,
};
use node_core::{
    chain::{Finality, L1Binding, Word},
    port::Signer,
};
use serde_json::{Value, json};

/// Half of the order of secp256k1: signatures above it are refused by Ethereum (EIP-2).
const HALF_ORDER: U256 =
    uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// The kind of key that Ethereum's accounts have.
const SECP256K1: &str = "ECC_SECG_P256K1";

async fn aws_at(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("test", "secret", None, None, "test"))
        .load()
        .await
}

async fn key(moto: &Moto, name: &str) -> Result<KmsKey, KeyError> {
    let [(_, endpoint), ..] = moto.variables();
    KmsKey::connect_with(&aws_at(&endpoint).await, name).await
}

async fn refusal(moto: &Moto, name: &str) -> String {
    key(moto, name).await.expect_err("it cannot sign").to_string()
}

#[tokio::test]
async fn every_signature_is_one_that_ethereum_takes() {
    let moto = Moto::start();
    let arn = moto.signing_key(SECP256K1);
    moto.alias("alias/operator", &arn);
    let (by_arn, by_alias) = (key(&moto, &arn).await, key(&moto, "alias/operator").await);
    let (by_arn, by_alias) = (by_arn.expect("it signs"), by_alias.expect("it has two names"));
    assert_eq!(by_arn.address(), by_alias.address());
    // Half of what KMS answers is above half of the order.
    for i in 0..32_u8 {
        let hash = keccak256([i]);
        let signature = by_alias.sign(hash).await.expect("it signs");
        assert!(signature.s() <= HALF_ORDER, "{signature:?}");
        let signer = signature.recover_address_from_prehash(&hash).expect("a signature");
        assert_eq!(signer, by_arn.address());
    }
    let shown = format!("{by_arn:?}");
    assert!(shown.contains(&arn) && !shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_refused_by_name() {
    let moto = Moto::start();
    let unknown = refusal(&moto, "alias/nobody").await;
    assert!(unknown.starts_with("KMS key alias/nobody: kms:GetPublicKey: NotFound"), "{unknown}");
    let other = refusal(&moto, &moto.signing_key("ECC_NIST_P256")).await;
    assert!(other.contains("expected a key of the kind ECC_SECG_P256K1"), "{other}");
    let arn = moto.signing_key(SECP256K1);
    let signs = key(&moto, &arn).await.expect("it signs");
    moto.deny_everything();
    let denied = refusal(&moto, &arn).await;
    assert!(denied.starts_with(&format!("KMS key {arn}: kms:GetPublicKey: ")), "{denied}");
    let late = signs.sign(B256::ZERO).await.expect_err("not any more").to_string();
    assert!(late.contains("kms:Sign: "), "{late}");
}

/// In the words of AWS itself, which moto does not have.
#[tokio::test]
async fn a_role_that_may_not_use_the_key_is_told_what_it_lacks() {
    async fn deny() -> (StatusCode, Json<Value>) {
        let text =
            "User: arn:aws:iam::1:role/operator is not authorized to perform: kms:GetPublicKey";
        let body = json!({ "__type": "AccessDeniedException", "Message": text });
        (StatusCode::BAD_REQUEST, Json(body))
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let routes = Router::new().route("/", post(deny));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let error = KmsKey::connect_with(&aws_at(&endpoint).await, "alias/operator").await;
    let error = error.expect_err("it may not").to_string();
    assert!(error.starts_with("KMS key alias/operator: kms:GetPublicKey: AccessDenied"), "{error}");
    assert!(error.contains("role/operator is not authorized"), "{error}");
    assert!(error.ends_with("the role of this program is not allowed to"), "{error}");
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_an_error_and_not_a_hang() {
    let aws = aws_at("http://127.0.0.1:1").await;
    let error = KmsKey::connect_with(&aws, "alias/operator").await.expect_err("nobody is there");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("kms:GetPublicKey") && !shown.contains("secret"), "{shown}");
}

/// An L1 on which the key of KMS has ETH.
async fn l1_of(anvil: &Anvil, key: &KmsKey) -> Sender {
    let ten = json!([key.address(), "0x8ac7230489e80000"]);
    anvil.rpc().call("anvil_setBalance", &ten);
    let node = Node::connect(&anvil.url()).await.expect("anvil answers");
    Sender::of(node, Arc::new(key.clone()))
}

fn config(key: Address, now_s: u64) -> Config {
    let wei = 1_000_000_000_000_000_000;
    let offer = Offer { accept_by_s: now_s + 1_000, fee_wei: 0, bond_wei: 2 * wei };
    Config {
        organiser: key,
        operator: key,
        sequencer: key,
        chainId: 4_242,
        startsAt: now_s,
        depositCutoff: now_s + 40_000,
        endsAt: now_s + 80_000,
        settleDelay: 86_400,
        rescueDelay: 86_400,
        window: 0,
        maxDepositDelay: 3_600,
        mode: 1,
        da: 0,
        offer: offer.into(),
        quorum: Quorum { threshold: 0, rescueBond: 0, attestors: Vec::new() },
        tvlCapWei: wei,
        genesisBlockHash: B256::repeat_byte(1),
        genesisStateRoot: B256::repeat_byte(2),
        orphanRecipient: Address::ZERO,
        verifier: Address::ZERO,
        twinBaseUri: String::new(),
        bridged: Vec::new(),
    }
}

/// The key opens and runs a layer (transactions), and signs two blocks of one number (EIP-712), which costs it half of
/// its bond.
#[tokio::test]
async fn the_l1_takes_transactions_and_words_of_a_key_in_kms() {
    let (moto, anvil) = (Moto::start(), Anvil::start());
    let key = key(&moto, &moto.signing_key(SECP256K1)).await.expect("it signs");
    let sender = l1_of(&anvil, &key).await;
    let factory = deploy_factory(&sender).await.expect("seven transactions");
    let now_s = sender.node().block(Finality::Depth(0)).await.expect("anvil answers").timestamp_s;
    let config = config(key.address(), now_s);
    let opened = open_layer(&sender, factory, &config, B256::ZERO).await.expect("a valid layer");
    accept_layer(&sender, opened.address, &config).await.expect("it is the operator");

    let chain_id = sender.node().chain_id();
    let layer = opened.address;
    let binding = L1Binding {
        chain_id,
        layer,
        config_hash: mayfly_l1::config_hash(&config),
        opened_in_block: opened.receipt.block,
        finality: Finality::Finalized,
    };
    let mut seals = Vec::new();
    for hash in [B256::repeat_byte(3), B256::repeat_byte(4)] {
        let digest = Word::BlockSeal { number: 7, hash }.digest(&binding);
        let signature = key.sign(digest).await.expect("it signs").as_bytes().into();
        seals.push(SignedSeal { hash, signature });
    }
    let [a, b] = <[SignedSeal; 2]>::try_from(seals).expect("two");
    let same = slash_equivocation(&sender, layer, &config, 7, [a.clone(), a.clone()]).await;
    assert!(same.expect_err("no conflict").to_string().contains("NoConflict"));
    let other = slash_equivocation(&sender, layer, &config, 8, [a.clone(), b.clone()]).await;
    assert!(other.expect_err("of number 7").to_string().contains("NotSequencer"));
    slash_equivocation(&sender, layer, &config, 7, [a, b]).await.expect("two of one number");
    let left = sender.node().balance_of(layer).await.expect("anvil answers");
    assert_eq!(left, U256::from(1_000_000_000_000_000_000_u64), "half of the bond");
}
