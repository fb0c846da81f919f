//! Assurance mode B: who executes every block again, and must sign the settlement.

use core::{fmt, str::FromStr};
use std::collections::BTreeSet;

use alloy::{primitives::Address, transports::http::reqwest::Url};

use crate::{Assurance, Quorum};

/// Most attestors that the contract takes.
const MAX_ATTESTORS: u8 = 32;

/// What a stranger locks up who settles a layer that its operator has left: 0.1 ETH.
const RESCUE_BOND_WEI: u128 = 100_000_000_000_000_000;

/// Somebody who is asked to sign a settlement, written as `ADDRESS=URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestor {
    /// Whose signature counts.
    pub address: Address,
    /// Where it is asked.
    pub url: Url,
}

impl FromStr for Attestor {
    /// Names the part, what was expected, and what was given.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, url) = text.split_once('=').ok_or("expected ADDRESS=URL, got no `=`")?;
        let address = address
            .parse()
            .map_err(|_| format!("address: expected 20 bytes in hex with 0x, got `{address}`"))?;
        let url: Url = url.parse().map_err(|error| format!("URL: {error}, got `{url}`"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("URL: expected http or https, got `{}`", url.scheme()));
        }
        Ok(Self { address, url })
    }
}

/// The attestors of a layer, and how many of them must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    threshold: u8,
    attestors: Vec<Attestor>,
}

/// Why a layer cannot have these attestors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestedError {
    /// Who they are.
    #[error("{0}")]
    Attestors(String),
    /// How many of them must sign.
    #[error("expected 1 to {count}, the number of attestors, got {got}")]
    Quorum {
        /// How many there are.
        count: u8,
        /// How many were to sign.
        got: u8,
    },
}

impl Attested {
    /// The operator's word alone when there are no `attestors`; a majority of them must sign when no quorum is given.
    ///
    /// # Errors
    /// [`AttestedError`] when the contract would not take them.
    pub fn new(
        attestors: Vec<Attestor>,
        quorum: Option<u8>,
    ) -> Result<Option<Self>, AttestedError> {
        let wrong = |reason| Err(AttestedError::Attestors(reason));
        if attestors.is_empty() {
            return match quorum {
                None => Ok(None),
                Some(got) => Err(AttestedError::Quorum { count: 0, got }),
            };
        }
        let mut seen = BTreeSet::new();
        if let Some(Attestor { address, .. }) =
            attestors.iter().find(|one| !seen.insert(one.address))
        {
            return wrong(format!("expected each attestor once, got {address} again"));
        }
        let Some(count) =
            u8::try_from(attestors.len()).ok().filter(|count| *count <= MAX_ATTESTORS)
        else {
            let got = attestors.len();
            return wrong(format!("expected at most {MAX_ATTESTORS}, got {got}"));
        };
        let threshold = quorum.unwrap_or(count / 2 + 1);
        if !(1..=count).contains(&threshold) {
            return Err(AttestedError::Quorum { count, got: threshold });
        }
        Ok(Some(Self { threshold, attestors }))
    }

    /// What the L1 is told when the layer is opened.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        Assurance::Attested {
            threshold: self.threshold,
            attestors: self.attestors.iter().map(|attestor| attestor.address).collect(),
            rescue_bond_wei: RESCUE_BOND_WEI,
        }
    }

    /// Where they are asked.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.attestors.iter().map(|attestor| attestor.url.as_str())
    }
}

/// The L1 knows whose signatures count: without enough of those, the layer could not be settled at its end.
///
/// # Errors
/// [`AttestedError::Attestors`] names those that it knows.
pub fn check_attested(quorum: &Quorum, attested: Option<&Attested>) -> Result<(), AttestedError> {
    let given = attested.map_or(&[][..], |attested| &attested.attestors);
    let known = given.iter().filter(|one| quorum.attestors.contains(&one.address)).count();
    if known == given.len() && known >= usize::from(quorum.threshold) {
        return Ok(());
    }
    let listed: Vec<_> = quorum.attestors.iter().map(ToString::to_string).collect();
    let reason = if listed.is_empty() {
        "expected none: the layer was opened without attestors".to_owned()
    } else {
        let (threshold, listed) = (quorum.threshold, listed.join(", "));
        format!("expected at least {threshold} of those that the layer was opened with: {listed}")
    };
    Err(AttestedError::Attestors(reason))
}

