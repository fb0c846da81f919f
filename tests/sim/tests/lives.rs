//! A thousand lives; that a seed is the whole of one; and that what is broken is noticed.

use mayfly_sim::{MOST_LIVES, Property, Setting, Variant, catch, live, live_all};

#[test]
fn a_thousand_lives_end_well() {
    match live_all(0..1_000) {
        Ok(lived) => println!("{lived:?}"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn a_seed_is_the_whole_life() {
    for seed in 0..20 {
        let once = live(&Setting { seed, ..Setting::default() });
        let again = live(&Setting { seed, told: true, ..Setting::default() });
        assert_eq!((once.trace_hash, once.event_count), (again.trace_hash, again.event_count));
        assert_ne!(
            once.trace_hash,
            live(&Setting { seed: seed + 1, ..Setting::default() }).trace_hash
        );
    }
}

#[test]
fn every_broken_variant_is_noticed() {
    let mut unnoticed = Vec::new();
    for variant in Variant::ALL {
        match catch(variant) {
            Some(caught) => println!("{:>5}  {variant:?}: {}", caught.lives, caught.property),
            None => unnoticed.push(variant),
        }
    }
    assert!(unnoticed.is_empty(), "not noticed within {MOST_LIVES} lives: {unnoticed:?}");
}

#[test]
fn properties_have_the_names_of_the_invariants() {
    let invariants = include_str!("../../../node-core/INVARIANTS.md");
    for (property, number, name) in Property::ALL {
        assert!(invariants.contains(&format!("**{name}")), "{property:?}: {number}. {name}");
    }
}
