//! Lease, log, inbox, checkpoint and teardown as a model that is explored whole: two sequencers, one teardown, crashes,
//! leases and timers that are wrong about the time, writes that land late, an L1 that reorganises.
//!
//! The model is a second description of what `node-core/src/flow` does, by steps as large as what a store does at once.
//! Its properties have the names of `node-core/INVARIANTS.md`. That a layer ends is shown twice: an end is reached with
//! everything that was sent, and from every state in which nobody has run out of epochs some end is (`ending`).

#![cfg(test)]

mod broken;
mod ending;
mod layer;
mod properties;
mod steps;
mod writer;

use std::{collections::BTreeSet, thread::available_parallelism};

use stateright::{Checker, CheckerBuilder, Expectation, HasDiscoveries, Model};

use broken::{Broken, FOUND};
use layer::{Bounds, Layer};
use properties::properties;

/// What is explored whole.
const BOUNDS: Bounds = Bounds { epochs: 3, crashes: 1, late: 1, reorgs: 1 };

/// What is explored whole when something is broken that is never reached.
const LEAST: Bounds = Bounds { epochs: 2, crashes: 0, late: 0, reorgs: 0 };

fn checker(bounds: Bounds, broken: Option<Broken>) -> CheckerBuilder<Layer> {
    let threads = available_parallelism().map_or(1, usize::from);
    Layer::new(bounds, broken).checker().threads(threads)
}

#[test]
fn every_state_of_the_model_is_right() {
    let checker = checker(BOUNDS, None).spawn_bfs().join();
    let (all, different) = (checker.state_count(), checker.unique_state_count());
    println!("{BOUNDS:?}: {all} steps to {different} states, {} deep", checker.max_depth());
    assert!(checker.is_done(), "every state was seen");
    checker.assert_properties();
}

#[test]
fn what_is_broken_is_found() {
    for (broken, name) in FOUND {
        let property = properties().into_iter().find(|one| one.name == name);
        let property = property.unwrap_or_else(|| panic!("{broken:?}: no property {name}"));
        if property.expectation == Expectation::Sometimes {
            let checker = checker(LEAST, Some(broken)).spawn_bfs().join();
            assert!(checker.discovery(name).is_none(), "{broken:?} makes no difference");
            println!("{broken:?}: {name}: never");
            continue;
        }
        let until = HasDiscoveries::AllOf([property.name].into());
        let checker = checker(BOUNDS, Some(broken)).finish_when(until).spawn_bfs().join();
        let path = checker.discovery(name).map(|path| path.into_actions());
        println!("{broken:?}: {name}: {path:?}");
        assert!(path.is_some(), "{broken:?} is not found");
    }
    let least = checker(LEAST, None).spawn_bfs().join();
    least.assert_properties();
}

#[test]
fn every_property_can_fail_and_is_an_invariant() {
    let invariants = include_str!("../../../node-core/INVARIANTS.md");
    let found: BTreeSet<_> = FOUND.iter().map(|(_, name)| *name).collect();
    for property in properties() {
        assert!(invariants.contains(&format!("**{}", property.name)), "{}", property.name);
        assert!(found.contains(property.name), "nothing breaks {}", property.name);
    }
}
