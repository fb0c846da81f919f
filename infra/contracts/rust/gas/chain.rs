//! An L1 of one block and no rules but the EVM's.

use std::borrow::Cow;

use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext, MainnetEvm,
    context::{TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    handler::MainnetContext,
    primitives::hardfork::SpecId,
    state::AccountInfo,
};

/// Time of the block, Unix seconds.
pub(super) const NOW_S: u64 = 1_800_000_000;

/// An EVM over a state in memory.
pub(super) struct Chain(MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>);

impl Chain {
    /// Makes a chain by the rules of Osaka on which `rich` have 1,000 ETH each.
    pub(super) fn new(rich: &[Address]) -> Self {
        let mut state = CacheDB::<EmptyDB>::default();
        let balance = U256::from(10).pow(U256::from(21));
        for account in rich {
            let info = AccountInfo { balance, ..AccountInfo::default() };
            state.insert_account_info(*account, info);
        }
        let context = Context::mainnet()
            .with_db(state)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.disable_nonce_check = true;
            })
            .modify_block_chained(|block| {
                block.timestamp = U256::from(NOW_S);
                block.gas_limit = 1_000_000_000;
            });
        Self(context.build_mainnet())
    }

    /// Goes on by other rules.
    pub(super) fn fork(&mut self, spec: SpecId) {
        self.0.ctx.cfg.set_spec_and_mainnet_gas_params(spec);
    }

    /// Gives `account` one wei, so that it is there.
    pub(super) fn touch(&mut self, account: Address) {
        let db = &mut self.0.ctx.journaled_state.database;
        let info = AccountInfo { balance: U256::ONE, ..AccountInfo::default() };
        db.insert_account_info(account, info);
    }

    /// Deploys `code` with these constructor arguments.
    pub(super) fn deploy(&mut self, from: Address, code: &[u8], arguments: &[u8]) -> Address {
        let data = [code, arguments].concat().into();
        let result = self.transact(from, TxKind::Create, U256::ZERO, data);
        result.created_address().expect("the contracts can be deployed")
    }

    /// Sends a call, and returns its gas and its answer.
    pub(super) fn send<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        value: u64,
        call: &C,
    ) -> (u64, C::Return) {
        let data = call.abi_encode().into();
        let result = self.transact(from, TxKind::Call(to), U256::from(value), data);
        assert!(result.is_success(), "{}: {}", C::SIGNATURE, reason(&result));
        let gas = result.tx_gas_used();
        let output = result.into_output().unwrap_or_default();
        (gas, C::abi_decode_returns(&output).expect("the answer is of the ABI"))
    }

    fn transact(&mut self, from: Address, to: TxKind, value: U256, data: Bytes) -> ExecutionResult {
        let request = TxEnv {
            caller: from,
            gas_limit: 1 << 24,
            kind: to,
            value,
            data,
            chain_id: Some(1),
            ..TxEnv::default()
        };
        self.0.transact_commit(request).expect("the transaction is valid")
    }
}

fn reason(result: &ExecutionResult) -> Cow<'static, str> {
    result.output().map_or(Cow::Borrowed("halted"), |data| data.to_string().into())
}
