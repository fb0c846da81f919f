//! One step of somebody who writes.

use crate::{
    broken::Broken,
    layer::{
        Content, Layer, Phase, Slot, State, TEARDOWN, Writer, included, is_ended, newest_block,
    },
};

/// What a writer does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Claims the lease: it is free, ran out, or a clock says so.
    Claim,
    /// Reads the checkpoint and the log after it.
    Open,
    /// Occupies the next slot.
    Fence,
    /// Builds a block of what waits, or the end.
    Build,
    /// Writes what it built.
    Commit,
    /// Writes it, and hears nothing.
    Unsure,
    /// Forgets what is included.
    Tidy,
    /// Writes the manifest of a checkpoint, or what there is to do first.
    Manifest,
    /// Points at it.
    Point,
    /// Gives the lease back.
    Leave,
}

/// What there is to do for who does this.
pub(crate) const fn steps(writer: &Writer) -> &'static [Step] {
    match writer {
        Writer::Away => &[Step::Claim],
        Writer::Claimed { .. } => &[Step::Open],
        Writer::Opened { .. } => &[Step::Fence],
        Writer::Ready { .. } => &[Step::Build, Step::Manifest, Step::Leave],
        Writer::Built { .. } => &[Step::Commit, Step::Unsure],
        Writer::Tidying { .. } => &[Step::Tidy],
        Writer::Checkpointing { .. } => &[Step::Point],
    }
}

/// Does a step; `None` when it cannot be done now.
pub(crate) fn step(layer: &Layer, state: &State, at: usize, step: Step) -> Option<State> {
    let mut next = state.clone();
    next.writers[at] = match (step, state.writers[at]) {
        (Step::Claim, Writer::Away) if may_claim(layer, state, at) => {
            next.claimed += 1;
            Writer::Claimed { epoch: next.claimed }
        }
        (Step::Open, Writer::Claimed { epoch }) => open(layer, state, epoch),
        (Step::Fence, Writer::Opened { epoch, known }) => fence(layer, &mut next, epoch, known),
        (Step::Build, Writer::Ready { epoch, known }) => {
            let content = build(layer, state, at, known)?;
            if layer.is(Broken::ForgottenFirst) {
                next.inbox &= !included(&[Slot { epoch, content }]);
            }
            Writer::Built { epoch, known, content }
        }
        (Step::Commit, Writer::Built { epoch, known, content }) => {
            commit(layer, &mut next, known, Slot { epoch, content })
        }
        (Step::Unsure, Writer::Built { epoch, known, content })
            if state.given_up < layer.bounds.late =>
        {
            next.given_up += 1;
            next.late.push((known, Slot { epoch, content }));
            state.writers[at]
        }
        (Step::Tidy, Writer::Tidying { epoch, known, done }) => {
            next.inbox &= !done;
            Writer::Ready { epoch, known }
        }
        (Step::Manifest, Writer::Ready { epoch, known })
            if newest_block(state.known(known)) > state.pointer =>
        {
            halve(layer, &mut next, known, true);
            Writer::Checkpointing { epoch, known }
        }
        (Step::Point, Writer::Checkpointing { epoch, known }) => {
            halve(layer, &mut next, known, false);
            Writer::Ready { epoch, known }
        }
        (Step::Leave, Writer::Ready { known, .. }) => {
            let is_end = is_ended(state.known(known)) || ends_without(layer, state, known);
            let is_its = at == TEARDOWN && !layer.is(Broken::NeverSealed);
            if is_its && is_end && state.phase == Phase::Draining {
                next.phase = Phase::Sealed;
            }
            Writer::Away
        }
        _ => return None,
    };
    Some(next)
}

fn may_claim(layer: &Layer, state: &State, at: usize) -> bool {
    let is_time = match at {
        TEARDOWN => state.phase == Phase::Draining,
        _ => state.phase <= Phase::Draining,
    };
    is_time && state.claimed < layer.bounds.epochs
}

