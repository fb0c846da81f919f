//! How a suite went.

use std::collections::BTreeMap;

/// Counts of one suite. A case passes, fails, or is left out for a reason that is printed.
#[derive(Debug)]
#[must_use = "`finish` is what fails the test"]
pub struct Tally {
    suite: String,
    passed: usize,
    failed: Vec<(String, String)>,
    left_out: BTreeMap<String, Vec<String>>,
}

impl Tally {
    /// Starts counting a suite.
    pub fn new(suite: impl Into<String>) -> Self {
        Self { suite: suite.into(), passed: 0, failed: Vec::new(), left_out: BTreeMap::new() }
    }

    /// Counts a case that ran, with what went wrong if something did.
    pub fn record(&mut self, case: impl Into<String>, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failed.push((case.into(), why)),
        }
    }

    /// Counts a case that did not run.
    pub fn leave_out(&mut self, case: impl Into<String>, reason: impl Into<String>) {
        self.left_out.entry(reason.into()).or_default().push(case.into());
    }

    /// Prints the counts, then reasons and failures.
    ///
    /// # Panics
    /// When a case failed, or none passed: a suite that ran nothing proves nothing.
    pub fn finish(self) {
        let left_out: usize = self.left_out.values().map(Vec::len).sum();
        println!(
            "{}: {} passed, {} failed, {left_out} left out",
            self.suite,
            self.passed,
            self.failed.len()
        );
        for (reason, cases) in &self.left_out {
            println!("  left out, {reason}: {}", cases.join(", "));
        }
        for (case, why) in &self.failed {
            println!("  FAILED {case}: {why}");
        }
        assert!(self.failed.is_empty(), "{}: {} failed", self.suite, self.failed.len());
        assert!(self.passed > 0, "{}: nothing ran", self.suite);
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    #[should_panic(expected = "suite: 1 failed")]
    fn one_failure_fails_the_suite() {
        let mut tally = Tally::new("suite");
        tally.record("good", Ok(()));
        tally.record("bad", Err("wrong root".into()));
        tally.finish();
    }

    #[test]
    #[should_panic(expected = "suite: nothing ran")]
    fn a_suite_that_ran_nothing_fails() {
        let mut tally = Tally::new("suite");
        tally.leave_out("old", "a fork that layers never had");
        tally.finish();
    }
}
