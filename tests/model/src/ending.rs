//! That a layer ends, from wherever it is.
//!
//! `eventually` of stateright follows paths until they stop and takes no cycle for one that never ends, so it says nothing
//! of a model in which writers come and go. What is explored here is stronger than that some path ends: from *every* state
//! some path does. Where whatever can be done is done at some time, as schedules see to, that is an end in every life.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use stateright::Model;

use crate::{
    broken::Broken,
    layer::{Bounds, Layer, Phase, State},
};

/// What is explored for this, with every step kept.
const BOUNDS: Bounds = Bounds { epochs: 3, crashes: 1, late: 1, reorgs: 1 };

/// What is explored of a layer that cannot end.
const LEAST: Bounds = Bounds { epochs: 2, crashes: 0, late: 0, reorgs: 0 };

/// All states, numbered as they were found, the first one 0.
#[derive(Default)]
struct Explored {
    numbers: HashMap<u64, u32>,
    /// Steps, as the numbers of the states before and after.
    steps: Vec<(u32, u32)>,
    /// Those in which everything is erased.
    ends: Vec<u32>,
    /// Those in which somebody can still take over, or need not.
    open: Vec<u32>,
}

impl Explored {
    /// Explores everything; `seen` is shown each state with its number.
    fn of(layer: &Layer, mut seen: impl FnMut(u32, &State)) -> Self {
        let mut explored = Self::default();
        let mut left: VecDeque<_> = layer.init_states().into();
        for state in &left {
            explored.number(state);
        }
        for number in 0.. {
            let Some(state) = left.pop_front() else { break };
            seen(number, &state);
            explored.sort(layer, number, &state);
            for next in layer.next_steps(&state).into_iter().map(|(_, next)| next) {
                let (to, is_new) = explored.number(&next);
                explored.steps.push((number, to));
                if is_new {
                    left.push_back(next);
                }
            }
        }
        explored
    }

    /// The number of a state, and whether it is a new one.
    fn number(&mut self, state: &State) -> (u32, bool) {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        let next = u32::try_from(self.numbers.len()).expect("some millions");
        let number = *self.numbers.entry(hasher.finish()).or_insert(next);
        (number, number == next)
    }

    fn sort(&mut self, layer: &Layer, number: u32, state: &State) {
        if state.phase == Phase::Erased {
            self.ends.push(number);
        } else if state.claimed < layer.bounds.epochs || state.phase >= Phase::Sealed {
            self.open.push(number);
        }
    }

    /// The first state from which no end can be reached, though nothing has run out.
    fn stuck(mut self) -> Option<u32> {
        let mut ends = vec![false; self.numbers.len()];
        self.ends.iter().for_each(|end| ends[place(*end)] = true);
        // Steps lead on more often than back: the last ones first, and few rounds are enough.
        self.steps.reverse();
        loop {
            let before = self.steps.len();
            self.steps.retain(|(from, to)| {
                let leads = ends[place(*to)];
                if leads {
                    ends[place(*from)] = true;
                }
                !leads
            });
            if self.steps.len() == before {
                break;
            }
        }
        self.open.into_iter().find(|number| !ends[place(*number)])
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).expect("more than 16 bits")
}

/// A state from which a layer cannot end.
fn without_end(bounds: Bounds, broken: Option<Broken>) -> Option<State> {
    let layer = Layer::new(bounds, broken);
    let explored = Explored::of(&layer, |_, _| ());
    let (states, steps) = (explored.numbers.len(), explored.steps.len());
    println!("{bounds:?}, {broken:?}: {states} states, {steps} steps between them");
    let stuck = explored.stuck()?;
    let mut found = None;
    Explored::of(&layer, |number, state| {
        if number == stuck {
            found = Some(state.clone());
        }
    });
    found
}

#[test]
fn every_layer_can_end_from_wherever_it_is() {
    assert_eq!(without_end(BOUNDS, None), None);
}

#[test]
fn layer_that_cannot_end_is_found() {
    let stuck = without_end(LEAST, Some(Broken::NeverSealed));
    println!("{stuck:?}");
    assert!(stuck.is_some());
}
