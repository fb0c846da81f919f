use crate::{
    chain::{Ancestors, Block, LayerConfig, SealedHeader, Transaction, genesis_header, seal},
    execute::{Built, NextBlock, Rules, Verified, VerifyError, build_exactly, verify},
    state::WorldState,
};

/// A chain that is executed again from block 0, by whoever does not trust its author.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    rules: Rules,
    header: SealedHeader,
    world: WorldState,
    ancestors: Ancestors,
}

impl Replay {
    /// Starts at block 0, whose state is `world`.
    pub(super) fn start(config: &LayerConfig, world: WorldState) -> Self {
        let header = seal(genesis_header(config, world.root()));
        let mut ancestors = Ancestors::default();
        ancestors.push(header.number, header.hash());
        Self { rules: Rules::layer(config.chain_id), header, world, ancestors }
    }

    /// Executes the next block and compares all that it claims.
    pub(super) fn verify(&mut self, block: &Block) -> Result<Verified, VerifyError> {
        let verified = verify(&self.header, &self.world, &self.ancestors, &self.rules, block)?;
        self.advance(&verified.header, &verified.world);
        Ok(verified)
    }

    /// Builds the next block from its inputs; it is the newest from then on.
    pub(super) fn build(
        &mut self,
        env: NextBlock,
        transactions: &[Transaction],
    ) -> Result<Built, VerifyError> {
        let Self { rules, header, world, ancestors } = self;
        let built = build_exactly(header, world, ancestors, rules, env, transactions)?;
        self.advance(&built.header, &built.world);
        Ok(built)
    }

    /// Header of the newest block.
    pub(super) const fn header(&self) -> &SealedHeader {
        &self.header
    }

    /// State after the newest block.
    pub(super) const fn world(&self) -> &WorldState {
        &self.world
    }

    fn advance(&mut self, header: &SealedHeader, world: &WorldState) {
        self.ancestors.push(header.number, header.hash());
        self.header = header.clone();
        self.world = world.clone();
    }
}
