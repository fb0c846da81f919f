//! What an organiser allows: everything, unless they say otherwise.
//!
//! | rule | where it is asked |
//! |---|---|
//! | `apiKeys`, `origins` | before the body of a request is read: [`Access::admit`] |
//! | `perAddress` | once it is known how many requests a body holds: [`Access::count`] |
//! | `methods` | before a request's arguments are read |
//! | `targets`, `perSender` | when a transaction is decoded and its sender known |

mod error;
mod rates;
mod rules;

#[cfg(test)]
mod tests;

use core::net::IpAddr;

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;

use self::rates::Rates;
use super::message;
use crate::{chain::LayerConfig, flow::submit::Signed};

pub use error::AccessError;
pub use rules::{AccessRules, ApiKey, MethodPattern, Origin, Rate, RuleError};

/// Who sent a request, as far as the transport knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The key that came with it.
    pub key: Option<ApiKey>,
    /// Origin of the page that sent it; `None` when no page did.
    pub origin: Option<String>,
    /// Network address; `None` when the transport does not tell. Nobody's rate is counted then.
    pub address: Option<IpAddr>,
}

/// The rules, and what was used of the rates in this process.
#[derive(Debug, Default)]
pub struct Access {
    rules: AccessRules,
    senders: Rates<Address>,
    addresses: Rates<IpAddr>,
}

/// A transaction that was counted, until it is known whether it was accepted.
#[derive(Debug)]
#[must_use = "given back when the transaction is refused"]
pub(super) struct Counted {
    sender: Address,
}

impl Access {
    /// Applies `rules`.
    pub fn new(rules: AccessRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The rules.
    pub const fn rules(&self) -> &AccessRules {
        &self.rules
    }

    /// Checks what is known of a request before its body is read.
    ///
    /// # Errors
    /// [`AccessError::ApiKey`], [`AccessError::Origin`].
    pub fn admit(&self, caller: &Caller) -> Result<(), AccessError> {
        if let Some(keys) = &self.rules.api_keys
            && !caller.key.as_ref().is_some_and(|key| keys.contains(key))
        {
            return Err(AccessError::ApiKey);
        }
        if let (Some(origins), Some(origin)) = (&self.rules.origins, &caller.origin)
            && !origins.iter().any(|allowed| allowed.is(origin))
        {
            return Err(AccessError::Origin { origin: origin.clone() });
        }
        Ok(())
    }

    /// Counts the requests of `body`, each of a batch as one.
    ///
    /// # Errors
    /// [`AccessError::PerAddress`]: none of them is answered.
    pub fn count(&self, caller: &Caller, body: &[u8], now_ms: u64) -> Result<(), AccessError> {
        let (Some(rate), Some(address)) = (self.rules.per_address, caller.address) else {
            return Ok(());
        };
        let requests = message::count(body);
        let taken = self.addresses.take(network(address), requests, rate, now_ms);
        taken.map_err(|retry_ms| AccessError::PerAddress { retry_ms })
    }

    /// Checks the name of a method.
    pub(super) fn check_method(&self, method: &str) -> Result<(), AccessError> {
        match &self.rules.methods {
            Some(methods) if !methods.iter().any(|allowed| allowed.is(method)) => {
                Err(AccessError::Method { method: method.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Checks where a transaction goes. The organiser's own go anywhere, and so does who pays a base fee.
    pub(super) fn check_target(
        &self,
        signed: &Signed,
        config: &LayerConfig,
    ) -> Result<(), AccessError> {
        let Some(targets) = &self.rules.targets else { return Ok(()) };
        if config.base_fee_wei > 0 || signed.sender == config.organiser {
            return Ok(());
        }
        match signed.transaction.to() {
            Some(to) if targets.contains(&to) => Ok(()),
            to => Err(AccessError::Target { to }),
        }
    }

    /// Counts a transaction of `sender`; `None` where that is not done.
    pub(super) fn count_send(
        &self,
        sender: Address,
        config: &LayerConfig,
        now_ms: u64,
    ) -> Result<Option<Counted>, AccessError> {
        let Some(rate) = self.rules.per_sender else { return Ok(None) };
        if sender == config.organiser {
            return Ok(None);
        }
        let taken = self.senders.take(sender, 1, rate, now_ms);
        taken.map_err(|retry_ms| AccessError::PerSender { sender, retry_ms })?;
        Ok(Some(Counted { sender }))
    }

    /// Forgets a transaction that was not accepted: nobody uses up another's rate with copies of what it sent.
    pub(super) fn give_back(&self, counted: Counted) {
        if let Some(rate) = self.rules.per_sender {
            self.senders.give_back(&counted.sender, rate);
        }
    }
}

/// What one subscriber has of the internet: an address of IPv4, or the first 64 bits of one of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}