/// A checkpoint is a beginning of the log, so who opens has read all of it. Who was overtaken stops.
fn open(layer: &Layer, state: &State, epoch: u8) -> Writer {
    let newest = state.log.last().map_or(0, |slot| slot.epoch);
    if newest > epoch && !layer.is(Broken::EpochNotCompared) {
        return Writer::Away;
    }
    Writer::Opened { epoch, known: state.length() }
}

/// Occupies the next slot; what an older writer has written there first is taken over. Then what the two newest blocks
/// included is forgotten again.
fn fence(layer: &Layer, next: &mut State, epoch: u8, known: u8) -> Writer {
    if is_ended(next.known(known)) && !layer.is(Broken::EndNotSeen) {
        return Writer::Ready { epoch, known };
    }
    if append(layer, next, known, Slot { epoch, content: Content::Fence }) {
        let is_block = |slot: &&Slot| matches!(slot.content, Content::Block { .. });
        let remembered = if layer.is(Broken::NotSkipped) { 0 } else { 2 };
        let newest = next.log.iter().rev().filter(is_block).take(remembered);
        let done = newest.fold(0, |all, block| all | included(&[*block]));
        return Writer::Tidying { epoch, known: known + 1, done };
    }
    let held = next.log[usize::from(known)];
    if held.epoch > epoch { Writer::Away } else { Writer::Opened { epoch, known: known + 1 } }
}

/// A block of what waits and is not included yet; the teardown ends the log when there is nothing.
fn build(layer: &Layer, state: &State, at: usize, known: u8) -> Option<Content> {
    if is_ended(state.known(known)) && !layer.is(Broken::EndNotSeen) {
        return None;
    }
    let skipped = if layer.is(Broken::NotSkipped) { 0 } else { included(state.known(known)) };
    match (at, state.inbox & !skipped) {
        (TEARDOWN, _) if layer.is(Broken::NoLastCall) => Some(Content::End),
        (TEARDOWN, 0) => (!layer.is(Broken::NoEnd)).then_some(Content::End),
        (_, 0) if !layer.is(Broken::EmptyBlocks) => None,
        (_, included) => Some(Content::Block { parent: known, included }),
    }
}

/// Writes what was built. Who finds the slot taken looks whether it was itself; if not, it was overtaken.
fn commit(layer: &Layer, next: &mut State, known: u8, slot: Slot) -> Writer {
    let (epoch, content) = (slot.epoch, slot.content);
    let is_written = append(layer, next, known, slot);
    let held = next.log.get(usize::from(known)).copied();
    if is_written || (held == Some(slot) && !layer.is(Broken::AttemptNotCompared)) {
        return Writer::Tidying { epoch, known: known + 1, done: included(&[slot]) };
    }
    let is_own = held.is_some_and(|held| held.epoch == epoch);
    match content {
        Content::Block { included, .. } if is_own => {
            let known = known + 1;
            Writer::Built { epoch, known, content: Content::Block { parent: known, included } }
        }
        _ => Writer::Away,
    }
}

/// The one conditional write.
pub(crate) fn append(layer: &Layer, next: &mut State, place: u8, slot: Slot) -> bool {
    match next.log.get_mut(usize::from(place)) {
        Some(held) if layer.is(Broken::SlotWrittenTwice) => {
            next.is_overwritten = true;
            *held = slot;
        }
        Some(_) if !layer.is(Broken::AppendedAtTheEnd) => return false,
        _ => next.log.push(slot),
    }
    next.is_left |= next.phase == Phase::Erased;
    true
}

/// Broken: nothing waits, and that is the end.
fn ends_without(layer: &Layer, state: &State, known: u8) -> bool {
    layer.is(Broken::NoEnd) && state.inbox & !included(state.known(known)) == 0
}

/// The first or the second half of a checkpoint: what it points at, and the pointer, which never goes back. What is
/// before the pointer is of no use any more.
fn halve(layer: &Layer, next: &mut State, known: u8, is_first: bool) {
    let newest = newest_block(next.known(known));
    if is_first != layer.is(Broken::PointerFirst) {
        next.manifests |= 1 << newest;
        return;
    }
    let goes_back = layer.is(Broken::PointerGoesBack);
    next.pointer = if goes_back { newest } else { next.pointer.max(newest) };
    next.manifests &= u8::MAX << next.pointer;
}
