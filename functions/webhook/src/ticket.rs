//! The calls of the ticket contract: what mints a ticket, and what takes it back.

use std::collections::BTreeMap;

use alloy_dyn_abi::{DynSolType, DynSolValue, JsonAbiExt};
use alloy_json_abi::Function;
use alloy_primitives::{Address, Bytes, U256, keccak256};
use node_core::codec::record::{Effect, RefundCall};

use crate::PayloadError;

/// What is called on the ticket contract.
///
/// Nothing configured is `mintTo(address)`, and tickets that are paid back are marked.
#[derive(Debug, Clone, Default)]
pub struct TicketCalls {
    pub(crate) mint: Option<Call>,
    /// What takes a ticket back on the contract.
    pub(crate) refund: Option<RefundCall>,
    /// The contract's numbers for the shop's names of kinds.
    pub(crate) tiers: BTreeMap<String, U256>,
}

/// A function with what goes into each of its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
enum Argument {
    /// The wallet of the buyer.
    Recipient,
    /// The number of the kind.
    Tier,
    /// One: an order is one ticket.
    Quantity,
    /// The key of the order, hashed.
    OrderHash,
    /// The key of the order.
    OrderKey,
    /// The token that was minted.
    Token,
    /// This.
    Fixed(DynSolValue),
}

impl Call {
    /// Reads `mint(address recipient, uint256 tier, uint256 quantity)`: the names say what goes in. Others are taken
    /// from `values`, written as their type.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn parse(text: &str, values: &BTreeMap<String, String>) -> Result<Self, String> {
        let function = Function::parse(text).map_err(|error| {
            format!(
                "expected a function such as `mintTo(address recipient)`, got `{text}`: {error}"
            )
        })?;
        let mut arguments = Vec::with_capacity(function.inputs.len());
        for input in &function.inputs {
            let argument = match (input.name.as_str(), input.ty.as_str()) {
                ("recipient" | "to", "address") => Argument::Recipient,
                ("tier", "uint256") => Argument::Tier,
                ("quantity", "uint256") => Argument::Quantity,
                ("order", "bytes32") => Argument::OrderHash,
                ("order", "string") => Argument::OrderKey,
                ("token" | "tokenId", "uint256") => Argument::Token,
                (name, kind) => Argument::Fixed(fixed(name, kind, values)?),
            };
            arguments.push(argument);
        }
        Ok(Self { function, arguments })
    }

    /// Whether this goes into the call.
    pub(crate) fn takes_recipient(&self) -> bool {
        self.arguments.iter().any(|argument| matches!(argument, Argument::Recipient))
    }

    /// Whether this goes into the call.
    pub(crate) fn takes_token(&self) -> bool {
        self.arguments.iter().any(|argument| matches!(argument, Argument::Token))
    }

    fn takes_tier(&self) -> bool {
        self.arguments.iter().any(|argument| matches!(argument, Argument::Tier))
    }

    fn input(&self, recipient: Address, tier: U256, key: &str, token: U256) -> Bytes {
        let value = |argument: &Argument| match argument {
            Argument::Recipient => recipient.into(),
            Argument::Tier => tier.into(),
            Argument::Quantity => U256::ONE.into(),
            Argument::OrderHash => DynSolValue::FixedBytes(keccak256(key), 32),
            Argument::OrderKey => key.to_owned().into(),
            Argument::Token => token.into(),
            Argument::Fixed(value) => value.clone(),
        };
        let values: Vec<DynSolValue> = self.arguments.iter().map(value).collect();
        let input = self.function.abi_encode_input(&values);
        input.expect("the arguments have the types of the parameters").into()
    }

    /// The call that takes a ticket back, open at the place of the token.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn into_refund(self, effect: Effect) -> Result<RefundCall, String> {
        let needs_more = self.takes_recipient() || self.takes_tier();
        if !self.takes_token() || needs_more {
            return Err(
                "expected a parameter `uint256 token`, and of the order no other".to_owned()
            );
        }
        // The place where two tokens differ in every byte.
        let input = |token| self.input(Address::ZERO, U256::ZERO, "", token);
        let (zeros, ones) = (input(U256::ZERO), input(U256::MAX));
        let place = zeros.iter().zip(&ones).position(|(zero, one)| zero != one);
        let place = place.expect("the token is in the input");
        let (before, after) = (zeros.slice(..place), zeros.slice(place + 32..));
        Ok(RefundCall { before, after, effect })
    }
}

