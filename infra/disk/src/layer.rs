use std::sync::Arc;

use node_core::{chain::LayerId, port::PortError};
use redb::ReadTransaction;

use crate::{disk::Directory, error::RowError, queue::Queue, tables::Tables};

/// The stores of one layer in a directory: implements every port.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) id: LayerId,
    pub(crate) directory: Arc<Directory>,
}

impl Layer {
    pub(crate) fn read<T>(
        &self,
        what: &'static str,
        read: impl FnOnce(&ReadTransaction) -> Result<T, RowError>,
    ) -> Result<T, PortError> {
        self.directory.ledger.read(what, read)
    }

    /// Reads what waits in the inbox.
    pub(crate) fn queue<T>(
        &self,
        what: &'static str,
        read: impl FnOnce(&Queue) -> T,
    ) -> Result<T, PortError> {
        let queues = self.directory.ledger.queues();
        queues.read(self.id, read).map_err(|error| error.into_port(what))
    }

    pub(crate) async fn write<T, F>(&self, what: &'static str, apply: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tables<'_>) -> Result<T, RowError> + Send + 'static,
    {
        self.directory.ledger.write(what, apply).await
    }
}
