//! What can happen in a state, and what it leads to.

use stateright::{Model, Property};

use crate::{
    broken::Broken,
    layer::{L1, Layer, Phase, Request, SENT, State, WRITERS, Writer, newest_block},
    properties::properties,
    writer::{Step, append, step, steps},
};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A writer goes on.
    Write(usize, Step),
    /// A writer dies.
    Crash(usize),
    /// A write that nobody has heard of lands, if its slot is free, or is lost.
    Land(usize),
    /// The request for a transaction goes on.
    Request(usize),
    /// The timer of the end fires: whenever it likes.
    Drain,
    /// The sealed layer is settled.
    Settle,
    /// The L1 takes the settlement back.
    Reorganise,
    /// The settlement is final.
    Finalise,
    /// The teardown sees that it is.
    SeeFinal,
    /// Everything is erased. By then every process of before is gone: it lives for less than the window on the L1.
    Erase,
}

impl Model for Layer {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, writer) in state.writers.iter().enumerate() {
            actions.extend(steps(writer).iter().map(|step| Action::Write(at, *step)));
            if *writer != Writer::Away && state.crashes < self.bounds.crashes {
                actions.push(Action::Crash(at));
            }
        }
        actions.extend((0..state.late.len()).map(Action::Land));
        actions.extend((0..SENT).map(Action::Request));
        actions.extend(
            match (state.phase, state.l1) {
                (Phase::Open, _) => [Some(Action::Drain), None],
                (Phase::Sealed, L1::Nothing) => [Some(Action::Settle), None],
                (Phase::Sealed | Phase::Settled, L1::Newest) => [
                    Some(Action::Finalise),
                    (state.reorgs < self.bounds.reorgs).then_some(Action::Reorganise),
                ],
                _ => [None, None],
            }
            .into_iter()
            .flatten(),
        );
        actions.extend([Action::SeeFinal, Action::Erase]);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let next = match action {
            Action::Write(at, one) => step(self, state, at, one)?,
            Action::Request(at) => request(self, state, at)?,
            Action::SeeFinal if state.phase != Phase::Sealed || !is_final(self, state) => None?,
            Action::Erase if state.phase != Phase::Settled || !is_quiet(self, state) => None?,
            other => happen(self, state.clone(), other),
        };
        Some(next.canonical())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties()
    }
}

/// What happens by itself.
fn happen(layer: &Layer, mut next: State, action: Action) -> State {
    match action {
        Action::Write(..) | Action::Request(_) => {}
        Action::Crash(at) => {
            next.crashes += 1;
            next.writers[at] = Writer::Away;
        }
        Action::Land(at) => {
            let (place, slot) = next.late.remove(at);
            append(layer, &mut next, place, slot);
        }
        Action::Drain => next.phase = Phase::Draining,
        Action::Settle => settle(&mut next),
        Action::Reorganise => {
            next.reorgs += 1;
            next.l1 = L1::Nothing;
        }
        Action::Finalise => next.l1 = L1::Final,
        Action::SeeFinal => next.phase = Phase::Settled,
        Action::Erase => next.phase = Phase::Erased,
    }
    next
}

/// Whoever settles names the newest block that there is.
fn settle(next: &mut State) {
    let newest = newest_block(&next.log);
    next.is_settled_otherwise |= next.settled.is_some_and(|before| before != newest);
    next.settled = Some(newest);
    next.l1 = L1::Newest;
}

/// Check, append, check again, acknowledge.
fn request(layer: &Layer, state: &State, at: usize) -> Option<State> {
    let is_open = state.phase == Phase::Open;
    let mut next = state.clone();
    next.requests[at] = match state.requests[at] {
        Request::Away if is_open => Request::Checked,
        Request::Checked if layer.is(Broken::AcknowledgedFirst) => Request::Acknowledged,
        Request::Checked => {
            next.inbox |= 1 << at;
            next.is_left |= next.phase == Phase::Erased;
            Request::Appended
        }
        Request::Appended if is_open || layer.is(Broken::PhaseReadOnce) => Request::Acknowledged,
        Request::Appended => Request::Refused,
        _ => return None,
    };
    Some(next)
}

fn is_final(layer: &Layer, state: &State) -> bool {
    state.l1 == L1::Final || (layer.is(Broken::HastyErase) && state.l1 == L1::Newest)
}

fn is_quiet(layer: &Layer, state: &State) -> bool {
    let is_under_way = |request: &Request| matches!(request, Request::Checked | Request::Appended);
    layer.is(Broken::EraseWhileTheyLive)
        || (state.late.is_empty()
            && state.writers == [Writer::Away; WRITERS]
            && !state.requests.iter().any(is_under_way))
}
