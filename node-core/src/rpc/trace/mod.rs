//! What happened inside transactions: `debug_trace*` as geth, `trace_*` as `OpenEthereum`, `ots_*` for Otterscan.

pub(super) mod geth;
pub(super) mod otterscan;
pub(super) mod parity;
mod past;
