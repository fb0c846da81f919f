//! Precompiles, which a simulation may move.

use std::collections::BTreeMap;

use alloy_primitives::{
    Address,
    map::{AddressMap, AddressSet},
};
use revm::{
    context::ContextTr,
    context_interface::Cfg,
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, InterpreterResult},
    primitives::hardfork::SpecId,
};

use super::env::spec;
use crate::chain::Fork;

/// The precompiles of a hard fork, where Ethereum has them unless they were moved.
#[derive(Debug, Clone)]
pub(super) struct Precompiles {
    ethereum: EthPrecompiles,
    /// `None` while all are at home.
    places: Option<Box<Places>>,
}

/// Where precompiles are, and what is there.
#[derive(Debug, Clone, Default)]
struct Places {
    homes: AddressMap<Address>,
    addresses: AddressSet,
}

impl Precompiles {
    pub(super) fn new(spec: SpecId) -> Self {
        Self { ethereum: EthPrecompiles::new(spec), places: None }
    }

    /// Whether there is one at `address`.
    pub(super) fn is_at(&self, address: &Address) -> bool {
        match &self.places {
            Some(places) => places.addresses.contains(address),
            None => self.ethereum.precompiles.contains(address),
        }
    }

    /// Takes the precompile at `address` away, so that what code is there is run.
    pub(super) fn remove(&mut self, address: &Address) {
        if self.is_at(address) {
            let places = self.places();
            places.homes.remove(address);
            places.addresses.remove(address);
        }
    }

    /// Makes the precompile at `from`, if one is there, answer at `to` as well.
    pub(super) fn copy(&mut self, from: &Address, to: Address) {
        let places = self.places();
        if let Some(home) = places.homes.get(from).copied() {
            places.homes.insert(to, home);
            places.addresses.insert(to);
        }
    }

    fn places(&mut self) -> &mut Places {
        let Self { ethereum, places } = self;
        places.get_or_insert_with(|| {
            let addresses = ethereum.precompiles.addresses_set().clone();
            let homes = addresses.iter().map(|address| (*address, *address)).collect();
            Box::new(Places { homes, addresses })
        })
    }
}

impl<C: ContextTr> PrecompileProvider<C> for Precompiles {
    type Output = InterpreterResult;

    /// The hard fork is fixed when a machine is made.
    fn set_spec(&mut self, spec: <C::Cfg as Cfg>::Spec) -> bool {
        PrecompileProvider::<C>::set_spec(&mut self.ethereum, spec)
    }

    fn run(
        &mut self,
        context: &mut C,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        let Some(places) = &self.places else { return self.ethereum.run(context, inputs) };
        match places.homes.get(&inputs.bytecode_address) {
            None => Ok(None),
            Some(home) => {
                let mut inputs = inputs.clone();
                inputs.bytecode_address = *home;
                self.ethereum.run(context, &inputs)
            }
        }
    }

    /// Those of the hard fork are warm, wherever they were moved. As geth.
    fn warm_addresses(&self) -> &AddressSet {
        self.ethereum.warm_addresses()
    }
}

/// Returns the precompiles of a hard fork by their names (EIP-7910).
pub fn precompiles(fork: Fork) -> BTreeMap<String, Address> {
    let all = EthPrecompiles::new(spec(fork)).precompiles.inner();
    all.iter().map(|(address, one)| (one.id().name().to_owned(), *address)).collect()
}
