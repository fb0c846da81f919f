use std::sync::Arc;

use node_core::{chain::LayerId, port::PortError};
use redb::ReadTransaction;

use crate::{disk::Directory, error::RowError, tables::Tables};

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

    pub(crate) async fn write<T, F>(&self, what: &'static str, apply: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tables<'_>) -> Result<T, RowError> + Send + 'static,
    {
        self.directory.ledger.write(what, apply).await
    }
}
