use node_core::port::PortError;

use super::{Truth, at_once};
use crate::{Property, process::ProcessId, random::Random};

impl Truth {
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
