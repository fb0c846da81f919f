use node_core::{flow::teardown::bundle::Bundle, port::PortError};

use super::{Truth, at_once};
use crate::{Property, process::ProcessId, random::Random};

/// How long faults happen again when a layer is about to be erased: that comes long after all others are over.
const STIRRED_S: u64 = 60;

impl Truth {
    /// Somebody kept what auditors need, in place of what was kept before.
    pub(crate) fn bundle_kept(&self, by: ProcessId, bundle: &Bundle) {
        let mut seen = self.seen();
        let (last, count) = (bundle.blocks.last(), bundle.blocks.len());
        let last = last.map(|block| block.header.hash_slow());
        let of_chain = seen.chain.blocks.last().map(|(hash, _)| *hash);
        if last != of_chain || count + 1 != seen.chain.blocks.len() {
            let all = seen.chain.blocks.len() - 1;
            let what = format!("{by} keeps {count} of {all} blocks, the last one is {last:?}");
            self.sim.violate(Property::AuditorsGetTheWholeLayer, what, vec!["phase".to_owned()]);
        }
        if !core::mem::replace(&mut seen.is_bundle_kept, true)
            && self.sim.with_random(|random| random.chance(5_000))
        {
            self.sim.stir(STIRRED_S);
        }
        self.sim.note(by, 10, || format!("phase: a bundle of {count} blocks is kept"));
    }

    /// Deletes objects, which only an end that may erase does.
    pub(crate) fn delete(&self, by: ProcessId, names: &[String]) -> Result<(), PortError> {
        self.check_disposable(by, "objects");
        at_once(self.stores.objects.delete(names))
    }

    /// Erases half of the ledger, whichever.
    pub(crate) fn erase_some(&self, by: ProcessId) -> Result<(), PortError> {
        self.check_disposable(by, "the ledger");
        let mut random = self.sim.with_random(Random::fork);
        self.memory.erase_some(|| random.chance(5_000));
        Ok(())
    }

    /// Erases the ledger.
    pub(crate) fn erase(&self, by: ProcessId) -> Result<u64, PortError> {
        self.check_disposable(by, "the ledger");
        at_once(self.stores.stored.erase())
    }

    fn check_disposable(&self, by: ProcessId, what: &str) {
        self.seen().is_erasing = true;
        let view = self.l1.finalized();
        if !view.disposable {
            let what = format!("{by} erases {what}, the L1 says {view:?}");
            let about = vec!["phase".to_owned(), "L1".to_owned()];
            self.sim.violate(Property::NothingIsErasedBeforeItMayBe, what, about);
        }
    }
}
