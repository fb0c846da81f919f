use alloy::{
    rpc::types::{Filter, Log},
    sol_types::{SolCall, SolEvent},
};
use mayfly_contracts::FlashLayer::{Deposited, depositCountCall};
use node_core::{
    chain::{DepositEvent, TokenDeposit},
    exit::{KIND_ERC20, KIND_ERC721, KIND_ERC1155, KIND_ETH},
    port::PortError,
};

use crate::{HttpL1, fault::Fault};

impl HttpL1 {
    /// Reads the deposits in L1 blocks `first..=last`, in order and without gaps.
    ///
    /// A node that is behind answers a log query with what it has, which looks like "no deposits". So the
    /// contract's count before and after the range is asked, too, where the node still has that state.
    pub(crate) async fn read_deposits(
        &self,
        first: u64,
        last: u64,
    ) -> Result<Vec<DepositEvent>, PortError> {
        if first > last {
            return Ok(Vec::new());
        }
        let filter =
            Filter::new().address(self.binding.layer).event_signature(Deposited::SIGNATURE_HASH);
        let logs = self.node.logs(&filter, first, last).await?;
        let deposits = logs.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let before = match first.checked_sub(1) {
            Some(block) => self.count_at(block).await?,
            None => Some(0),
        };
        let after = self.count_at(last).await?;
        check_complete(&deposits, before, after)?;
        Ok(deposits)
    }

    /// Returns the number of deposits up to `block`; `None` when the node has no state of it any more.
    async fn count_at(&self, block: u64) -> Result<Option<u64>, PortError> {
        let answer =
            self.node.try_call(self.binding.layer, &depositCountCall {}, block.into()).await;
        match answer {
            Ok(output) if output.is_empty() => Ok(Some(0)),
            Ok(output) => Ok(depositCountCall::abi_decode_returns(&output).ok()),
            Err(fault @ Fault::Silent { .. }) => Err(fault.into_port("number of deposits")),
            Err(_) => Ok(None),
        }
    }
}

fn decode(log: &Log) -> Result<DepositEvent, PortError> {
    deposit_of(&log.inner).map_err(|reason| PortError::Corrupt {
        name: format!("deposit in L1 block {}", log.block_number.unwrap_or_default()),
        reason,
    })
}

/// Reads a deposit from a log of a layer's contract on the L1.
///
/// # Errors
/// Why the log is of no deposit.
pub fn deposit_of(log: &alloy::primitives::Log) -> Result<DepositEvent, String> {
    let event = Deposited::decode_log_validate(log).map_err(|error| error.to_string())?.data;
    let Deposited { index, from, to, kind, token, id, value, gasLimit: gas_limit, data } = event;
    match kind {
        KIND_ETH => Ok(DepositEvent { index, from, to, value, gas_limit, data }),
        KIND_ERC20 | KIND_ERC721 | KIND_ERC1155 => {
            Ok(TokenDeposit { index, kind, token, from, to, id, value, gas_limit }.into())
        }
        kind => Err(format!("kind {kind} is not one that is deposited")),
    }
}

/// Checks that `deposits` are numbered without gaps from `before` to `after`, as far as those are known.
fn check_complete(
    deposits: &[DepositEvent],
    before: Option<u64>,
    after: Option<u64>,
) -> Result<(), PortError> {
    let left_out = |expected: u64, got: u64| {
        let reason = format!("expected deposit {expected}, got {got}");
        Err(PortError::unavailable("deposits in the L1's logs", reason))
    };
    let mut next = before.or_else(|| deposits.first().map(|deposit| deposit.index));
    for deposit in deposits {
        match next {
            Some(expected) if expected != deposit.index => {
                return left_out(expected, deposit.index);
            }
            _ => next = Some(deposit.index + 1),
        }
    }
    match (next, after) {
        (Some(got), Some(expected)) if got != expected => left_out(expected, got),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bytes, U256};
    use node_core::chain::{L2_BRIDGE, SYSTEM_SENDER};

    use super::*;

    fn deposits(indices: &[u64]) -> Vec<DepositEvent> {
        let deposit = |index: &u64| DepositEvent {
            index: *index,
            from: Address::ZERO,
            to: Address::ZERO,
            value: U256::ZERO,
            gas_limit: 21_000,
            data: Bytes::new(),
        };
        indices.iter().map(deposit).collect()
    }

    #[test]
    fn deposit_left_out_by_the_node_is_noticed() {
        assert!(check_complete(&deposits(&[2, 3]), Some(2), Some(4)).is_ok());
        assert!(check_complete(&[], Some(2), Some(2)).is_ok());
        assert!(check_complete(&[], Some(2), Some(3)).is_err(), "none of one");
        assert!(check_complete(&deposits(&[2]), Some(2), Some(4)).is_err(), "the last");
        assert!(check_complete(&deposits(&[3]), Some(2), Some(4)).is_err(), "the first");
        assert!(check_complete(&deposits(&[2, 4]), Some(2), None).is_err(), "one in between");
    }

    #[test]
    fn node_without_old_state_is_still_asked_for_logs() {
        assert!(check_complete(&deposits(&[5, 6]), None, None).is_ok());
        assert!(check_complete(&[], None, None).is_ok());
        assert!(check_complete(&deposits(&[5, 7]), None, None).is_err());
    }

    fn logged(kind: u8) -> Log {
        let event = Deposited {
            index: 3,
            from: Address::repeat_byte(1),
            to: Address::repeat_byte(2),
            kind,
            token: Address::repeat_byte(7),
            id: U256::from(9),
            value: U256::from(5),
            gasLimit: 1_000_000,
            data: Bytes::new(),
        };
        let data = event.encode_log_data();
        Log { inner: alloy::primitives::Log { address: Address::ZERO, data }, ..Log::default() }
    }

    #[test]
    fn deposit_of_a_token_is_a_call_of_the_bridge() {
        for kind in [KIND_ERC20, KIND_ERC721, KIND_ERC1155] {
            let deposit = decode(&logged(kind)).expect("the bridge mints these");
            assert_eq!((deposit.index, deposit.value), (3, U256::ZERO));
            assert_eq!((deposit.from, deposit.to), (SYSTEM_SENDER, L2_BRIDGE));
            let call = mayfly_contracts::L2Bridge::finalizeDepositCall::abi_decode(&deposit.data);
            let call = call.expect("the bridge's own interface");
            assert_eq!((call.index, call.kind, call.token), (3, kind, Address::repeat_byte(7)));
            assert_eq!((call.from, call.to), (Address::repeat_byte(1), Address::repeat_byte(2)));
            assert_eq!((call.id, call.value), (U256::from(9), U256::from(5)));
        }
        assert!(decode(&logged(3)).is_err(), "a token of the layer cannot come from the L1");
    }
}
