//! What an organiser does on the L1, and what everybody may: deposit.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, Bytes, U256, address},
    rpc::types::{Filter, TransactionReceipt},
    sol_types::{SolCall, SolConstructor, SolEvent},
};
use mayfly_contracts::{
    FlashBulk721,
    FlashFactory::{self, openCall, predictCall},
    FlashLayer::{self, depositETHCall},
    FlashSettlement, FlashTwin20, FlashTwin721, FlashTwin1155,
};
use node_core::port::{L1Receipt, PortError};

use crate::{
    Config, Node, Sender,
    sender::{Act, port_receipt},
    terms,
};

/// The deterministic deployer: CREATE2 with what follows a 32-byte salt. Stands at this address on Ethereum,
/// its test networks, anvil and our development L1.
pub(crate) const DEPLOYER: Address = address!("4e59b44847b379578588920ca78fbf26c0b4956c");

/// Salt of all deployments: a new version has new code, and so a new address.
const SALT: B256 = B256::ZERO;

/// How far back the opening of a layer is looked for: two weeks of Ethereum's blocks.
const OPENED_WITHIN: u64 = 100_800;

/// Gas of a plain deposit's call on the layer: enough for a smart wallet to receive ETH.
const DEPOSIT_GAS: u64 = 100_000;

/// A layer that was opened on the L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenedLayer {
    /// Its contract.
    pub address: Address,
    /// The transaction that opened it, and its block: where to start reading logs.
    pub receipt: L1Receipt,
}

/// A deposit that the L1 has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deposited {
    /// Its position in the deposit tree.
    pub index: u64,
    /// Its transaction.
    pub receipt: L1Receipt,
}

/// Returns where [`deploy_factory`] puts the factory: the same address on every chain.
#[must_use]
pub fn factory_address() -> Address {
    let [.., factory] = deployments();
    factory.address
}

/// Deploys the factory with the code behind layers and twins, as far as it is not there yet.
///
/// # Errors
/// [`PortError::Refused`] when the chain has no deterministic deployer.
pub async fn deploy_factory(sender: &Sender) -> Result<Address, PortError> {
    deploy(sender, deployments()).await?;
    Ok(factory_address())
}

/// Deploys what is not there yet, in this order.
pub(crate) async fn deploy(
    sender: &Sender,
    deployments: impl IntoIterator<Item = Deployment> + Send,
) -> Result<(), PortError> {
    let deployments: Vec<_> = deployments.into_iter().collect();
    let node = sender.node();
    if !node.has_code(DEPLOYER, BlockNumberOrTag::Latest).await? {
        let reason = format!("the L1 has no deterministic deployer at {DEPLOYER}");
        return Err(PortError::Refused { what: "deployment".to_owned(), reason });
    }
    for Deployment { what, address, init_code } in deployments {
        if node.has_code(address, BlockNumberOrTag::Latest).await? {
            continue;
        }
        let input = [SALT.as_slice(), &init_code].concat().into();
        sender.send(Act { what, to: DEPLOYER, input, value: U256::ZERO }).await?;
    }
    Ok(())
}

/// Opens the layer of `config`; its organiser must be the sender. Opening it again answers with the first time.
///
/// # Errors
/// [`PortError::Refused`] names the field that the factory does not take.
pub async fn open_layer(
    sender: &Sender,
    factory: Address,
    config: &Config,
    salt: B256,
) -> Result<OpenedLayer, PortError> {
    let node = sender.node();
    let turn = sender.turn().await?;
    let c = terms::of_factory(config);
    let predict = predictCall { organiser: config.organiser, c: c.clone(), salt };
    let address = node.call(factory, &predict, BlockNumberOrTag::Latest).await?;
    if node.has_code(address, BlockNumberOrTag::Latest).await? {
        let receipt = opened(node, factory, address).await?;
        return Ok(OpenedLayer { address, receipt });
    }
    let input = openCall { c, salt }.abi_encode().into();
    let act = Act { what: "open", to: factory, input, value: terms::fee(config) };
    let receipt = port_receipt(&turn.send(act).await?);
    Ok(OpenedLayer { address, receipt })
}

