use std::mem;

use super::FlowError;
use crate::{
    chain::{Ancestors, SealedHeader},
    flow::{Tip, pages::Pages},
    state::WorldState,
};

/// What a block is built on: the block before it, committed or about to be.
///
/// The state moves from parent to child: a block changes it in place, which a clone anywhere would prevent.
#[derive(Debug)]
pub(super) struct Parent {
    pub(super) header: SealedHeader,
    pub(super) world: WorldState,
    /// Hashes that `BLOCKHASH` sees in the child, the parent's among them.
    pub(super) ancestors: Ancestors,
    pub(super) pages: Pages,
    /// The last block needed something that was not loaded, or none was built yet.
    pub(super) is_cold: bool,
}

impl Parent {
    /// Takes the state of `tip`, of which only the root is known until it is given back.
    pub(super) fn take(tip: &mut Tip) -> Self {
        Self {
            world: mem::replace(&mut tip.world, WorldState::from_root(tip.header.state_root)),
            header: tip.header.clone(),
            ancestors: tip.ancestors.clone(),
            pages: tip.pages.clone(),
            is_cold: tip.is_cold,
        }
    }

    /// What follows `tip`: a block that is not committed yet, with the state after it.
    pub(super) fn after(tip: &Tip, header: SealedHeader, world: WorldState) -> Self {
        let mut ancestors = tip.ancestors.clone();
        ancestors.push(header.number, header.hash());
        Self { header, world, ancestors, pages: tip.pages.clone(), is_cold: tip.is_cold }
    }

    /// Gives `tip`, which is this block, what is left of the state: all of it, if no child was built.
    pub(super) fn give_back(self, tip: &mut Tip) {
        tip.world = self.world;
        tip.is_cold = self.is_cold;
    }

    /// Reads the state, loading what that takes.
    pub(super) async fn with<T, E>(
        &mut self,
        read: impl FnMut(&WorldState) -> Result<T, E> + Send,
    ) -> Result<T, FlowError>
    where
        FlowError: From<E>,
    {
        self.pages.with(&mut self.world, read).await
    }

    /// Loads what a failure says is missing; the failure itself, when loading does not mend it.
    pub(super) async fn load(&mut self, error: FlowError) -> Result<(), FlowError> {
        let needs = error.needs();
        if needs.is_empty() {
            return Err(error);
        }
        self.pages.load(&mut self.world, &needs).await
    }
}
