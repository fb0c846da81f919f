use std::time::{Duration, UNIX_EPOCH};

use alloy::primitives::{Address, U256, address, utils::format_ether};
use mayfly_l1::{HttpL1, Node, Refunds, Sender, enter_refund, refund};
use node_core::{
    chain::Finality,
    exit::{DepositLeaf, DepositTree, KIND_ERC20, KIND_ERC721, KIND_ETH},
};
use serde::Serialize;
use serde_json::json;

use super::status::running;
use crate::{
    cli,
    failure::Failure,
    keys::payer,
    runner::Place,
    ui::{Facts, Step, Steps, print},
};

/// What the L1 adds to the address of a contract that deposits.
const ALIAS: Address = address!("1111000000000000000000000000000000001111");

/// Most deposits in a table; with --json there are all.
const SHOWN: usize = 50;

/// A deposit, and whether it went back.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    index: u64,
    /// Who gets it back; of a contract this is its aliased address.
    from: Address,
    kind: u8,
    token: Address,
    id: U256,
    value: U256,
    refunded: bool,
}

/// Lists deposits, or takes them back: those of one account, or all.
pub(crate) async fn run(options: cli::Refund, json: bool) -> Result<(), Failure> {
    let steps = Steps::new(json);
    let l1 = connect(&options).await?;
    let reading = steps.start("reading the deposits from the L1", 0);
    let (leaves, tree) = l1.deposit_tree().await?;
    let wanted = |leaf: &&DepositLeaf| options.holder.is_none_or(|holder| is_of(leaf, holder));
    let leaves: Vec<&DepositLeaf> = leaves.iter().filter(wanted).collect();
    let mut listed = Vec::with_capacity(leaves.len());
    for leaf in &leaves {
        let refunded = l1.is_refunded(leaf.index).await?;
        listed.push(Listed::new(leaf, refunded));
        reading.tick();
    }
    reading.done(&format!("{} deposits", listed.len()));
    let refunds = l1.refunds().await?;
    if options.holder.is_none() && !options.all {
        list(&listed, refunds, json);
        return Ok(());
    }
    check_due(refunds)?;
    let sender = payer(l1.node().clone(), options.on_l1.l1_key.as_ref()).await?;
    let started = start(&sender, &l1, refunds).await?;
    let back = steps.start("taking the deposits back", leaves.len());
    let paid = Box::pin(take_back(&sender, &l1, &leaves, &listed, &tree, &back)).await?;
    let before = listed.iter().filter(|one| one.refunded).count();
    back.done(&format!("{paid} now, {before} before"));
    if json {
        let deposits = listed.len();
        print(
            json!({ "started": started, "deposits": deposits, "refunded": paid, "before": before }),
        );
    }
    Ok(())
}

async fn connect(options: &cli::Refund) -> Result<HttpL1, Failure> {
    let (url, layer) = match (&options.on_l1.l1, options.on_l1.layer) {
        (Some(url), Some(layer)) => (url.clone(), layer),
        _ => {
            let answers = running(&Place::new(&options.place.dir))?;
            (answers.l1_url, answers.l1_layer)
        }
    };
    let node = Node::connect(&url).await?;
    Ok(HttpL1::find(node, layer, options.from_block, Finality::Depth(0)).await?)
}

/// Whether the L1 gives this deposit back to `holder`, an account or a contract.
fn is_of(leaf: &DepositLeaf, holder: Address) -> bool {
    let number = |address: Address| U256::from_be_slice(address.as_slice());
    let aliased = (number(holder) + number(ALIAS)) & (U256::MAX >> 96);
    leaf.from == holder || number(leaf.from) == aliased
}

/// Refuses when no deposit goes back, and says what is to be done instead.
fn check_due(refunds: Refunds) -> Result<(), Failure> {
    let no = |reason: String| Err(Failure::remote("refund", reason));
    match refunds {
        Refunds::Due | Refunds::Started => Ok(()),
        Refunds::NotBefore(from_s) => no(format!(
            "deposits go back from {} on, if nobody has settled the layer until then",
            time(from_s)
        )),
        Refunds::Settled => {
            no("the layer is settled: `mayfly claim` pays what is yours on it".to_owned())
        }
        Refunds::NotAccepted => no("nothing was deposited: no operator has accepted it".to_owned()),
    }
}