/// Deposits `value` wei for `to` on the layer; any key may.
///
/// # Errors
/// [`PortError::Refused`] names the contract's error: `DepositsEnded`, `CapExceeded`.
pub async fn deposit_eth(
    sender: &Sender,
    layer: Address,
    to: Address,
    value: U256,
) -> Result<Deposited, PortError> {
    let call = depositETHCall { to, gasLimit: DEPOSIT_GAS, data: Bytes::new() };
    let input = call.abi_encode().into();
    let receipt = sender.send(Act { what: "depositETH", to: layer, input, value }).await?;
    let index = deposit_index(&receipt, layer).ok_or_else(|| PortError::Corrupt {
        name: format!("L1 transaction {}", receipt.transaction_hash),
        reason: "it has no deposit".to_owned(),
    })?;
    Ok(Deposited { index, receipt: port_receipt(&receipt) })
}

/// One contract to deploy.
pub(crate) struct Deployment {
    what: &'static str,
    pub(crate) address: Address,
    init_code: Vec<u8>,
}

impl Deployment {
    pub(crate) fn new(what: &'static str, code: &[u8], arguments: &[u8]) -> Self {
        let init_code = [code, arguments].concat();
        let address = DEPLOYER.create2_from_code(SALT, &init_code);
        Self { what, address, init_code }
    }
}

/// Twins, both halves of the layer, and the factory: each has the addresses of those before in its code.
fn deployments() -> [Deployment; 7] {
    let twin20 = Deployment::new("deploy FlashTwin20", &FlashTwin20::BYTECODE, &[]);
    let twin721 = Deployment::new("deploy FlashTwin721", &FlashTwin721::BYTECODE, &[]);
    let bulk721 = Deployment::new("deploy FlashBulk721", &FlashBulk721::BYTECODE, &[]);
    let twin1155 = Deployment::new("deploy FlashTwin1155", &FlashTwin1155::BYTECODE, &[]);
    let twins = FlashSettlement::Twins {
        twin20: twin20.address,
        twin721: twin721.address,
        bulk721: bulk721.address,
        twin1155: twin1155.address,
    };
    let arguments = FlashSettlement::constructorCall { twins }.abi_encode();
    let settlement =
        Deployment::new("deploy FlashSettlement", &FlashSettlement::BYTECODE, &arguments);
    let arguments = FlashLayer::constructorCall { settlement_: settlement.address }.abi_encode();
    let layer = Deployment::new("deploy FlashLayer", &FlashLayer::BYTECODE, &arguments);
    let arguments =
        FlashFactory::constructorCall { layerImplementation_: layer.address }.abi_encode();
    let factory = Deployment::new("deploy FlashFactory", &FlashFactory::BYTECODE, &arguments);
    [twin20, twin721, bulk721, twin1155, settlement, layer, factory]
}

async fn opened(node: &Node, factory: Address, layer: Address) -> Result<L1Receipt, PortError> {
    use alloy::providers::Provider;
    let filter = Filter::new()
        .address(factory)
        .event_signature(FlashFactory::FlashOpened::SIGNATURE_HASH)
        .topic2(layer.into_word());
    let head = node.block(node_core::chain::Finality::Depth(0)).await?.number;
    let log = node.newest_log(&filter, head.saturating_sub(OPENED_WITHIN), |_| true).await?;
    let what = || format!("opening of layer {layer}");
    let hash = log.and_then(|log| log.transaction_hash).ok_or_else(|| PortError::Refused {
        what: what(),
        reason: format!("not in the last {OPENED_WITHIN} L1 blocks"),
    })?;
    let answer = node.read(node.provider().get_transaction_receipt(hash).await);
    let receipt = answer.map_err(|fault| fault.into_port(what()))?;
    let receipt = receipt.ok_or_else(|| PortError::unavailable(what(), "it has no receipt"))?;
    Ok(port_receipt(&receipt))
}

fn deposit_index(receipt: &TransactionReceipt, layer: Address) -> Option<u64> {
    receipt
        .logs()
        .iter()
        .filter(|log| log.address() == layer)
        .find_map(|log| FlashLayer::Deposited::decode_log(&log.inner).ok())
        .map(|event| event.data.index)
}
