use std::process::Command;

use alloy::primitives::{Address, hex};
use mayfly_aws::Cloud;
use mayfly_cloud::{Failed, Fates, Function, Gateway, Ground, Told, functions, program};
use mayfly_cost::Usage;
use mayfly_it::Anvil;
use mayfly_l1::{AccountName, Node, PrivateKeySigner, devnet};
use serde_json::{Value, json};

use crate::{event::Opened, wallet::Rpc};

/// Key that signs the mints of paid webhooks.
pub(crate) const MINTER: &str =
    "0xb3f1c27e5a9d4860e71f2c8d93a6540b7ce8d215f04936ab8c5d7e1902f4a63b";

/// Signing secret of the shop.
pub(crate) const STRIPE: &str = "whsec_story";

/// Chain id of every layer here.
const CHAIN_ID: u64 = 730_730;

/// All functions of a deployment, and what they stand on.
pub(crate) struct Deployment {
    pub(crate) ground: Ground,
    pub(crate) cloud: Cloud,
    pub(crate) gateway: Gateway,
    /// What befalls the functions, where anything does.
    fates: Option<Fates>,
    anvil: Anvil,
}

/// A block five times a second, besides those of transactions, so that everything is final soon.
const L1: [&str; 5] = ["--slots-in-an-epoch", "1", "--block-time", "0.2", "--mixed-mining"];

impl Deployment {
    pub(crate) async fn start() -> Self {
        Self::set(|_| {}).await
    }

    /// A deployment whose functions are not quite as they would be.
    pub(crate) async fn set(set: impl Fn(&mut Function)) -> Self {
        Self::on(Ground::start().await, Gateway::start().await, None, set).await
    }

    /// A deployment whose functions meet their fates.
    pub(crate) async fn doomed() -> Self {
        let (ground, gateway) = (Ground::start().await, Gateway::start().await);
        let fates = Fates::new(&ground, &gateway).await;
        Self::on(ground, gateway, Some(fates), |_| {}).await
    }

    /// What befalls the functions of a doomed deployment.
    pub(crate) const fn fates(&self) -> &Fates {
        self.fates.as_ref().expect("the deployment is doomed")
    }

    async fn on(
        ground: Ground,
        gateway: Gateway,
        fates: Option<Fates>,
        set: impl Fn(&mut Function),
    ) -> Self {
        let cloud = ground.cloud().await;
        let anvil = Anvil::start_with(&L1);
        let deployment = Self { ground, cloud, gateway, fates, anvil };
        let told = Told {
            l1_url: deployment.anvil.url(),
            l1_key: devnet::accounts()[0].to_bytes().to_string(),
            minter_key: MINTER.to_owned(),
            stripe_secret: STRIPE.to_owned(),
        };
        for mut function in functions(&deployment.ground, &deployment.gateway, &told) {
            let fates = deployment.fates.iter().flat_map(|fates| fates.variables(&function.name));
            // Those that come later count.
            let fates: Vec<_> = fates.map(|(name, value)| (name.to_owned(), value)).collect();
            function.variables.extend(fates);
            set(&mut function);
            deployment.gateway.add(function);
        }
        deployment
    }

    /// Account that signs the mints.
    pub(crate) fn minter(&self) -> Address {
        MINTER.parse::<PrivateKeySigner>().expect("a key").address()
    }

    pub(crate) async fn node(&self) -> Node {
        Node::connect(&self.anvil.url()).await.expect("anvil answers")
    }

    /// Gives an account ETH on the L1.
    pub(crate) fn fund(&self, account: Address) {
        self.anvil.rpc().call("anvil_setBalance", &json!([account, "0x8ac7230489e80000"]));
    }

    /// Sends a transaction of an account whose key anvil has; returns its receipt.
    pub(crate) fn act(&self, from: Address, to: Option<Address>, input: &[u8]) -> Value {
        let data = hex::encode_prefixed(input);
        self.anvil.transact(&json!({ "from": from, "to": to, "data": data, "gas": "0x7a1200" }))
    }

    /// The RPC of the L1.
    pub(crate) fn l1_rpc(&self) -> Rpc {
        Rpc::new(self.anvil.url())
    }

    /// URL of the L1.
    pub(crate) fn l1_url(&self) -> String {
        self.anvil.url()
    }

    /// Asks for a layer.
    pub(crate) async fn open(&self, key: &str, ticket: Option<Address>) -> Result<Value, Failed> {
        self.open_with(key, ticket, None).await
    }

    /// Asks for a layer with a box office of its own.
    pub(crate) async fn open_with(
        &self,
        key: &str,
        ticket: Option<Address>,
        event: Option<&str>,
    ) -> Result<Value, Failed> {
        let event = json!({
            "action": "open",
            "key": key,
            "name": format!("Event {key}"),
            "chain_id": CHAIN_ID,
            "ends_in_s": 3_600,
            "ticket": ticket,
            "event": event,
        });
        self.gateway.invoke("operator", &event).await
    }

    pub(crate) fn layer(&self, opened: &Opened) -> Rpc {
        assert_eq!(opened.rpc_url, format!("{}/{}", self.gateway.url(), opened.id));
        Rpc::new(opened.rpc_url.clone())
    }

    /// Where a client connects to listen to a layer.
    pub(crate) fn socket(&self, layer: &str) -> String {
        format!("{}?layer={layer}", self.gateway.sockets_url()).replacen("http", "ws", 1)
    }

    pub(crate) fn rpc(&self, name: &str) -> Rpc {
        Rpc::new(format!("{}/{name}", self.gateway.url()))
    }

    /// Gives a name an address on the L1, in the registry that the event names.
    pub(crate) fn name(&self, name: &AccountName, registry: Address, owner: Address) {
        let (resolver, hash) = (Address::repeat_byte(0xe1), name.hash().to_string());
        for (contract, word) in [(registry, resolver), (resolver, owner)] {
            self.anvil.answer_for_names(&contract.to_string());
            self.anvil.answer(&contract.to_string(), &hash, &word.into_word().to_string());
        }
    }

    /// Pays all exits from L1 data alone, as any stranger can; returns how many.
    pub(crate) async fn claim_all(&self, layer: Address) -> usize {
        let key = devnet::accounts()[1].to_bytes().to_string();
        let (l1, layer) = (self.anvil.url(), layer.to_string());
        let claim = ["claim", "--json", "--all", "--l1", &l1, "--layer", &layer, "--l1-key", &key];
        let output = Command::new(program("mayfly")).args(claim).output().expect("mayfly starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_str(text.trim()).expect("JSON");
        usize::try_from(answer["exits"].as_u64().expect("a number")).expect("a small one")
    }

    /// What a layer has used so far, as its functions metered it.
    pub(crate) async fn used(&self, opened: &Opened) -> Usage {
        let known = self.cloud.registry().load(opened.id).await.expect("read").expect("known").1;
        match known.used {
            Some(used) => used,
            None => self.cloud.meters().sum(opened.id).await.expect("the meters can be read"),
        }
    }

    /// What `mayfly cost` says of a layer.
    pub(crate) fn cost(&self, layer: &str) -> Value {
        let url = self.gateway.url();
        let cost = ["cost", "--json", "--url", &url, "--layer", layer];
        let output = Command::new(program("mayfly")).args(cost).output().expect("mayfly starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}
