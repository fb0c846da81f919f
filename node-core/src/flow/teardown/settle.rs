//! The settlement: what the sealer sealed, with its proof against the final state root.

use alloy_primitives::{B256, TxKind};
use alloy_sol_types::SolCall;

use super::{FlowError, exits};
use crate::{
    chain::EXIT_SEALER,
    execute::{CallOutcome, CallRequest, SupplyLedger},
    exit::{Asset, IExitSealer, SLOT_SEAL_HASH, SealedOutput, assets_hash},
    flow::{Tip, sequence::Context},
    port::{L1Settlement, PortError, Settlement},
    state::WorldState,
};

/// Makes the settlement of a sealed layer.
///
/// Leaves come from the logs, assets from the sealer; both must hash to what the state says.
pub(super) async fn settlement(context: &Context) -> Result<Settlement, FlowError> {
    let mut tip = Tip::open(&context.stores).await?;
    let assets = assets(&mut tip, context).await?;
    let leaves = exits::collect(&context.stores).await?;
    let tree = exits::Exits::new(leaves);
    let deposits = |world: &WorldState| world.storage(&EXIT_SEALER, &SupplyLedger::DEPOSITS);
    let deposits = tip.with(deposits).await?;
    let sealed = SealedOutput {
        exit_root: tree.tree().root(),
        leaf_count: u32::try_from(tree.leaves().len()).unwrap_or(u32::MAX),
        depth: tree.tree().depth(),
        deposit_count: u64::try_from(deposits).unwrap_or(u64::MAX),
        assets_hash: assets_hash(&assets),
    };
    check_seal(&mut tip, &sealed).await?;
    let proof = tip.with(|world| world.prove(EXIT_SEALER, &[SLOT_SEAL_HASH])).await?;
    let storage_proof =
        proof.storage_proofs.into_iter().next().map(|slot| slot.proof).unwrap_or_default();
    Ok(Settlement {
        last_block: tip.header.number,
        last_block_hash: tip.header.hash(),
        state_root: tip.header.state_root,
        sealed,
        assets,
        account_proof: proof.account_proof,
        storage_proof,
    })
}

/// Checks that the L1 holds this settlement and no other.
pub(super) fn check(ours: &Settlement, held: &L1Settlement) -> Result<(), FlowError> {
    if held.state_root == ours.state_root && held.exit_root == ours.sealed.exit_root {
        return Ok(());
    }
    let reason = format!(
        "expected state root {} and exit root {}, the L1 has {} and {}",
        ours.state_root, ours.sealed.exit_root, held.state_root, held.exit_root
    );
    Err(PortError::Corrupt { name: "settlement on the L1".to_owned(), reason }.into())
}

async fn check_seal(tip: &mut Tip, sealed: &SealedOutput) -> Result<(), FlowError> {
    let held = tip.with(|world| world.storage(&EXIT_SEALER, &SLOT_SEAL_HASH)).await?;
    let expected = B256::from(held);
    let got = sealed.hash();
    if got == expected { Ok(()) } else { Err(FlowError::SealHash { expected, got }) }
}

async fn assets(tip: &mut Tip, context: &Context) -> Result<Vec<Asset>, FlowError> {
    let request = CallRequest {
        to: TxKind::Call(EXIT_SEALER),
        input: IExitSealer::assetsCall {}.abi_encode().into(),
        ..CallRequest::default()
    };
    let corrupt =
        |reason: String| PortError::Corrupt { name: "assets of the sealer".into(), reason };
    match tip.call(&context.rules, &request).await? {
        CallOutcome::Success { output, .. } => IExitSealer::assetsCall::abi_decode_returns(&output)
            .map_err(|error| corrupt(error.to_string()).into()),
        other => Err(corrupt(format!("the call failed: {other:?}")).into()),
    }
}
