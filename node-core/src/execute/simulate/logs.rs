use alloy_primitives::{Address, B256, Log, LogData, U256, address, b256};
use revm::{
    inspector::Inspector,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, interpreter::EthInterpreter,
    },
};

use super::super::machine::Context;

/// Who tells of ETH that moves, by the specification of `eth_simulateV1`.
const TRANSFER_EMITTER: Address = address!("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");

/// `Transfer(address,address,uint256)`, as of an ERC-20.
const TRANSFER_TOPIC: B256 =
    b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// A log with its number in the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedLog {
    /// As geth counts: logs that were taken back have a number too.
    pub index: u64,
    /// The log.
    pub log: Log,
}

/// Whether ETH that moves leaves a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfers {
    Logged,
    Silent,
}

/// Watches the logs of the calls of a block, those of ETH that moves among them.
#[derive(Debug, Clone)]
pub(in crate::execute) struct LogBook {
    transfers: Transfers,
    next: u64,
    /// Calls that are under way, the innermost last.
    open: Vec<Frame>,
    /// What the calls that are over left.
    kept: Vec<NumberedLog>,
}

/// A call that is under way.
#[derive(Debug, Clone, Default)]
struct Frame {
    /// Number of the log of what a creation is given, until its address is known.
    endowment: Option<u64>,
    logs: Vec<NumberedLog>,
}

impl LogBook {
    pub(super) const fn new(transfers: Transfers) -> Self {
        Self { transfers, next: 0, open: Vec::new(), kept: Vec::new() }
    }

    /// Takes the logs of the call that ran last.
    pub(super) fn take(&mut self) -> Vec<NumberedLog> {
        self.open.clear();
        core::mem::take(&mut self.kept)
    }

    const fn number(&mut self) -> u64 {
        let index = self.next;
        self.next += 1;
        index
    }

    fn keep(&mut self, log: NumberedLog) {
        let logs = self.open.last_mut().map_or(&mut self.kept, |frame| &mut frame.logs);
        logs.push(log);
    }

    fn moves(&self, value: U256) -> bool {
        self.transfers == Transfers::Logged && !value.is_zero()
    }

    fn moved(&mut self, from: Address, to: Address, value: U256) {
        if self.moves(value) {
            let index = self.number();
            self.keep(NumberedLog { index, log: transfer(from, to, value) });
        }
    }

    /// Ends the innermost call: what it logged is taken back when it failed.
    fn end(&mut self, success: bool) {
        let ended = self.open.pop().filter(|_| success);
        for log in ended.into_iter().flat_map(|frame| frame.logs) {
            self.keep(log);
        }
    }
}

fn transfer(from: Address, to: Address, value: U256) -> Log {
    let topics = vec![TRANSFER_TOPIC, from.into_word(), to.into_word()];
    let data = value.to_be_bytes_vec().into();
    Log { address: TRANSFER_EMITTER, data: LogData::new_unchecked(topics, data) }
}

impl Inspector<Context, EthInterpreter> for LogBook {
    fn log(&mut self, _: &mut Context, log: Log) {
        let index = self.number();
        self.keep(NumberedLog { index, log });
    }

    fn call(&mut self, _: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.open.push(Frame::default());
        if let Some(value) = inputs.transfer_value() {
            self.moved(inputs.transfer_from(), inputs.transfer_to(), value);
        }
        None
    }

    fn call_end(&mut self, _: &mut Context, _: &CallInputs, outcome: &mut CallOutcome) {
        self.end(outcome.result.is_ok());
    }

    fn create(&mut self, _: &mut Context, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        let endowment = self.moves(inputs.value()).then(|| self.number());
        self.open.push(Frame { endowment, logs: Vec::new() });
        None
    }

    fn create_end(&mut self, _: &mut Context, inputs: &CreateInputs, outcome: &mut CreateOutcome) {
        if let (Some(frame), Some(created)) = (self.open.last_mut(), outcome.address)
            && let Some(index) = frame.endowment
        {
            let log = transfer(inputs.caller(), created, inputs.value());
            frame.logs.insert(0, NumberedLog { index, log });
        }
        self.end(outcome.result.is_ok());
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.moved(contract, target, value);
    }
}
