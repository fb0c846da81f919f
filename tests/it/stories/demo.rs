use mayfly_it::Anvil;
use serde_json::Value;

use crate::mayfly;

fn check(report: &Value, buyers: u64, deliveries: u64) {
    let number =
        |field: &str| report[field].as_u64().unwrap_or_else(|| panic!("{field}: {report}"));
    assert_eq!(number("items_left"), 0);
    assert_eq!(number("objects_left"), 0);
    assert_eq!(number("claimed"), number("exits"));
    assert_eq!(number("webhook_deliveries"), deliveries);
    assert_eq!(number("webhook_mints"), deliveries - deliveries / 5, "every fifth is a repetition");
    // Every buyer has a ticket and change; every webhook mint is a ticket; the organiser has the rest.
    assert_eq!(number("exits"), 2 * buyers + number("webhook_mints") + 1);
    assert!(number("transactions") > buyers);
    let cost = &report["cost"];
    // Opened, deposits closed, settled and published.
    assert!(cost["l1"]["gas"].as_u64().is_some_and(|gas| gas > 500_000), "{cost}");
    assert_ne!(cost["totalUsd"], "0", "{cost}");
    for root in ["state_root", "settle_tx"] {
        let text = report[root].as_str().expect("a hash");
        assert!(text.len() == 66 && text != format!("0x{}", "0".repeat(64)), "{root}: {text}");
    }
}

/// The demo as it stands: a thousand buyers, fifty deliveries. The demo itself compares every
/// balance and ticket on the L1 with the layer, and executes every block again.
#[test]
fn demo_leaves_nothing_behind() {
    check(&mayfly::json(&["demo"]), 1_000, 50);
}

/// The same event on an L1 that nobody here wrote; the bundle that it leaves verifies without it.
#[test]
fn demo_settles_on_anvil() {
    let anvil = Anvil::start();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bundle = dir.path().join("event.mayfly");
    let bundle = bundle.to_str().expect("a plain name");
    let url = anvil.url();
    let report = mayfly::json(&[
        "demo",
        "--buyers",
        "60",
        "--deliveries",
        "10",
        "--l1",
        &url,
        "--bundle",
        bundle,
    ]);
    check(&report, 60, 10);
    let verified = mayfly::json(&["verify", "--bundle", bundle, "--l1", &url]);
    assert_eq!(verified["audited"]["stateRoot"], report["state_root"]);
    assert_eq!(verified["settledOnL1"], report["state_root"]);
    let offline = mayfly::json(&["verify", "--bundle", bundle]);
    assert_eq!(offline["audited"]["stateRoot"], report["state_root"]);
    damaged_bundle_is_refused(bundle);
}

fn damaged_bundle_is_refused(bundle: &str) {
    let mut bytes = std::fs::read(bundle).expect("it was written");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(bundle, bytes).expect("it can be written");
    let output = mayfly::run(&["verify", "--bundle", bundle]);
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("checksum"), "{errors}");
}