/// Starts refunds unless somebody has; returns whether it was done here.
async fn start(sender: &Sender, l1: &HttpL1, refunds: Refunds) -> Result<bool, Failure> {
    if refunds == Refunds::Started {
        return Ok(false);
    }
    match enter_refund(sender, l1.binding().layer, l1.config()).await {
        Ok(_) => Ok(true),
        // Somebody else was faster, or an earlier try of ours.
        Err(_) if l1.refunds().await? == Refunds::Started => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Sends back what has not gone back; one that cannot be paid does not hold up the others. Returns how many went back
/// now.
async fn take_back(
    sender: &Sender,
    l1: &HttpL1,
    leaves: &[&DepositLeaf],
    listed: &[Listed],
    tree: &DepositTree,
    step: &Step,
) -> Result<usize, Failure> {
    let (mut paid, mut failed) = (0_usize, Vec::new());
    for (leaf, listed) in leaves.iter().zip(listed) {
        step.tick();
        // A transaction that was forced through the L1 and brought nothing.
        let is_nothing = leaf.kind == KIND_ETH && leaf.value.is_zero();
        if listed.refunded || is_nothing {
            continue;
        }
        let proof = tree.proof(leaf.index);
        let proof = proof.map_err(|error| Failure::remote("proof of a deposit", error))?;
        match refund(sender, l1.binding().layer, leaf, proof).await {
            Ok(_) => paid += 1,
            Err(error) if error.is_retryable() => return Err(error.into()),
            // Somebody else was faster.
            Err(_) if l1.is_refunded(leaf.index).await? => {}
            Err(error) => failed.push(format!("deposit {}: {error}", leaf.index)),
        }
    }
    match failed.len() {
        0 => Ok(paid),
        count => {
            let what = format!("{count} of {} deposits did not go back", leaves.len());
            Err(Failure::remote(what, failed.join("; ")))
        }
    }
}

impl Listed {
    const fn new(leaf: &DepositLeaf, refunded: bool) -> Self {
        let DepositLeaf { index, from, kind, token, id, value, .. } = *leaf;
        Self { index, from, kind, token, id, value, refunded }
    }

    fn what(&self) -> String {
        let Self { kind, token, id, value, .. } = self;
        match *kind {
            KIND_ETH => format!("{} ETH", format_ether(*value)),
            KIND_ERC20 => format!("{value} of token {token}"),
            KIND_ERC721 => format!("token {id} of {token}"),
            _ => format!("{value} of token {id} of {token}"),
        }
    }
}

fn list(listed: &[Listed], refunds: Refunds, json: bool) {
    if json {
        let due_s = match refunds {
            Refunds::NotBefore(from_s) => Some(from_s),
            _ => None,
        };
        let state = match refunds {
            Refunds::NotAccepted => "notAccepted",
            Refunds::NotBefore(_) => "notDue",
            Refunds::Due => "due",
            Refunds::Started => "started",
            Refunds::Settled => "settled",
        };
        print(json!({ "refunds": state, "notBefore": due_s, "deposits": listed }));
        return;
    }
    let mut facts = Facts::new("deposited by");
    for one in listed.iter().take(SHOWN) {
        let back = if one.refunded { " (went back)" } else { "" };
        facts.row(&one.from.to_string(), format!("{}{back}", one.what()));
    }
    facts.print();
    if listed.len() > SHOWN {
        print(format_args!("... and {} more (all with --json)", listed.len() - SHOWN));
    }
    match check_due(refunds) {
        Ok(()) => print(
            "take back what one account deposited with --holder ADDRESS, everything with --all",
        ),
        Err(why) => print(why),
    }
}

fn time(unix_s: u64) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(unix_s))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Bytes;

    use super::*;

    #[test]
    fn a_contract_gets_back_what_it_deposited_under_its_alias() {
        let holder = address!("ffff000000000000000000000000000000000001");
        let leaf = |from| DepositLeaf {
            index: 0,
            l1_block: 0,
            l1_time_s: 0,
            kind: KIND_ETH,
            from,
            to: Address::ZERO,
            token: Address::ZERO,
            id: U256::ZERO,
            value: U256::ONE,
            gas_limit: 0,
            data: Bytes::new(),
        };
        assert!(is_of(&leaf(holder), holder));
        // The sum wraps at 160 bits.
        assert!(is_of(&leaf(address!("1110000000000000000000000000000000001112")), holder));
        assert!(!is_of(&leaf(address!("1110000000000000000000000000000000001113")), holder));
        assert!(!is_of(&leaf(ALIAS), holder));
    }
}
