//! Blobs as the L1 wants them (commitments, cell proofs) and where to get them back.

use alloy::{
    eips::{
        eip4844::{Blob, Bytes48, kzg_to_versioned_hash},
        eip7594::BlobTransactionSidecarEip7594,
    },
    primitives::B256,
};
use c_kzg::{KzgSettings, ethereum_kzg_settings};
use node_core::port::PortError;

/// No table ahead of time: it would take longer than the few blobs of a batch.
const PRECOMPUTE: u64 = 0;

/// Blobs with what the L1 checks them by (EIP-7594).
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) sidecar: BlobTransactionSidecarEip7594,
    pub(crate) hashes: Vec<B256>,
}

impl Sealed {
    /// Computes commitments and cell proofs: 128 of them a blob, about a fifth of a second.
    pub(crate) fn new(blobs: Vec<Blob>) -> Result<Self, PortError> {
        let settings = ethereum_kzg_settings(PRECOMPUTE);
        let (mut commitments, mut cell_proofs) = (Vec::new(), Vec::new());
        for blob in &blobs {
            let blob = c_kzg::Blob::from_bytes(blob.as_slice()).map_err(|error| refused(&error))?;
            commitments.push(commitment(settings, &blob)?);
            let proofs = settings.compute_cells_and_kzg_proofs(&blob);
            let (_, proofs) = proofs.map_err(|error| refused(&error))?;
            cell_proofs.extend(proofs.iter().map(|proof| Bytes48::from(*proof.to_bytes())));
        }
        let hashes = commitments.iter().map(|one| kzg_to_versioned_hash(one.as_slice())).collect();
        let sidecar = BlobTransactionSidecarEip7594 { blobs, commitments, cell_proofs };
        Ok(Self { sidecar, hashes })
    }
}

/// The hash by which the L1 names a blob (EIP-4844).
pub(crate) fn versioned_hash(blob: &Blob) -> Result<B256, PortError> {
    let settings = ethereum_kzg_settings(PRECOMPUTE);
    let blob = c_kzg::Blob::from_bytes(blob.as_slice()).map_err(|error| refused(&error))?;
    Ok(kzg_to_versioned_hash(commitment(settings, &blob)?.as_slice()))
}

fn commitment(settings: &KzgSettings, blob: &c_kzg::Blob) -> Result<Bytes48, PortError> {
    let commitment = settings.blob_to_kzg_commitment(blob).map_err(|error| refused(&error))?;
    Ok(Bytes48::from(*commitment.to_bytes()))
}

fn refused(error: &c_kzg::Error) -> PortError {
    PortError::Refused { what: "blob".to_owned(), reason: error.to_string() }
}
