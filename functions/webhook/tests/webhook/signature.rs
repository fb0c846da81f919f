use mayfly_webhook::{Secret, SignatureError, SignatureFault, provider::STRIPE};
use proptest::prelude::*;
use rstest::rstest;

use crate::support::{HEADER, NOW_S, SECRET, header_map, scheme, secret, sign};

const TOLERANCE_S: u64 = 300;

fn verify(header: &str, body: &[u8], now_s: u64) -> Result<(), SignatureError> {
    verify_by(header, body, &[secret(SECRET)], now_s, TOLERANCE_S)
}

fn verify_by(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now_s: u64,
    tolerance_s: u64,
) -> Result<(), SignatureError> {
    let headers = header_map([(HEADER, header)]);
    scheme(&STRIPE).verify(&headers, body, secrets, now_s, tolerance_s)
}

const fn error(fault: SignatureFault) -> SignatureError {
    SignatureError { header: HEADER, fault }
}

fn mismatch() -> SignatureError {
    let expected = "the HMAC-SHA256 of `time.body` in hex".to_owned();
    error(SignatureFault::Mismatch { expected })
}

proptest! {
    #[test]
    fn what_is_signed_verifies(body: Vec<u8>, signed_at_s: u32) {
        let signed_at_s = u64::from(signed_at_s);
        let header = sign(&body, &secret(SECRET), signed_at_s);
        prop_assert_eq!(verify(&header, &body, signed_at_s), Ok(()));
    }

    #[test]
    fn a_changed_byte_of_the_body_is_refused(
        body in proptest::collection::vec(any::<u8>(), 1..400),
        at: prop::sample::Index,
        change in 1..=u8::MAX,
    ) {
        let header = sign(&body, &secret(SECRET), NOW_S);
        let mut changed = body;
        let at = at.index(changed.len());
        changed[at] ^= change;
        prop_assert_eq!(verify(&header, &changed, NOW_S), Err(mismatch()));
    }

    #[test]
    fn a_body_cut_or_grown_is_refused(body: Vec<u8>, more in any::<u8>()) {
        let header = sign(&body, &secret(SECRET), NOW_S);
        let grown = [body.as_slice(), &[more]].concat();
        prop_assert_eq!(verify(&header, &grown, NOW_S), Err(mismatch()));
        let header = sign(&grown, &secret(SECRET), NOW_S);
        prop_assert_eq!(verify(&header, &body, NOW_S), Err(mismatch()));
    }

    #[test]
    fn a_changed_byte_of_the_header_is_refused(
        body: Vec<u8>,
        at: prop::sample::Index,
        other in b' '..=b'~',
    ) {
        let header = sign(&body, &secret(SECRET), NOW_S);
        let mut changed = header.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = other;
        let changed = String::from_utf8(changed).expect("printable ASCII");
        prop_assume!(changed != header);
        prop_assert!(verify(&changed, &body, NOW_S).is_err(), "{}", changed);
    }

    #[test]
    fn any_header_gets_a_verdict(header in "[^\\x00-\\x1f\\x7f]*") {
        let verdict = verify(&header, b"{}", NOW_S);
        prop_assert!(verdict.is_err());
    }
}

#[rstest]
#[case::nothing("", "no t=<Unix seconds>")]
#[case::no_time("v1=00", "no t=<Unix seconds>")]
#[case::time_in_words("t=now,v1=00", "expected t=<Unix seconds>, got `t=now`")]
#[case::only_the_test_scheme("t=1760000000,v0=00", "no v1=<HMAC-SHA256 in hex>")]
#[case::not_hex(
    "t=1760000000,v1=signed",
    "no signature matches: expected the HMAC-SHA256 of `time.body`"
)]
#[case::empty("t=1760000000,v1=", "no signature matches")]
fn a_bad_header_is_named(#[case] header: &str, #[case] expected: &str) {
    let error = verify(header, b"{}", NOW_S).expect_err("the header is bad");
    assert!(error.to_string().starts_with(&format!("{HEADER}: {expected}")), "{error}");
}

#[test]
fn upper_case_hex_is_refused_as_by_the_sdk() {
    let header = sign(b"{}", &secret(SECRET), NOW_S);
    let (time, digits) = header.split_once("v1=").expect("signed");
    let header = format!("{time}v1={}", digits.to_uppercase());
    assert_eq!(verify(&header, b"{}", NOW_S), Err(mismatch()));
}

#[rstest]
#[case::now(0, true)]
#[case::at_the_edge(300, true)]
#[case::over_the_edge(301, false)]
fn a_delivery_is_believed_for_300_seconds(#[case] age_s: u64, #[case] believed: bool) {
    let header = sign(b"{}", &secret(SECRET), NOW_S);
    let verdict = verify(&header, b"{}", NOW_S + age_s);
    let too_old = error(SignatureFault::TooOld { age_s, tolerance_s: 300 });
    assert_eq!(verdict, if believed { Ok(()) } else { Err(too_old) });
}

#[test]
fn a_clock_that_runs_behind_does_not_refuse() {
    let header = sign(b"{}", &secret(SECRET), NOW_S + 3600);
    assert_eq!(verify(&header, b"{}", NOW_S), Ok(()));
}

#[test]
fn tolerance_zero_asks_for_no_age_as_in_the_sdk() {
    let header = sign(b"{}", &secret(SECRET), NOW_S);
    let verdict = verify_by(&header, b"{}", &[secret(SECRET)], NOW_S + 1_000_000, 0);
    assert_eq!(verdict, Ok(()));
}

#[test]
fn either_secret_signs_while_one_is_replaced() {
    let secrets = [secret("whsec_old"), secret("whsec_new")];
    for signer in &secrets {
        let header = sign(b"{}", signer, NOW_S);
        assert_eq!(verify_by(&header, b"{}", &secrets, NOW_S, TOLERANCE_S), Ok(()));
    }
    let header = sign(b"{}", &secret("whsec_older"), NOW_S);
    let verdict = verify_by(&header, b"{}", &secrets, NOW_S, TOLERANCE_S);
    assert_eq!(verdict, Err(mismatch()));
}

#[test]
fn one_of_several_signatures_is_enough() {
    let old = sign(b"{}", &secret("whsec_old"), NOW_S);
    let new = sign(b"{}", &secret(SECRET), NOW_S);
    let (_, new) = new.split_once(',').expect("signed");
    assert_eq!(verify(&format!("{old},{new},v0=ff"), b"{}", NOW_S), Ok(()));
}

#[test]
fn without_a_secret_nothing_is_believed() {
    let header = sign(b"{}", &secret(SECRET), NOW_S);
    let verdict = verify_by(&header, b"{}", &[], NOW_S, TOLERANCE_S);
    assert_eq!(verdict, Err(error(SignatureFault::NoSecret)));
}