impl fmt::Display for Attestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.address, self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attestors(bytes: impl IntoIterator<Item = u8>) -> Vec<Attestor> {
        let url: Url = "http://one.example".parse().expect("a URL");
        let attestor = |byte| Attestor { address: Address::repeat_byte(byte), url: url.clone() };
        bytes.into_iter().map(attestor).collect()
    }

    fn quorum_of(bytes: core::ops::Range<u8>, quorum: Option<u8>) -> Result<u8, AttestedError> {
        let attested = Attested::new(attestors(bytes), quorum)?;
        Ok(attested.expect("there are some").threshold)
    }

    #[test]
    fn attestor_is_an_address_and_a_url() {
        let address = Address::repeat_byte(7);
        let text = format!("{address}=http://one.example:8547/?a=b");
        let read: Attestor = text.parse().expect("well formed");
        assert_eq!((read.address, read.url.as_str()), (address, "http://one.example:8547/?a=b"));
        assert_eq!(read.to_string(), text);
    }

    #[test]
    fn what_is_wrong_with_an_attestor_is_named() {
        let reason = |text: &str| text.parse::<Attestor>().expect_err("malformed");
        let address = Address::repeat_byte(7);
        assert!(reason("http://one.example").contains("no `=`"));
        assert!(reason("0x12=http://one.example").starts_with("address: "));
        assert!(reason(&format!("{address}=one.example")).starts_with("URL: "));
        assert!(reason(&format!("{address}=ftp://one.example")).contains("got `ftp`"));
    }

    #[test]
    fn majority_is_asked_for_when_nothing_else_is() {
        assert!(Attested::new(Vec::new(), None).expect("none").is_none());
        let majorities = [1, 2, 3, 4, 5].map(|count| quorum_of(0..count, None));
        assert_eq!(majorities, [1, 2, 2, 3, 3].map(Ok));
        assert_eq!(quorum_of(0..3, Some(3)), Ok(3));
    }

    #[test]
    fn what_the_contract_would_not_take_is_refused_by_name() {
        for (count, got) in [(3, 4), (3, 0)] {
            assert_eq!(quorum_of(0..count, Some(got)), Err(AttestedError::Quorum { count, got }));
        }
        let nobody = Attested::new(Vec::new(), Some(1)).expect_err("nobody could sign");
        assert_eq!(nobody, AttestedError::Quorum { count: 0, got: 1 });
        let many = quorum_of(0..33, None).expect_err("too many").to_string();
        assert!(many.contains("at most 32, got 33"), "{many}");
        let twice = Attested::new(attestors([1, 2, 1]), None).expect_err("one is there twice");
        assert!(twice.to_string().contains(&Address::repeat_byte(1).to_string()), "{twice}");
    }

    #[test]
    fn attestors_are_those_that_the_layer_was_opened_with() {
        let quorum = Quorum {
            threshold: 2,
            rescueBond: 0,
            attestors: attestors(1..=3).into_iter().map(|one| one.address).collect(),
        };
        let checked = |bytes: &[u8]| {
            let attested = Attested::new(attestors(bytes.iter().copied()), Some(1)).expect("fine");
            check_attested(&quorum, attested.as_ref())
        };
        assert_eq!((checked(&[1, 3]), checked(&[1, 2, 3])), (Ok(()), Ok(())));
        for wrong in [&[2][..], &[1, 2, 4]] {
            let reason = checked(wrong).expect_err("not these").to_string();
            assert!(reason.contains("at least 2 of those"), "{reason}");
        }
        let reason = check_attested(&quorum, None).expect_err("nobody").to_string();
        assert!(reason.contains("at least 2 of those"), "{reason}");
        let none = Quorum { threshold: 0, rescueBond: 0, attestors: Vec::new() };
        assert!(check_attested(&none, None).is_ok());
        let some = Attested::new(attestors([1]), None).expect("fine");
        assert!(check_attested(&none, some.as_ref()).is_err());
    }
}