fn fixed(name: &str, kind: &str, values: &BTreeMap<String, String>) -> Result<DynSolValue, String> {
    const KNOWN: &str = "address recipient, uint256 tier, uint256 quantity, bytes32 order, string order, uint256 token";
    let Some(text) = values.get(name) else {
        return Err(format!(
            "parameter `{kind} {name}`: expected one of `{KNOWN}`, or a value in `values`"
        ));
    };
    let parsed = DynSolType::parse(kind).and_then(|kind| kind.coerce_str(text));
    parsed.map_err(|error| format!("values.{name}: expected {kind}, got `{text}`: {error}"))
}

impl TicketCalls {
    /// Input of the call that mints; empty for `mintTo(recipient)`.
    ///
    /// # Errors
    /// [`PayloadError`] when the contract has no number for the kind of ticket.
    pub(crate) fn mint_input(
        &self,
        recipient: Address,
        tier: &str,
        key: &str,
    ) -> Result<Bytes, PayloadError> {
        let Some(call) = &self.mint else { return Ok(Bytes::new()) };
        let number = if call.takes_tier() { self.tier(tier)? } else { U256::ZERO };
        Ok(call.input(recipient, number, key, U256::ZERO))
    }

    fn tier(&self, tier: &str) -> Result<U256, PayloadError> {
        let number = match self.tiers.get(tier) {
            Some(number) => Some(*number),
            None if self.tiers.is_empty() => tier.parse().ok(),
            None => None,
        };
        number.ok_or_else(|| {
            let known: Vec<_> = self.tiers.keys().map(String::as_str).collect();
            let expected = match known.as_slice() {
                [] => "a number".to_owned(),
                known => format!("one of {}", known.join(", ")),
            };
            let got = if tier.is_empty() { "nothing".to_owned() } else { tier.to_owned() };
            PayloadError::Field { field: "tier".to_owned(), expected, got }
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{hex, keccak256};

    use super::*;

    const WHO: Address = Address::repeat_byte(0x22);

    fn calls(text: &str, values: &[(&str, &str)]) -> TicketCalls {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mint = Call::parse(text, &values.collect()).expect("a call");
        TicketCalls { mint: Some(mint), ..TicketCalls::default() }
    }

    #[test]
    fn names_say_what_goes_into_a_call() {
        let calls = calls("mint(address recipient, uint256 tier, uint256 quantity)", &[]);
        let input = calls.mint_input(WHO, "3", "k").expect("a number");
        let expected = [
            &keccak256("mint(address,uint256,uint256)")[..4],
            &hex!("0000000000000000000000002222222222222222222222222222222222222222"),
            &U256::from(3).to_be_bytes::<32>(),
            &U256::ONE.to_be_bytes::<32>(),
        ];
        assert_eq!(input, expected.concat());
    }

    #[test]
    fn others_are_values_of_their_type() {
        let calls =
            calls("mint(address to, uint64 id, bytes data)", &[("id", "7"), ("data", "0x")]);
        let input = calls.mint_input(WHO, "", "k").expect("no kind is asked for");
        assert_eq!(input.len(), 4 + 4 * 32);
        let refused = Call::parse("mint(address to, uint64 id)", &BTreeMap::new());
        assert!(refused.is_err_and(|error| error.contains("`uint64 id`")));
    }

    #[test]
    fn a_kind_without_a_number_is_refused_by_name() {
        let mut calls = calls("mint(address to, uint256 tier)", &[]);
        assert!(calls.mint_input(WHO, "vip", "k").is_err());
        calls.tiers.insert("vip".to_owned(), U256::from(2));
        assert!(calls.mint_input(WHO, "vip", "k").is_ok());
        let error = calls.mint_input(WHO, "", "k").expect_err("no kind");
        assert_eq!(error.to_string(), "tier: expected one of vip, got nothing");
    }

    #[test]
    fn a_burn_is_open_at_the_token() {
        let values = BTreeMap::from([("amount".to_owned(), "1".to_owned())]);
        let call = Call::parse("burn(uint256 token, uint256 amount)", &values).expect("a call");
        let burn = call.into_refund(Effect::Burn).expect("it takes a token");
        assert_eq!(burn.before, keccak256("burn(uint256,uint256)")[..4]);
        assert_eq!(burn.after, U256::ONE.to_be_bytes::<32>()[..]);
        let mint = Call::parse("mintTo(address to)", &BTreeMap::new()).expect("a call");
        assert!(mint.into_refund(Effect::Burn).is_err());
    }
}
