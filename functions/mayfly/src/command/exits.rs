use alloy::primitives::utils::format_units;
use node_core::{
    exit::{KIND_BULK721, KIND_ERC721, KIND_ERC1155, KIND_ETH, KIND_TWIN721, KIND_TWIN1155},
    flow::teardown::preview::{Preview, PreviewedAsset, PreviewedExit},
};
use reqwest::Method;

use super::status::running;
use crate::{
    cli::Exits,
    client::Client,
    failure::Failure,
    runner::Place,
    ui::{Facts, print},
};

/// Most exits in a table; with --json there are all.
const SHOWN: usize = 50;

/// Asks the running layer who would get what if it ended now.
pub(crate) async fn run(options: Exits, json: bool) -> Result<(), Failure> {
    let answers = running(&Place::new(&options.place.dir))?;
    let client = Client::connect(&answers.url)?;
    let path = "/operator/exits";
    let bytes = client.operator_bytes(Method::GET, path, &answers.operator_token).await?;
    let odd = |error| Failure::remote("preview of the exits", error);
    let preview: Preview = serde_json::from_slice(&bytes).map_err(odd)?;
    if json {
        print(serde_json::to_string(&preview).map_err(odd)?);
    } else {
        show(&preview);
    }
    Ok(())
}

/// Contracts come first: what they hold may reach nobody.
fn show(preview: &Preview) {
    let mut facts = Facts::new(&format!("if the layer ended after block {}", preview.block));
    for exit in preview.exits.iter().take(SHOWN) {
        facts.row(&receiver(exit), what(exit, &preview.assets));
    }
    facts.print();
    if preview.exits.len() > SHOWN {
        print(format_args!("... and {} more (all with --json)", preview.exits.len() - SHOWN));
    }
    for token in &preview.dropped {
        let (swept, supply) = (token.swept, token.supply);
        let why = format!("its holders say {swept}, it says {supply}");
        print(format_args!("{} does not exit: {why}", token.token));
    }
    let orphans = preview.exits.iter().filter(|exit| exit.is_orphan()).count();
    if orphans > 0 {
        print(format_args!(
            "{orphans} exits go to contracts of the layer: nobody may have their addresses on the L1"
        ));
    }
}

fn receiver(exit: &PreviewedExit) -> String {
    match exit.held_by_contract {
        false => exit.leaf.recipient.to_string(),
        true if exit.is_orphan() => format!("{} (a contract)", exit.holder),
        true => format!("{} (named by contract {})", exit.leaf.recipient, exit.holder),
    }
}

fn what(exit: &PreviewedExit, assets: &[PreviewedAsset]) -> String {
    let leaf = &exit.leaf;
    let place = usize::try_from(leaf.asset).unwrap_or(usize::MAX);
    let Some(asset) = assets.get(place) else { return format!("asset {}", leaf.asset) };
    let name = match (asset.kind, asset.symbol.as_str()) {
        (KIND_ETH, _) => "ETH".to_owned(),
        (_, "") => asset.token.to_string(),
        (_, symbol) => symbol.to_owned(),
    };
    let amount =
        || format_units(leaf.value, asset.decimals).unwrap_or_else(|_| leaf.value.to_string());
    match asset.kind {
        KIND_ERC721 | KIND_TWIN721 | KIND_BULK721 => format!("{name} #{}", leaf.id),
        KIND_ERC1155 | KIND_TWIN1155 => format!("{} of {name} #{}", leaf.value, leaf.id),
        _ => format!("{} {name}", amount()),
    }
}
