//! revm alone.

use mayfly_bench::CHAIN_ID;
use node_core::state::AccountChange;
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext, MainnetEvm,
    bytecode::Bytecode,
    context::TxEnv,
    database::{CacheDB, EmptyDB},
    handler::MainnetContext,
    primitives::hardfork::SpecId,
    state::AccountInfo,
};

use crate::{Result, Took, load::Sent, state::State, time};

type Flat = CacheDB<EmptyDB>;

/// The EVM over flat hash maps: no roots, no receipts, nothing stored.
pub(crate) struct Evm(MainnetEvm<MainnetContext<Flat>>);

impl Evm {
    pub(crate) fn new(state: &State) -> Self {
        let context = Context::mainnet().with_db(flat(state));
        let context = context.modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
            cfg.chain_id = CHAIN_ID;
        });
        let context = context.modify_block_chained(|block| block.gas_limit = 1_000_000_000);
        Self(context.build_mainnet())
    }

    /// Executes one block of `sent` and keeps what it changed.
    pub(crate) fn run(&mut self, sent: &[Sent]) -> Result<Took> {
        let requests: Vec<_> = sent.iter().map(request).collect();
        let (done, took) = time(|| {
            requests.into_iter().try_for_each(|request| match self.0.transact_commit(request) {
                Ok(result) if result.is_success() => Ok(()),
                other => Err(format!("a transaction of the benchmark failed: {other:?}")),
            })
        });
        done?;
        Ok(took)
    }
}

fn request(sent: &Sent) -> TxEnv {
    TxEnv {
        tx_type: 2,
        caller: sent.sender,
        gas_limit: sent.request.gas_limit,
        nonce: sent.request.nonce,
        gas_priority_fee: Some(0),
        kind: sent.request.to,
        value: sent.request.value,
        data: sent.request.input.clone(),
        chain_id: Some(CHAIN_ID),
        ..TxEnv::default()
    }
}

fn flat(state: &State) -> Flat {
    let mut flat = Flat::default();
    for (address, account) in &state.delta.accounts {
        let AccountChange::Updated(info) = account.change else { continue };
        let code = state.delta.codes.get(&info.code_hash);
        let info = AccountInfo {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: info.code_hash,
            code: code.map(|code| Bytecode::new_raw(code.clone())),
            ..AccountInfo::default()
        };
        flat.insert_account_info(*address, info);
        let held = flat.cache.accounts.entry(*address).or_default();
        held.storage.extend(account.slots.iter().map(|(key, value)| (*key, *value)));
    }
    flat
}
