use std::sync::Arc;

use super::{AttestError, Attested, Attestor};
use crate::{
    chain::{DepositEvent, L1Origin, LayerConfig, SealedHeader},
    codec::{
        names,
        record::{Record, Witness},
    },
    flow::{rebuild::GenesisTerms, register},
    port::{L1, PortError, Registers, Version, Witnesses},
};

/// L1 blocks asked for at a time. Public nodes refuse log queries over more than a few thousand.
const SPAN: u64 = 2_000;

/// Why an attestor stopped.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The layer, or what was said of it, is wrong: a person must look.
    #[error(transparent)]
    Attest(#[from] AttestError),
    /// A store, the L1 or the source of witnesses.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// An attestor at work: with a small store of its own, its own L1 node, and witnesses from anybody.
pub struct Attesting {
    config: LayerConfig,
    registers: Arc<dyn Registers>,
    l1: Arc<dyn L1>,
    witnesses: Arc<dyn Witnesses>,
    attestor: Attestor,
    version: Option<Version>,
    /// Deposits that no block has taken yet, and the L1 block from which on more are read.
    deposits: Vec<DepositEvent>,
    next_l1_block: u64,
}

impl core::fmt::Debug for Attesting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Attesting")
            .field("attested", self.attestor.attested())
            .finish_non_exhaustive()
    }
}

impl Attesting {
    /// Goes on where the store says that the attestor is, else at block 0 as the L1 names it.
    ///
    /// # Errors
    /// [`AttestError::Genesis`] when the configuration is of another layer; the store's errors.
    pub async fn open(
        config: LayerConfig,
        genesis: &GenesisTerms,
        registers: Arc<dyn Registers>,
        l1: Arc<dyn L1>,
        witnesses: Arc<dyn Witnesses>,
    ) -> Result<Self, FollowError> {
        let held = register::load::<Attested>(&*registers, names::ATTESTED).await?;
        let (version, attested) = match held {
            Some(held) => (Some(held.version), held.value),
            None => (None, Attested::genesis(&config, genesis.state_root, genesis.hash)?),
        };
        let attestor = Attestor::new(&config, attested);
        let next_l1_block = config.l1.opened_in_block;
        let deposits = Vec::new();
        Ok(Self { config, registers, l1, witnesses, attestor, version, deposits, next_l1_block })
    }

    /// Executes every block that there is a witness of; returns the newest.
    ///
    /// What was found right is stored after each block, before anything is said about it.
    ///
    /// # Errors
    /// [`FollowError::Attest`] for a block that is wrong; those of the ports.
    pub async fn catch_up(&mut self) -> Result<SealedHeader, FollowError> {
        loop {
            let newest = self.attestor.attested().header();
            let Some(frame) = self.witnesses.witness(newest.number + 1).await? else {
                return Ok(newest);
            };
            let name = format!("witness of block {}", newest.number + 1);
            let witness =
                Witness::from_frame(&frame).map_err(|error| PortError::corrupt(&name, &error))?;
            self.check_origin(&witness, &newest).await?;
            match self.attestor.block(&witness, &self.deposits) {
                // The L1 may have it by now.
                Err(AttestError::Deposit { .. }) if self.read_deposits().await? => {
                    self.attestor.block(&witness, &self.deposits)?;
                }
                other => drop(other?),
            }
            self.keep().await?;
        }
    }

    /// What was found right so far.
    pub const fn attestor(&self) -> &Attestor {
        &self.attestor
    }

    /// The layer.
    pub const fn config(&self) -> &LayerConfig {
        &self.config
    }

    /// Checks the L1 block that a block rests on, where it is another one than the parent's: the attestor's own L1
    /// has it, as settled as the layer asks, and all deposits up to it were on the layer before the block.
    async fn check_origin(
        &self,
        witness: &Witness,
        parent: &SealedHeader,
    ) -> Result<(), FollowError> {
        // What is no L1 block, or does not follow, is found wrong with the rest of the header.
        let origin = L1Origin::of(&witness.block.header).unwrap_or_default();
        let before = L1Origin::of(parent).unwrap_or_default();
        let Some(origin) = origin.filter(|origin| before.as_ref() != Some(origin)) else {
            return Ok(());
        };
        let (block, number) = (witness.block.header.number, origin.number);
        let settled = self.l1.newest(self.config.l1.finality).await?.number;
        if number > settled {
            let reason = format!("it is not settled enough; {settled} is");
            return Err(PortError::unavailable(format!("L1 block {number}"), reason).into());
        }
        let wrong = |reason| AttestError::Origin { block, number, reason };
        if self.l1.block(number).await? != origin {
            return Err(wrong("the L1 has another hash or time there").into());
        }
        let taken = self.attestor.attested().deposits();
        let mut first = before.map_or(self.config.l1.opened_in_block, |before| before.number + 1);
        while first <= number {
            let last = number.min(first + SPAN - 1);
            let deposits = self.l1.deposits(first, last).await?;
            if deposits.iter().any(|deposit| deposit.index >= taken) {
                return Err(wrong("a deposit up to it is not on the layer").into());
            }
            first = last + 1;
        }
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), PortError> {
        let attested = self.attestor.attested();
        let stored = register::store(&*self.registers, names::ATTESTED, self.version, attested);
        self.version = Some(stored.await?);
        let taken = attested.deposits();
        self.deposits.retain(|deposit| deposit.index >= taken);
        Ok(())
    }

    /// Reads what deposits the L1 has by now, as settled as the layer asks; returns whether there were any.
    async fn read_deposits(&mut self) -> Result<bool, PortError> {
        let last = self.l1.newest(self.config.l1.finality).await?.number;
        let before = self.deposits.len();
        let taken = self.attestor.attested().deposits();
        while self.next_l1_block <= last {
            let until = last.min(self.next_l1_block + SPAN - 1);
            let found = self.l1.deposits(self.next_l1_block, until).await?;
            self.deposits.extend(found.into_iter().filter(|deposit| deposit.index >= taken));
            self.next_l1_block = until + 1;
        }
        Ok(self.deposits.len() > before)
    }
}
