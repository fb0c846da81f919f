use stateright::Property;

use crate::layer::{
    Content, L1, Layer, Phase, SENT, Slot, State, acknowledged, included, is_ended, newest_block,
};

/// What must hold in every state; and the last one in some. The names are those of `node-core/INVARIANTS.md`.
pub(crate) fn properties() -> Vec<Property<Layer>> {
    vec![
        always("A slot is written once", |_, state| !state.is_overwritten),
        always("A fenced writer cannot commit", |_, state| {
            state.log.windows(2).all(is_of_its_writer)
        }),
        always("A write whose outcome is unknown happens at most once", |_, state| {
            each_new(state, |one, other| one.epoch == other.epoch)
        }),
        always("Blocks form one chain", |_, state| {
            (0..).zip(&state.log).all(|(at, slot): (u8, _)| match slot.content {
                Content::Block { parent, .. } => parent == at,
                _ => true,
            })
        }),
        always("After the end slot there is no block", |_, state| {
            let end = state.log.iter().position(|slot| slot.content == Content::End);
            end.is_none_or(|end| newest_block(&state.log[end..]) == 0)
        }),
        always("No block is made of nothing", |_, state| {
            let is_empty = |one: &Slot| matches!(one.content, Content::Block { included: 0, .. });
            !state.log.iter().any(is_empty)
        }),
        always("What is acknowledged is durable", |_, state| {
            acknowledged(state) & !(state.inbox | included(&state.log)) == 0
        }),
        always("A transaction is included once", |_, state| each_new(state, |_, _| true)),
        always("A draining layer acknowledges nothing", |_, state| {
            !is_ended(&state.log) || acknowledged(state) & !included(&state.log) == 0
        }),
        always("A checkpoint opens to the state root of its block, or not at all", |_, state| {
            state.pointer == 0 || state.manifests & 1 << state.pointer != 0
        }),
        always("Nothing is erased before the L1 says", |_, state| {
            state.phase != Phase::Erased || state.l1 == L1::Final
        }),
        always("What the L1 pays is what the layer's final state says", |_, state| {
            state.settled.is_none_or(|settled| settled == newest_block(&state.log))
        }),
        always("There is one settlement", |_, state| !state.is_settled_otherwise),
        always("After the erase nothing is left", |_, state| !state.is_left),
        Property::sometimes("Every layer ends", |_: &Layer, state: &State| {
            state.phase == Phase::Erased && acknowledged(state) == (1 << SENT) - 1
        }),
    ]
}

/// As the one of stateright, and knows what it is about.
fn always(name: &'static str, holds: fn(&Layer, &State) -> bool) -> Property<Layer> {
    Property::always(name, holds)
}

/// Epochs of fences rise, and what follows a fence is its writer's.
fn is_of_its_writer(pair: &[Slot]) -> bool {
    match pair[1].content {
        Content::Fence => pair[1].epoch > pair[0].epoch,
        _ => pair[1].epoch == pair[0].epoch,
    }
}

/// Whether of every two blocks that this concerns the newer one has nothing of the older one.
fn each_new(state: &State, concerns: fn(&Slot, &Slot) -> bool) -> bool {
    let log = &state.log;
    (1..log.len()).all(|at| {
        let older = log[..at].iter().filter(|one| concerns(one, &log[at]));
        older.copied().all(|one| included(&[one]) & included(&log[at..=at]) == 0)
    })
}
