use std::path::Path;

use serde_json::json;

use crate::{
    cli::Archive,
    failure::Failure,
    runner::{Exported, read_bundle, serve_archive},
    ui::{Facts, print},
};

/// Serves a chain until Ctrl-C.
pub(crate) async fn run(options: Archive, json: bool) -> Result<(), Failure> {
    let exported = match (&options.genesis, &options.chain, &options.bundle) {
        (Some(genesis), Some(chain), None) => of_files(genesis, chain)?,
        (_, _, Some(bundle)) => Exported::of_bundle(&read_bundle(bundle)?)?,
        _ => {
            let reason = "expected --genesis with --chain, or --bundle".to_owned();
            return Err(Failure::Option { option: "--chain", reason });
        }
    };
    let state = options.state.as_deref().map(|path| find_state(&exported, path)).transpose()?;
    let served = serve_archive(exported, options.port, options.pool).await?;
    if json {
        print(json!({
            "rpcUrl": served.url,
            "chainId": served.chain_id,
            "block": served.head,
            "stateOfBlock": state,
        }));
    } else {
        let mut facts = Facts::new("archive");
        facts
            .row("RPC URL", &served.url)
            .row("chain id", served.chain_id)
            .row("newest block", served.head);
        if let Some(number) = state {
            facts.row("the state is that of block", number);
        }
        facts.print();
    }
    served.until_stopped().await;
    Ok(())
}

fn find_state(exported: &Exported, path: &Path) -> Result<u64, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    let file = serde_json::from_slice(&text).map_err(|error| Failure::file(path, error))?;
    exported.find_state(&file)
}

fn of_files(genesis: &Path, chain: &Path) -> Result<Exported, Failure> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| Failure::file(path, error));
    let file =
        serde_json::from_slice(&read(genesis)?).map_err(|error| Failure::file(genesis, error))?;
    Exported::of_files(&file, &read(chain)?)
}
