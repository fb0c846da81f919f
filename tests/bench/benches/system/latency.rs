//! How long one wallet waits from sending a transaction to its receipt.

use std::time::Instant;

use alloy::primitives::U256;
use mayfly_bench::{Figure, Line, Report, Unit};

use crate::{
    Result,
    client::{Connection, Request},
    nodes::Node,
    people::{Person, Sent},
    percentile, scaled,
};

/// Transactions of each node.
const COUNT: usize = 1_000;

/// Measures `eth_sendRawTransactionSync` beside sending to anvil and asking for the receipt until it is there.
pub(crate) async fn run(report: &mut Report) -> Result<()> {
    let mut wallet = Person::new(0)?;
    let to = Person::new(1)?.address();
    let nodes = [Node::mayfly()?, Node::anvil(&[])];
    for node in &nodes {
        node.fund(&[wallet.clone()]).await?;
    }
    let count = scaled(COUNT);
    let sent = (0..count).map(|_| wallet.transfer(to, U256::ONE)).collect::<Result<Vec<_>>>()?;
    let [mayfly, anvil] = nodes;
    let ours = measure(&mayfly, &sent, How::Sync).await?;
    let anvils = measure(&anvil, &sent, How::SendAndAsk).await?;
    for (name, share, our_key, anvils_key) in [
        ("p50", 0.50, "sync_send_p50_ms", "anvil_send_receipt_p50_ms"),
        ("p99", 0.99, "sync_send_p99_ms", "anvil_send_receipt_p99_ms"),
    ] {
        let peer = Figure::kept(anvils_key, percentile(&anvils, share));
        report.add(Line {
            what: format!("sync: send to receipt, {name}"),
            unit: Unit::Millis,
            ours: Figure::kept(our_key, percentile(&ours, share)),
            peer: Some(("anvil, a block each, send and ask", peer)),
        });
    }
    Ok(())
}

/// How a receipt is waited for.
#[derive(Debug, Clone, Copy)]
enum How {
    /// EIP-7966: the answer is the receipt.
    Sync,
    /// The receipt is asked for until it is there.
    SendAndAsk,
}

/// Returns the milliseconds that each took, sorted.
async fn measure(node: &Node, sent: &[Sent], how: How) -> Result<Vec<f64>> {
    let mut connection = node.connect().await?;
    let mut took_ms = Vec::with_capacity(sent.len());
    for one in sent {
        let start = Instant::now();
        match how {
            How::Sync => send_sync(&mut connection, one).await?,
            How::SendAndAsk => send_and_ask(&mut connection, one).await?,
        }
        took_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    took_ms.sort_by(f64::total_cmp);
    Ok(took_ms)
}

async fn send_sync(connection: &mut Connection, sent: &Sent) -> Result<()> {
    let request = Request::call("eth_sendRawTransactionSync", &format!(r#"["{}"]"#, sent.raw));
    check(connection.send(&request).await?)
}

async fn send_and_ask(connection: &mut Connection, sent: &Sent) -> Result<()> {
    let request = Request::call("eth_sendRawTransaction", &format!(r#"["{}"]"#, sent.raw));
    let answer = connection.send(&request).await?;
    if answer.contains("\"error\"") {
        return Err(format!("not accepted: {answer}").into());
    }
    let ask = Request::call("eth_getTransactionReceipt", &format!(r#"["{}"]"#, sent.hash));
    loop {
        let answer = connection.send(&ask).await?;
        if !answer.contains("\"result\":null") {
            return check(answer);
        }
    }
}

fn check(answer: &str) -> Result<()> {
    match answer.contains(r#""status":"0x1""#) {
        true => Ok(()),
        false => Err(format!("expected a receipt, got {answer}").into()),
    }
}
