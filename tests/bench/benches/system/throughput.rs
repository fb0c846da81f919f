//! Transactions per second, from the first byte sent until the last one is in a block.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, TxHash};
use futures::future::try_join_all;
use mayfly_bench::{Figure, Line, Report, Unit};
use serde_json::Value;

use crate::{
    RUNS, Result,
    client::{Connection, Request, call},
    median,
    nodes::Node,
    people::{Person, Sent, purchases, transfers},
    percentile, scaled,
};

/// Senders. Each has at most as many transactions waiting as one sender may.
const PEOPLE: usize = 1_000;

/// How often the newest block is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Transfers,
    Mints,
}

/// What is sent and how, and what its figures are called.
pub(crate) struct Load {
    name: &'static str,
    what: What,
    connections: usize,
    /// Transactions in one request.
    batch: usize,
    /// Transactions of a run.
    count: usize,
    ours: Keys,
    anvils: Keys,
}

struct Keys {
    tps: &'static str,
    p50: &'static str,
    p99: &'static str,
    rss: &'static str,
}

pub(crate) const BATCH: Load = Load {
    name: "batch",
    what: What::Transfers,
    connections: 8,
    batch: 100,
    count: 60_000,
    ours: Keys {
        tps: "e2e_batch_tps",
        p50: "e2e_batch_ack_p50_ms",
        p99: "e2e_batch_ack_p99_ms",
        rss: "e2e_batch_peak_rss_mib",
    },
    anvils: Keys {
        tps: "anvil_batch_tps",
        p50: "anvil_batch_ack_p50_ms",
        p99: "anvil_batch_ack_p99_ms",
        rss: "anvil_batch_peak_rss_mib",
    },
};

pub(crate) const SINGLE: Load = Load {
    name: "single",
    what: What::Transfers,
    connections: 64,
    batch: 1,
    count: 40_000,
    ours: Keys {
        tps: "e2e_single_tps",
        p50: "e2e_single_ack_p50_ms",
        p99: "e2e_single_ack_p99_ms",
        rss: "e2e_single_peak_rss_mib",
    },
    anvils: Keys {
        tps: "anvil_single_tps",
        p50: "anvil_single_ack_p50_ms",
        p99: "anvil_single_ack_p99_ms",
        rss: "anvil_single_peak_rss_mib",
    },
};

pub(crate) const MINTS: Load = Load {
    name: "mints",
    what: What::Mints,
    connections: 8,
    batch: 100,
    count: 60_000,
    ours: Keys {
        tps: "e2e_batch_mints_per_s",
        p50: "e2e_batch_mints_ack_p50_ms",
        p99: "e2e_batch_mints_ack_p99_ms",
        rss: "e2e_batch_mints_peak_rss_mib",
    },
    anvils: Keys {
        tps: "anvil_batch_mints_per_s",
        p50: "anvil_batch_mints_ack_p50_ms",
        p99: "anvil_batch_mints_ack_p99_ms",
        rss: "anvil_batch_mints_peak_rss_mib",
    },
};

/// What the runs of one node came to.
#[derive(Default)]
struct Measured {
    tps: Vec<f64>,
    acks_ms: Vec<f64>,
}

/// Measures one load on both nodes in turns.
pub(crate) async fn run(report: &mut Report, load: &Load) -> Result<()> {
    let mut people = (0..PEOPLE).map(Person::new).collect::<Result<Vec<_>>>()?;
    let nodes = [Node::mayfly()?, Node::anvil(&["--block-time", "1"])];
    let mut shop = Person::new(PEOPLE)?;
    people.push(shop.clone());
    for node in &nodes {
        node.fund(&people).await?;
    }
    people.pop();
    let ticket = match load.what {
        What::Transfers => None,
        What::Mints => Some(deploy(&nodes, &mut shop).await?),
    };
    let mut measured = [Measured::default(), Measured::default()];
    for _ in 0..RUNS {
        let shares = shares(load, &mut people, ticket)?;
        for (node, measured) in nodes.iter().zip(&mut measured) {
            let took = send_all(node, &shares, &mut measured.acks_ms).await?;
            let count: usize = shares.iter().map(|share| share.count).sum();
            let tps = count as f64 / took.as_secs_f64();
            eprintln!("  {} {}: {tps:.0} /s", load.name, node.name());
            measured.tps.push(tps);
        }
    }
    add_lines(report, load, &nodes, measured);
    Ok(())
}

fn add_lines(report: &mut Report, load: &Load, nodes: &[Node; 2], measured: [Measured; 2]) {
    let [mut ours, mut anvils] = measured;
    let mut add = |what: &str, unit, (ours, ours_key), (anvils, anvils_key)| {
        let (ours, anvils) = (Figure::kept(ours_key, ours), Figure::kept(anvils_key, anvils));
        let what = format!("{}: {what}", load.name);
        report.add(Line { what, unit, ours, peer: Some(("anvil, blocks of 1 s", anvils)) });
    };
    let (us, them) = (&load.ours, &load.anvils);
    let tps = "sent to blocks";
    add(tps, Unit::PerSecond, (median(&ours.tps), us.tps), (median(&anvils.tps), them.tps));
    ours.acks_ms.sort_by(f64::total_cmp);
    anvils.acks_ms.sort_by(f64::total_cmp);
    let at = |share| (percentile(&ours.acks_ms, share), percentile(&anvils.acks_ms, share));
    let (p50, p99) = (at(0.5), at(0.99));
    add("request to answer, p50", Unit::Millis, (p50.0, us.p50), (p50.1, them.p50));
    add("request to answer, p99", Unit::Millis, (p99.0, us.p99), (p99.1, them.p99));
    if let [Some(our_peak), Some(peak)] = nodes.each_ref().map(Node::peak_rss_mib) {
        add("peak memory", Unit::Mebibytes, (our_peak, us.rss), (peak, them.rss));
    }
}

