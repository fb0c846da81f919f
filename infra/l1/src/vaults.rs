//! Claim codes on the L1: what nobody claimed while its layer was open waits in the vault of its code.
//!
//! A claim code is a private key. The exits of a layer go to an address that follows from it, where nothing is until
//! somebody shows a word of the key for a recipient to `ClaimVaults` (`infra/contracts`). The word names the recipient,
//! so whoever sees it on its way gets nothing from it; the code itself never leaves its holder's machine.

use core::{fmt, str::FromStr};

use alloy::{
    primitives::{Address, B256, Bytes, U256, hex, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolStruct, eip712_domain},
};
use mayfly_contracts::ClaimVaults;
pub use mayfly_contracts::ClaimVaults::Held;
use node_core::{
    exit::{ExitLeaf, KIND_BULK721, KIND_ERC721, KIND_ETH, KIND_TWIN721},
    port::{L1Receipt, PortError},
};

use crate::{
    NotAKey, Sender,
    organiser::{Deployment, deploy},
    sender::{Act, port_receipt},
};

sol! {
    /// The word of a claim code, for EIP-712.
    struct Release {
        address to;
    }
}

/// Creation code of a vault, before and after the address of the code that all vaults share: solady's `LibClone`.
const CLONE: (&[u8], &[u8]) =
    (&hex!("602c3d8160093d39f33d3d3d3d363d3d37363d73"), &hex!("5af43d3d93803e602a57fd5bf3"));

/// A claim code. It is never shown but by [`ClaimCode::to_text`].
#[derive(Clone)]
pub struct ClaimCode(PrivateKeySigner);

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimCode").field("vault", &self.vault()).finish_non_exhaustive()
    }
}

/// The text is no claim code; it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a claim code, 64 hex digits")]
pub struct NotACode;

impl From<NotAKey> for NotACode {
    fn from(_: NotAKey) -> Self {
        Self
    }
}

impl FromStr for ClaimCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        let digits = text.trim();
        let secret: B256 = digits.parse().map_err(|_| NotACode)?;
        Ok(Self::new(&secret)?)
    }
}

impl ClaimCode {
    /// Takes the key that is the code.
    ///
    /// # Errors
    /// [`NotAKey`] for zero, and for what is not below the order of the group.
    pub fn new(secret: &B256) -> Result<Self, NotAKey> {
        PrivateKeySigner::from_bytes(secret).map(Self).map_err(|_| NotAKey)
    }

    /// The code as its holder keeps it: whoever reads it can claim.
    pub fn to_text(&self) -> String {
        hex::encode(self.0.to_bytes())
    }

    /// Address where what belongs to the code waits on the L1, the same on every chain.
    pub fn vault(&self) -> Address {
        let vaults = claim_vaults_address();
        // The code that vaults share is the first thing that `ClaimVaults` has created.
        let code = [CLONE.0, vaults.create(1).as_slice(), CLONE.1].concat();
        vaults.create2(self.0.address().into_word(), keccak256(code))
    }

    /// The word of the key for `to`, on the L1 with this chain id.
    fn word(&self, to: Address, chain_id: u64) -> Bytes {
        let domain = eip712_domain! {
            name: "Mayfly",
            version: "1",
            chain_id: chain_id,
            verifying_contract: claim_vaults_address(),
        };
        let hash = Release { to }.eip712_signing_hash(&domain);
        self.0.sign_hash_sync(&hash).expect("a key in memory signs").as_bytes().into()
    }
}

/// Returns where [`release`] finds `ClaimVaults`, or puts it: the same address on every chain.
#[must_use]
pub fn claim_vaults_address() -> Address {
    claim_vaults().address
}

fn claim_vaults() -> Deployment {
    Deployment::new("deploy ClaimVaults", &ClaimVaults::BYTECODE, &[])
}

/// Says what of an exit that was paid is in the vault of `code` now; `None` when it is not there any more.
///
/// Of ERC-20 and ERC-1155 that is not known before it is tried.
///
/// # Errors
/// [`PortError::Unavailable`], or [`PortError::Refused`] when there is no such layer.
pub async fn held(
    sender: &Sender,
    layer: Address,
    code: &ClaimCode,
    leaf: &ExitLeaf,
) -> Result<Option<Held>, PortError> {
    let node = sender.node();
    if leaf.asset == 0 {
        let is_there = node.balance_of(code.vault()).await? >= leaf.value;
        let (token, id) = (Address::ZERO, U256::ZERO);
        return Ok(is_there.then_some(Held { kind: KIND_ETH, token, id, value: leaf.value }));
    }
    let kinds = node.kinds(layer).await?;
    let place = usize::try_from(leaf.asset).unwrap_or(usize::MAX);
    let (Some(kind), Some(token)) = (kinds.get(place), node.twin_of(layer, leaf.asset).await?)
    else {
        return Ok(None);
    };
    let is_collection = [KIND_ERC721, KIND_TWIN721, KIND_BULK721].contains(kind);
    if is_collection && node.owner_of(token, leaf.id).await? != Some(code.vault()) {
        return Ok(None);
    }
    Ok(Some(Held { kind: *kind, token, id: leaf.id, value: leaf.value }))
}

/// Hands what is in the vault of `code` to `to`; `sender` pays the gas, and deploys `ClaimVaults` where it is not yet.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `NotReleased` says which of `held` is not there.
pub async fn release(
    sender: &Sender,
    code: &ClaimCode,
    to: Address,
    held: Vec<Held>,
) -> Result<L1Receipt, PortError> {
    let vaults = claim_vaults();
    let address = vaults.address;
    deploy(sender, [vaults]).await?;
    let signature = code.word(to, sender.node().chain_id());
    let call = ClaimVaults::releaseCall { key: code.0.address(), to, signature, held };
    let input = call.abi_encode().into();
    let act = Act { what: "release", to: address, input, value: U256::ZERO };
    Ok(port_receipt(&sender.send(act).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_written_and_not_shown_otherwise() {
        let code = ClaimCode::new(&B256::repeat_byte(0x11)).expect("a key");
        let text = code.to_text();
        assert_eq!(text, "11".repeat(32));
        let again: ClaimCode = format!(" 0x{text}\n").parse().expect("a code");
        assert_eq!(again.vault(), code.vault());
        assert!(!format!("{code:?}").contains("1111111111"), "{code:?}");
        for text in ["", "0x", "11", &"00".repeat(32), &"ff".repeat(32), &"zz".repeat(32)] {
            assert_eq!(text.parse::<ClaimCode>().err(), Some(NotACode), "{text}");
        }
    }
}
