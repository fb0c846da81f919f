//! What a person needs of a life that failed: the seed, the fewest faults that it takes, the events that concern what did
//! not hold, and the command that does it again.

use core::fmt::Write as _;

use crate::{Event, Fault, Life, Setting, Violation, live};

/// Events that are shown at most, the last ones.
const SHOWN: usize = 60;

/// A failure with as little around it as possible.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What was lived, with the faults that are not needed left out, told.
    pub setting: Setting,
    /// What did not hold.
    pub violation: Violation,
    /// The events that concern it.
    pub events: Vec<Event>,
}

impl Failure {
    /// Leaves out one fault after the other for as long as the same thing does not hold.
    ///
    /// Returns `None` when the life holds.
    pub fn of(setting: &Setting) -> Option<Self> {
        let violation = live(setting).violation?;
        let mut setting = setting.clone();
        for fault in Fault::ALL {
            let mut fewer = setting.clone();
            fewer.without.push(fault);
            let left = live(&fewer).violation;
            if left.is_some_and(|left| left.property == violation.property) {
                setting = fewer;
            }
        }
        setting.told = true;
        let Life { violation, events, .. } = live(&setting);
        let violation = violation?;
        let events = concerning(&violation, &events);
        Some(Self { setting, violation, events })
    }

    /// The command that does it again.
    pub fn command(&self) -> String {
        let Setting { seed, without, variant, .. } = &self.setting;
        let mut command = format!("cargo run --release --package mayfly-sim -- replay {seed}");
        if let Some(variant) = variant {
            let _ = write!(command, " --variant {variant:?}");
        }
        for fault in without {
            let _ = write!(command, " --without {fault}");
        }
        command
    }
}

/// The last events that concern what did not hold, and those that nobody should miss.
fn concerning(violation: &Violation, events: &[Event]) -> Vec<Event> {
    let always =
        ["VIOLATION", "fence", "crashes", "stands still", "happens after all", "takes back"];
    let concerns = |event: &&Event| {
        let about = violation.about.iter().map(String::as_str);
        about
            .chain(always)
            .any(|word| event.text.contains(word) || event.process.to_string() == word)
    };
    let mut shown: Vec<_> = events.iter().rev().filter(concerns).take(SHOWN).cloned().collect();
    shown.reverse();
    shown
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "seed {}: {}", self.setting.seed, self.violation)?;
        for event in &self.events {
            writeln!(f, "{event}")?;
        }
        write!(f, "again: {}", self.command())
    }
}
