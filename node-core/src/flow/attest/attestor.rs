use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use super::AttestError;
use crate::{
    chain::{
        Ancestors, DepositEvent, EXIT_SEALER, LayerConfig, SealedHeader, genesis_header, seal,
    },
    codec::record::Witness,
    execute::{Rules, VerifyError, verify},
    exit::{SLOT_SEAL_HASH, assets_hash},
    flow::unsigned::Unsigned,
    port::Settlement,
    state::{AccountInfo, AccountProof, NodeSet, StorageProof, WorldState},
};

/// All that an attestor remembers of a layer: a few kilobytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    /// Header of the last block that was found right.
    header: Header,
    /// Hashes that `BLOCKHASH` sees in the next block, oldest first, that of `header` among them.
    ancestors: Vec<B256>,
    unsigned: Unsigned,
}

impl Attested {
    /// Nothing but block 0, which the L1 names by `genesis_hash`.
    ///
    /// # Errors
    /// [`AttestError::Genesis`] when the configuration leads to another block 0.
    pub fn genesis(
        config: &LayerConfig,
        state_root: B256,
        genesis_hash: B256,
    ) -> Result<Self, AttestError> {
        config.check()?;
        let header = genesis_header(config, state_root);
        let got = header.hash_slow();
        if got != genesis_hash {
            return Err(AttestError::Genesis { expected: genesis_hash, got });
        }
        Ok(Self { header, ancestors: vec![got], unsigned: Unsigned::default() })
    }

    /// Header of the last block that was found right, with its hash.
    pub fn header(&self) -> SealedHeader {
        seal(self.header.clone())
    }

    /// Deposits taken so far.
    pub const fn deposits(&self) -> u64 {
        self.unsigned.deposits
    }

    fn ancestors(&self) -> Ancestors {
        let mut ancestors = Ancestors::default();
        let newest_first = (0..=self.header.number).rev().zip(self.ancestors.iter().rev());
        for (number, hash) in newest_first.collect::<Vec<_>>().into_iter().rev() {
            ancestors.push(number, *hash);
        }
        ancestors
    }
}

/// Executes the blocks of one layer again.
#[derive(Debug, Clone)]
pub struct Attestor {
    rules: Rules,
    layer: Address,
    attested: Attested,
}

impl Attestor {
    /// Goes on from what was attested.
    pub const fn new(config: &LayerConfig, attested: Attested) -> Self {
        Self { rules: Rules::layer(config.chain_id), layer: config.l1.layer, attested }
    }

    /// What was found right so far; to be kept before anything is said about it.
    pub const fn attested(&self) -> &Attested {
        &self.attested
    }

    /// Executes the next block. `deposits` are consecutive ones of the L1, those among them that the block
    /// takes.
    ///
    /// # Errors
    /// [`AttestError`]; what was attested stays as it was.
    pub fn block(
        &mut self,
        witness: &Witness,
        deposits: &[DepositEvent],
    ) -> Result<SealedHeader, AttestError> {
        let unsigned = self.check_unsigned(witness, deposits)?;
        let parent = self.attested.header();
        let ancestors = self.attested.ancestors();
        let number = witness.block.header.number;
        let world = partial(&parent, witness)?;
        let verified = verify(&parent, &world, &ancestors, &self.rules, &witness.block);
        let verified = verified.map_err(|error| match error {
            VerifyError::Internal(source) => AttestError::Witness { block: number, source },
            source => AttestError::Block { block: number, source },
        })?;
        let mut ancestors = ancestors;
        ancestors.push(verified.header.number, verified.header.hash());
        self.attested = Attested {
            header: verified.header.inner().clone(),
            ancestors: ancestors.iter().map(|(_, hash)| hash).collect(),
            unsigned,
        };
        Ok(verified.header)
    }

    /// Deposits come first, each as the L1 has it; what else is not signed is the system's.
    fn check_unsigned(
        &self,
        witness: &Witness,
        deposits: &[DepositEvent],
    ) -> Result<Unsigned, AttestError> {
        let block = witness.block.header.number;
        let mut unsigned = self.attested.unsigned;
        let mut first = true;
        for (index, tx) in witness.block.transactions.iter().enumerate() {
            first &= unsigned.names_deposit(self.layer, tx);
            if !first {
                if !unsigned.signed_or_system(self.layer, tx) {
                    return Err(AttestError::NotSystem { block, index });
                }
                continue;
            }
            let index = unsigned.deposits;
            let deposit = unsigned.deposit(self.layer, deposits);
            if deposit.is_none_or(|deposit| deposit.hash() != tx.hash()) {
                return Err(AttestError::Deposit { block, index });
            }
        }
        Ok(unsigned)
    }

    /// Checks that a settlement is what the blocks lead to, and nothing else.
    ///
    /// # Errors
    /// [`AttestError::Settlement`] with what differs, [`AttestError::Proof`].
    pub fn settlement(&self, settlement: &Settlement) -> Result<(), AttestError> {
        let ours = self.attested.header();
        let number = |number: u64| B256::from(U256::from(number));
        let sealed = &settlement.sealed;
        let assets = assets_hash(&settlement.assets);
        let held = proven_seal(settlement, ours.state_root)?;
        let fields = [
            ("last block", number(ours.number), number(settlement.last_block)),
            ("last block hash", ours.hash(), settlement.last_block_hash),
            ("state root", ours.state_root, settlement.state_root),
            ("seal", held, sealed.hash()),
            ("assets", sealed.assets_hash, assets),
            ("deposits", number(self.attested.deposits()), number(sealed.deposit_count)),
        ];
        match fields.into_iter().find(|(_, expected, got)| expected != got) {
            Some((field, expected, got)) => Err(AttestError::Settlement { field, expected, got }),
            None => Ok(()),
        }
    }
}

/// What of the state after `parent` is in the witness, every node checked by its hash.
fn partial(parent: &SealedHeader, witness: &Witness) -> Result<WorldState, AttestError> {
    let nodes: NodeSet = witness.nodes.iter().cloned().collect();
    let mut world = WorldState::from_root(parent.state_root);
    let block = witness.block.header.number;
    world.reveal_nodes(&nodes).map_err(|source| AttestError::Node { block, source })?;
    world.add_codes(witness.codes.iter().cloned());
    Ok(world)
}

/// What the sealer's slot holds in the state with this root, by the proof in the settlement.
fn proven_seal(settlement: &Settlement, state_root: B256) -> Result<B256, AttestError> {
    let mut world = WorldState::from_root(state_root);
    // What a proof says beside its nodes is not looked at: here that is nothing.
    let slot = StorageProof {
        key: SLOT_SEAL_HASH,
        value: U256::ZERO,
        proof: settlement.storage_proof.clone(),
    };
    world.reveal(&AccountProof {
        address: EXIT_SEALER,
        info: AccountInfo::default(),
        storage_root: B256::ZERO,
        account_proof: settlement.account_proof.clone(),
        storage_proofs: vec![slot],
    })?;
    Ok(world.storage(&EXIT_SEALER, &SLOT_SEAL_HASH).unwrap_or_default().into())
}
