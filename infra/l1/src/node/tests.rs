use alloy::{rpc::json_rpc::ErrorPayload, transports::mock::Asserter};
use serde_json::Value;

use super::*;

fn node(answers: &Asserter) -> Node {
    let provider = RootProvider::new(alloy::rpc::client::RpcClient::mocked(answers.clone()));
    Node { provider, chain_id: 1, url: Arc::from("http://node") }
}

fn block(number: u64) -> Value {
    let header = alloy::rpc::types::Header::<alloy::consensus::Header> {
        inner: alloy::consensus::Header { number, ..Default::default() },
        ..Default::default()
    };
    let block: alloy::rpc::types::Block = alloy::rpc::types::Block { header, ..Default::default() };
    serde_json::to_value(block).expect("a block is plain data")
}

fn error(code: i64, message: &'static str) -> ErrorPayload {
    ErrorPayload { code, message: message.into(), data: None }
}

#[tokio::test]
async fn chain_without_final_blocks_has_its_first() {
    let answers = Asserter::new();
    answers.push_success(&Value::Null);
    answers.push_success(&block(0));
    let number = node(&answers).block(Finality::Finalized).await.expect("block 0").number;
    assert_eq!(number, 0);

    for unknown in [error(-39001, "Unknown block"), error(-32000, "finalized block not found")] {
        answers.push_failure(unknown);
        answers.push_success(&block(0));
        assert_eq!(node(&answers).block(Finality::Safe).await.expect("block 0").number, 0);
    }
}

#[tokio::test]
async fn node_that_does_not_have_the_tag_is_refused_by_name() {
    let answers = Asserter::new();
    answers.push_failure(error(-32602, "invalid argument 0: hex string without 0x prefix"));
    let refused = node(&answers).block(Finality::Finalized).await.expect_err("no such tag");
    assert!(!refused.is_retryable(), "{refused}");
    assert!(refused.to_string().contains("block `finalized` of the L1"), "{refused}");
}

#[tokio::test]
async fn node_in_trouble_is_not_a_young_chain() {
    let answers = Asserter::new();
    answers.push_failure(error(-32603, "internal error"));
    let failed = node(&answers).block(Finality::Finalized).await.expect_err("in trouble");
    assert!(failed.is_retryable(), "{failed}");
}

#[tokio::test]
async fn depth_counts_from_the_head_and_stops_at_block_0() {
    let answers = Asserter::new();
    for number in [7, 4] {
        answers.push_success(&block(number));
    }
    assert_eq!(node(&answers).block(Finality::Depth(3)).await.expect("block 4").number, 4);
    for number in [7, 0] {
        answers.push_success(&block(number));
    }
    assert_eq!(node(&answers).block(Finality::Depth(30)).await.expect("block 0").number, 0);
}

#[tokio::test]
async fn url_that_is_none_is_refused() {
    let refused = Node::connect("node").await.expect_err("no scheme");
    assert!(matches!(refused, PortError::Refused { .. }), "{refused}");
}

#[cfg(feature = "https")]
#[tokio::test]
async fn node_behind_tls_is_greeted_in_tls() {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("it listens"));
    let greeting = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.read_u8().await.expect("a greeting")
    };
    let (connected, greeting) = tokio::join!(Node::connect(&url), greeting);
    assert_eq!(greeting, 22, "a TLS handshake record");
    assert!(connected.expect_err("nobody answers").is_retryable());
}