/// Deploys a ticket contract on both nodes, at the same address.
async fn deploy(nodes: &[Node; 2], shop: &mut Person) -> Result<Address> {
    let (ticket, sent) = shop.deploy_ticket()?;
    for node in nodes {
        let mut connection = node.connect().await?;
        let send = Request::call("eth_sendRawTransaction", &format!(r#"["{}"]"#, sent.raw));
        let answer = connection.send(&send).await?;
        if answer.contains("\"error\"") {
            return Err(format!("{} does not deploy: {answer}", node.name()).into());
        }
        let ask = Request::call("eth_getCode", &format!(r#"["{ticket}","latest"]"#));
        while connection.send(&ask).await?.contains(r#""0x""#) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(ticket)
}

/// What one connection sends.
struct Share {
    requests: Vec<Request>,
    count: usize,
    last: TxHash,
}

/// Signs the transactions of a run and deals the senders out to the connections, so that the transactions of
/// one sender stay in order.
fn shares(load: &Load, people: &mut [Person], ticket: Option<Address>) -> Result<Vec<Share>> {
    let each = (scaled(load.count) / people.len()).max(1);
    let per_connection = people.len().div_ceil(load.connections);
    let groups = people.chunks_mut(per_connection);
    let sign = |group| match ticket {
        None => transfers(group, each),
        Some(ticket) => purchases(group, each, ticket),
    };
    groups.map(|group| Ok(share(&sign(group)?, load.batch))).collect()
}

fn share(sent: &[Sent], batch: usize) -> Share {
    let one = |sent: &Sent| call("eth_sendRawTransaction", &format!(r#"["{}"]"#, sent.raw));
    let requests = sent.chunks(batch).map(|chunk| match chunk {
        [single] => Request::post(&one(single)),
        many => Request::batch(&many.iter().map(one).collect::<Vec<_>>()),
    });
    let last = sent.last().map(|sent| sent.hash).unwrap_or_default();
    Share { requests: requests.collect(), count: sent.len(), last }
}

/// Sends everything and waits until all of it is in blocks; `acks_ms` gets the time of each request.
async fn send_all(node: &Node, shares: &[Share], acks_ms: &mut Vec<f64>) -> Result<Duration> {
    let count = shares.iter().map(|share| share.count).sum();
    let connections = try_join_all(shares.iter().map(|_| node.connect())).await?;
    let mut reader = Reader::open(node).await?;
    let start = Instant::now();
    let sends = connections.into_iter().zip(shares);
    let sends = try_join_all(sends.map(|(connection, share)| send_share(connection, share)));
    let (acks, read) = tokio::join!(sends, reader.read(count));
    read?;
    let took = start.elapsed();
    acks_ms.extend(acks?.into_iter().flatten());
    check(node, shares).await?;
    Ok(took)
}

async fn send_share(mut connection: Connection, share: &Share) -> Result<Vec<f64>> {
    let mut acks_ms = Vec::with_capacity(share.requests.len());
    for request in &share.requests {
        let start = Instant::now();
        let answer = connection.send(request).await?;
        acks_ms.push(start.elapsed().as_secs_f64() * 1e3);
        if answer.contains("\"error\"") {
            return Err(format!("not accepted: {answer}").into());
        }
    }
    Ok(acks_ms)
}

/// Reads block after block.
///
/// A transaction counts when its block lists it: from then on its receipt can be asked for. Receipts are not
/// read on the clock, because anvil copies the whole block for each of them, one by one or by block. In its
/// blocks of thousands that takes it ten times as long as all else, and would be all that is measured.
struct Reader {
    connection: Connection,
    next: u64,
}

impl Reader {
    /// Starts after the newest block.
    async fn open(node: &Node) -> Result<Self> {
        let mut connection = node.connect().await?;
        let next = head(&mut connection).await? + 1;
        Ok(Self { connection, next })
    }

    /// Returns when `count` transactions are in blocks.
    async fn read(&mut self, count: usize) -> Result<()> {
        let mut left = count;
        while left > 0 {
            let head = head(&mut self.connection).await?;
            if head < self.next {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            while self.next <= head {
                left = left.checked_sub(self.read_block().await?).ok_or("too many transactions")?;
                self.next += 1;
            }
        }
        Ok(())
    }

    async fn read_block(&mut self) -> Result<usize> {
        let parameters = format!(r#"["{:#x}",false]"#, self.next);
        let answer =
            self.connection.send(&Request::call("eth_getBlockByNumber", &parameters)).await?;
        let answer: Value = serde_json::from_str(answer)?;
        let listed = answer["result"]["transactions"].as_array().ok_or("expected a block")?;
        Ok(listed.len())
    }
}

/// Checks off the clock that the transactions succeeded: the last one of each connection.
async fn check(node: &Node, shares: &[Share]) -> Result<()> {
    let mut connection = node.connect().await?;
    for share in shares {
        let parameters = format!(r#"["{}"]"#, share.last);
        let answer =
            connection.send(&Request::call("eth_getTransactionReceipt", &parameters)).await?;
        if !answer.contains(r#""status":"0x1""#) {
            return Err(format!("{}: expected success, got {answer}", node.name()).into());
        }
    }
    Ok(())
}

async fn head(connection: &mut Connection) -> Result<u64> {
    let answer = connection.send(&Request::call("eth_blockNumber", "[]")).await?;
    let number = answer.split(r#""result":"0x"#).nth(1).and_then(|rest| rest.split('"').next());
    Ok(u64::from_str_radix(number.ok_or("expected a number")?, 16)?)
}
