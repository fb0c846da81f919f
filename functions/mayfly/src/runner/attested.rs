use std::collections::BTreeSet;

use mayfly_l1::{Assurance, Quorum};

use crate::{cli::Attestor, failure::Failure};

/// Most attestors that the contract takes.
const MAX_ATTESTORS: u8 = 32;

/// What a stranger locks up who settles a layer that its operator has left: 0.1 ETH.
const RESCUE_BOND_WEI: u128 = 100_000_000_000_000_000;

/// Assurance mode B: who executes every block again, and must sign the settlement.
#[derive(Debug, Clone)]
pub(crate) struct Attested {
    threshold: u8,
    attestors: Vec<Attestor>,
}

impl Attested {
    /// The operator's word alone when there are no `attestors`; a majority of them must sign when no quorum is given.
    pub(crate) fn new(
        attestors: Vec<Attestor>,
        quorum: Option<u8>,
    ) -> Result<Option<Self>, Failure> {
        if attestors.is_empty() {
            return Ok(None);
        }
        let wrong = |option, reason| Err(Failure::Option { option, reason });
        let mut seen = BTreeSet::new();
        if let Some(Attestor { address, .. }) =
            attestors.iter().find(|one| !seen.insert(one.address))
        {
            return wrong(
                "--attestor",
                format!("expected each attestor once, got {address} again"),
            );
        }
        let Some(count) =
            u8::try_from(attestors.len()).ok().filter(|count| *count <= MAX_ATTESTORS)
        else {
            let got = attestors.len();
            return wrong("--attestor", format!("expected at most {MAX_ATTESTORS}, got {got}"));
        };
        let threshold = quorum.unwrap_or(count / 2 + 1);
        if threshold > count {
            let reason =
                format!("expected at most {count}, the number of attestors, got {threshold}");
            return wrong("--quorum", reason);
        }
        Ok(Some(Self { threshold, attestors }))
    }

    /// What the L1 is told when the layer is opened.
    pub(super) fn assurance(&self) -> Assurance {
        Assurance::Attested {
            threshold: self.threshold,
            attestors: self.attestors.iter().map(|attestor| attestor.address).collect(),
            rescue_bond_wei: RESCUE_BOND_WEI,
        }
    }

    /// Where they are asked.
    pub(super) fn urls(&self) -> impl Iterator<Item = &str> {
        self.attestors.iter().map(|attestor| attestor.url.as_str())
    }
}

/// The L1 knows whose signatures count: without enough of those, the layer could not be settled at its end.
pub(super) fn check(quorum: &Quorum, attested: Option<&Attested>) -> Result<(), Failure> {
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
    Err(Failure::Option { option: "--attestor", reason })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;

    use super::*;

    fn attestors(bytes: impl IntoIterator<Item = u8>) -> Vec<Attestor> {
        let url: reqwest::Url = "http://one.example".parse().expect("a URL");
        let attestor = |byte| Attestor { address: Address::repeat_byte(byte), url: url.clone() };
        bytes.into_iter().map(attestor).collect()
    }

    fn quorum_of(bytes: core::ops::Range<u8>, quorum: Option<u8>) -> Result<u8, String> {
        let attested =
            Attested::new(attestors(bytes), quorum).map_err(|error| error.to_string())?;
        Ok(attested.expect("there are some").threshold)
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
        assert!(quorum_of(0..3, Some(4)).expect_err("too many").starts_with("--quorum: "));
        assert!(quorum_of(0..33, None).expect_err("too many").contains("at most 32, got 33"));
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
            check(&quorum, attested.as_ref()).map_err(|error| error.to_string())
        };
        assert_eq!((checked(&[1, 3]), checked(&[1, 2, 3])), (Ok(()), Ok(())));
        for wrong in [&[][..], &[2], &[1, 2, 4]] {
            assert!(checked(wrong).expect_err("not these").contains("at least 2 of those"));
        }
        let none = Quorum { threshold: 0, rescueBond: 0, attestors: Vec::new() };
        assert!(check(&none, None).is_ok());
        let some = Attested::new(attestors([1]), None).expect("fine");
        assert!(check(&none, some.as_ref()).is_err());
    }
}
