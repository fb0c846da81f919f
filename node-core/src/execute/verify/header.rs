//! What a header must say before anything is executed.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_eips::eip1559::{BaseFeeParams, GAS_LIMIT_BOUND_DIVISOR};
use alloy_primitives::B64;

use super::{
    super::rules::{BLOBS, Protocol},
    error::InvalidBlock,
};
use crate::chain::{L1Origin, SealedHeader};

/// Yellow Paper 4.4.4.
const EXTRA_DATA_BYTES: usize = 32;

/// Yellow Paper 4.4.4: no gas limit is below this.
const LEAST_GAS_LIMIT: u64 = 5000;

/// Checks a header against its parent's.
pub(super) fn check(
    header: &Header,
    parent: &SealedHeader,
    protocol: Protocol,
) -> Result<(), InvalidBlock> {
    check_place(header, parent, protocol)?;
    check_gas_limit(header, parent, protocol)?;
    check_fees(header, parent, protocol)?;
    check_blob_gas(header, parent, protocol)?;
    check_shape(header)?;
    match protocol {
        Protocol::Ethereum => Ok(()),
        Protocol::Layer => check_origin(header, parent),
    }
}

/// A layer rests on one L1 block after the other, and never on none again.
fn check_origin(header: &Header, parent: &Header) -> Result<(), InvalidBlock> {
    let read = |header: &Header| {
        L1Origin::of(header)
            .map_err(|_| InvalidBlock::Shape { field: "L1 block in the extra data" })
    };
    let (before, origin) = (read(parent)?, read(header)?);
    let follows = origin.map_or(before.is_none(), |origin| origin.may_follow(before.as_ref()));
    if follows {
        return Ok(());
    }
    let number = |origin: Option<L1Origin>| origin.map_or(0, |origin| origin.number);
    Err(InvalidBlock::Origin { parent: number(before), got: number(origin) })
}

fn check_place(
    header: &Header,
    parent: &SealedHeader,
    protocol: Protocol,
) -> Result<(), InvalidBlock> {
    if header.parent_hash != parent.hash() {
        return Err(InvalidBlock::ParentHash { expected: parent.hash(), got: header.parent_hash });
    }
    let expected = parent.number.saturating_add(1);
    if header.number != expected {
        return Err(InvalidBlock::Number { expected, got: header.number });
    }
    let least = match protocol {
        Protocol::Ethereum => parent.timestamp.saturating_add(1),
        Protocol::Layer => parent.timestamp,
    };
    if header.timestamp < least {
        return Err(InvalidBlock::Timestamp { least, got: header.timestamp });
    }
    Ok(())
}

fn check_gas_limit(
    header: &Header,
    parent: &SealedHeader,
    protocol: Protocol,
) -> Result<(), InvalidBlock> {
    let (least, most) = match protocol {
        Protocol::Layer => (parent.gas_limit, parent.gas_limit),
        Protocol::Ethereum => {
            let step = (parent.gas_limit / GAS_LIMIT_BOUND_DIVISOR).saturating_sub(1);
            let least = parent.gas_limit.saturating_sub(step).max(LEAST_GAS_LIMIT);
            (least, parent.gas_limit.saturating_add(step))
        }
    };
    let got = header.gas_limit;
    if !(least..=most).contains(&got) {
        return Err(InvalidBlock::GasLimit { least, most, got });
    }
    if header.gas_used > got {
        return Err(InvalidBlock::GasUsedAboveLimit { limit: got, got: header.gas_used });
    }
    Ok(())
}

fn check_fees(
    header: &Header,
    parent: &SealedHeader,
    protocol: Protocol,
) -> Result<(), InvalidBlock> {
    let expected = match protocol {
        Protocol::Layer => parent.base_fee_per_gas,
        Protocol::Ethereum => parent.next_block_base_fee(BaseFeeParams::ethereum()),
    };
    let expected = expected.ok_or(InvalidBlock::Shape { field: "parent's base fee" })?;
    if header.base_fee_per_gas != Some(expected) {
        return Err(InvalidBlock::BaseFee { expected, got: header.base_fee_per_gas });
    }
    if protocol == Protocol::Layer && header.beneficiary != parent.beneficiary {
        let (expected, got) = (parent.beneficiary, header.beneficiary);
        return Err(InvalidBlock::Beneficiary { expected, got });
    }
    Ok(())
}

fn check_blob_gas(
    header: &Header,
    parent: &SealedHeader,
    protocol: Protocol,
) -> Result<(), InvalidBlock> {
    let expected = match protocol {
        Protocol::Layer => 0,
        Protocol::Ethereum => BLOBS.next_block_excess_blob_gas_osaka(
            parent.excess_blob_gas.unwrap_or_default(),
            parent.blob_gas_used.unwrap_or_default(),
            parent.base_fee_per_gas.unwrap_or_default(),
        ),
    };
    if header.excess_blob_gas != Some(expected) {
        return Err(InvalidBlock::ExcessBlobGas { expected, got: header.excess_blob_gas });
    }
    Ok(())
}

/// Constants of proof of stake (EIP-3675), fields up to Osaka, none after it.
fn check_shape(header: &Header) -> Result<(), InvalidBlock> {
    let got = header.extra_data.len();
    if got > EXTRA_DATA_BYTES {
        return Err(InvalidBlock::ExtraData { most: EXTRA_DATA_BYTES, got });
    }
    let fields = [
        ("ommers hash", header.ommers_hash == EMPTY_OMMER_ROOT_HASH),
        ("difficulty", header.difficulty.is_zero()),
        ("nonce", header.nonce == B64::ZERO),
        ("parent beacon block root", header.parent_beacon_block_root.is_some()),
        ("block access list hash", header.block_access_list_hash.is_none()),
        ("slot number", header.slot_number.is_none()),
    ];
    match fields.into_iter().find(|(_, right)| !right) {
        Some((field, _)) => Err(InvalidBlock::Shape { field }),
        None => Ok(()),
    }
}
