use std::{path::PathBuf, time::Duration};

use alloy::primitives::{Address, Bytes};
use clap::{Args, Parser, Subcommand};
use mayfly_l1::{Attestor, Bridged, read_bridged};
use node_core::chain::{LayerId, Posting};

use crate::keys::KeyText;

mod event;

pub(crate) use event::{Event, EventInit, Simulate};

/// Where a layer is kept when nothing else is said.
const DEFAULT_DIR: &str = ".mayfly";

/// MiB of memory that caches take when nothing else is said: pages of the state 128, the ledger and blocks 64 each,
/// the index 32.
pub(crate) const CACHE_MIB: u32 = 288;

/// Disposable EVM rollups for one event: open, sell, end, settle, claim, gone.
#[derive(Debug, Parser)]
#[command(name = "mayfly", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print one JSON object on stdout instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more on stderr; twice for even more.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open a layer, or go on with the one in --dir, and serve it until Ctrl-C.
    Up(Box<Up>),
    /// Watch a whole event: open, deposit, mint, webhooks, end, settle, claim, erase.
    Demo(Demo),
    /// Say where a layer stands.
    Status(Place),
    /// End a running layer now, without waiting for its end time.
    Close(Place),
    /// Say what a layer on AWS cost, so far or in all.
    Cost(Cost),
    /// Say what an event on AWS will cost, before anything is deployed.
    Estimate(Estimate),
    /// Say who gets what on the L1.
    Exits(Exits),
    /// Pay out exits of a settled layer on the L1.
    Claim(Claim),
    /// Take deposits back on the L1 when nobody has settled the layer in time.
    Refund(Refund),
    /// Build a layer again from L1 data alone, and prove its exits.
    Rebuild(Rebuild),
    /// End a layer that was rebuilt, when its operator does not: seal, settle, publish.
    Rescue(Rescue),
    /// Execute every block again and compare every root with what the L1 holds.
    Verify(Verify),
    /// Serve a chain that was exported, or a layer that is gone, for reading.
    Archive(Archive),
    /// Configure and try the box office of an event.
    #[command(subcommand)]
    Event(Event),
}

/// Where the inputs of blocks are posted.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Post {
    Leaves,
    Blobs,
    Calldata,
}

impl From<Post> for Posting {
    fn from(post: Post) -> Self {
        match post {
            Post::Leaves => Self::Leaves,
            Post::Blobs => Self::Blobs,
            Post::Calldata => Self::Calldata,
        }
    }
}

/// Which layer.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Directory of the layer.
    #[arg(long, default_value = DEFAULT_DIR, env = "MAYFLY_DIR")]
    pub(crate) dir: PathBuf,
}

/// Where the layer is on the L1, and who pays for what is done there.
#[derive(Debug, Args)]
pub(crate) struct OnL1 {
    /// RPC URL of the L1; the one of the layer in --dir when missing.
    #[arg(long, requires = "layer")]
    pub(crate) l1: Option<String>,
    /// The layer's contract on the L1.
    #[arg(long, requires = "l1")]
    pub(crate) layer: Option<Address>,
    /// Key that pays the gas on the L1: 32 bytes in hex, `file:PATH` or `kms:KEY`. Anybody's will do: what is paid out
    /// goes to whom it belongs.
    #[arg(long, env = "MAYFLY_L1_KEY", hide_env_values = true)]
    pub(crate) l1_key: Option<KeyText>,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Name of the event.
    #[arg(long, default_value = "Mayfly event")]
    pub(crate) name: String,
    /// Port of the layer's RPC and webhooks; 0 takes any free one.
    #[arg(long, default_value_t = 8545, env = "MAYFLY_PORT")]
    pub(crate) port: u16,
    /// Port of the development L1; 0 takes any free one.
    #[arg(long, default_value_t = 8546)]
    pub(crate) l1_port: u16,
    /// EIP-155 chain id of the layer.
    #[arg(long, default_value_t = 265_669, env = "MAYFLY_CHAIN_ID")]
    pub(crate) chain_id: u64,
    /// When the layer ends, from now: 90s, 45m, 6h, 2days.
    #[arg(long, default_value = "6h", value_parser = humantime::parse_duration)]
    pub(crate) ends_in: Duration,
    /// Base fee in wei per gas; 0 makes the layer free to use.
    #[arg(long, default_value_t = 0)]
    pub(crate) base_fee: u64,
    /// Where the inputs of blocks are posted: leaves (nowhere, only the exits at the end), blobs, or calldata
    /// for an L1 without blobs such as the development L1. What is posted rebuilds the layer.
    #[arg(long, value_enum, default_value_t = Post::Leaves)]
    pub(crate) post: Post,
    /// How long a block waits for company before it is posted: a blob that is half empty costs as much as a full one,
    /// and what is not posted is not `safe`.
    #[arg(long, default_value = "1m", value_parser = humantime::parse_duration)]
    pub(crate) post_after: Duration,
    /// Contract with `mintTo(address)` that paid webhooks mint from. On the development L1, a sample ticket
    /// contract is deployed when none is named.
    #[arg(long)]
    pub(crate) ticket: Option<Address>,
    /// Stripe's signing secret for the webhook (whsec_...) of a layer without --event. Made up when missing.
    #[arg(long, env = "MAYFLY_STRIPE_SECRET", hide_env_values = true)]
    pub(crate) stripe_secret: Option<String>,
    /// Configuration of the event's box office, see `mayfly event init`. Without it, Stripe sells tickets for
    /// `mintTo(address)`.
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// File of rules that say who may ask the layer for what, see the README. Without it everybody may ask for everything.
    #[arg(long)]
    pub(crate) access: Option<PathBuf>,
    /// Most MiB of memory that the layer's caches take together; what does not fit is read from the disk again.
    #[arg(long, value_name = "MIB", default_value_t = CACHE_MIB,
        value_parser = clap::value_parser!(u32).range(9..=65_536))]
    pub(crate) cache: u32,
    /// Token of the L1 that may be deposited, as KIND:ADDRESS or KIND:ADDRESS:CAP; once for each. KIND is erc20,
    /// erc721 or erc1155. CAP is the most that may ever be deposited, in the smallest unit of an ERC-20, for others
    /// a number of tokens; no limit when missing. On the layer the token has the same address.
    #[arg(long = "bridge", value_name = "KIND:ADDRESS[:CAP]", value_parser = read_bridged)]
    pub(crate) bridge: Vec<Bridged>,
    /// Collections that are minted on the layer with at least this many ids in a row exit to a bulk contract,
    /// which is cheap when the organiser pushes all of it to the holders, and dearer for holders who claim.
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) bulk_from: Option<u64>,
    /// Somebody who executes every block again and is asked to sign the settlement: its address, and the URL of its
    /// `mayfly-attestor`; once for each. With attestors the layer is in assurance mode B: the operator's word settles nothing.
    #[arg(long = "attestor", value_name = "ADDRESS=URL")]
    pub(crate) attestors: Vec<Attestor>,
    /// How many attestors must sign; more than half of them when missing.
    #[arg(long, requires = "attestors", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) quorum: Option<u8>,
    /// How long nobody can claim after the settlement, while attestors can take it back: 30m, 1h.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    pub(crate) window: Duration,
    /// RPC URL of an L1 to settle on, instead of the development L1 in this process.
    #[arg(long, env = "MAYFLY_L1", requires = "l1_key")]
    pub(crate) l1: Option<String>,
    /// Key that opens, ends and settles the layer on the L1 given by --l1: 32 bytes in hex, `file:PATH`, or `kms:KEY`
    /// with the ARN, id or alias of a key in AWS KMS.
    #[arg(long, env = "MAYFLY_L1_KEY", hide_env_values = true)]
    pub(crate) l1_key: Option<KeyText>,
    /// Key that signs soft receipts and blocks, named as --l1-key. Made up and kept in --dir when missing.
    #[arg(long, env = "MAYFLY_SEQUENCER_KEY", hide_env_values = true)]
    pub(crate) sequencer_key: Option<KeyText>,
    /// Factory contract on the L1; a new one is deployed when missing.
    #[arg(long)]
    pub(crate) factory: Option<Address>,
    /// Runs the layer on the functions of a deployment, and these on a cloud on this machine, all in memory: DynamoDB,
    /// S3, Lambda and the Scheduler. For who changes Mayfly: it takes a built checkout of it.
    #[arg(long, conflicts_with_all = [
        "cache", "event", "access", "bridge", "bulk_from", "attestors", "window", "l1", "sequencer_key", "factory",
    ])]
    pub(crate) cloud_emulator: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Buyers who mint with their own signed transactions.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) buyers: u32,
    /// Signed webhook deliveries, some of them duplicates.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    pub(crate) deliveries: u32,
    /// RPC URL of an L1 to settle on (the well-known development accounts must have ETH there).
    #[arg(long)]
    pub(crate) l1: Option<String>,
    /// Keep the bundle for auditors here; it is dropped with everything else when missing.
    #[arg(long)]
    pub(crate) bundle: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) place: Place,
    /// RPC URL of the layer, or, with --layer, of the deployment; the layer in --dir when missing.
    #[arg(long, env = "MAYFLY_PUBLIC_URL")]
    pub(crate) url: Option<String>,
    /// Id of the layer, as the function `operator` said it.
    #[arg(long, requires = "url")]
    pub(crate) layer: Option<LayerId>,
}

#[derive(Debug, Args)]
pub(crate) struct Estimate {
    /// Tickets that are sold, each with one signed transaction.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    pub(crate) tickets: u64,
    /// How long the sale lasts, in hours.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub(crate) hours: u64,
    /// What the L1 asks for a unit of gas, in wei.
    #[arg(long, default_value_t = 1_000_000_000)]
    pub(crate) gas_price: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Exits {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Rehearse the end of the running layer as it is now; without this, `mayfly claim` lists what is settled.
    #[arg(long, required = true)]
    pub(crate) preview: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Claim {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Pay only the exits of this recipient.
    #[arg(long, conflicts_with = "all")]
    pub(crate) recipient: Option<Address>,
    /// Pay every exit that is left.
    #[arg(long)]
    pub(crate) all: bool,
    /// Hand over what waits for a claim code, the key to a ticket that nobody claimed before the end, to --to.
    #[arg(long, requires = "to", conflicts_with_all = ["recipient", "all"], env = "MAYFLY_CLAIM_CODE", hide_env_values = true)]
    pub(crate) code: Option<KeyText>,
    /// Who gets what waits for --code.
    #[arg(long, requires = "code")]
    pub(crate) to: Option<Address>,
    #[command(flatten)]
    pub(crate) on_l1: OnL1,
}

#[derive(Debug, Args)]
pub(crate) struct Refund {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Take back what this account has deposited.
    #[arg(long, conflicts_with = "all")]
    pub(crate) holder: Option<Address>,
    /// Give every deposit back.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) on_l1: OnL1,
    /// L1 block to look for the layer's opening from.
    #[arg(long, default_value_t = 0)]
    pub(crate) from_block: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Bundle of a layer that is gone; the running layer in --dir when missing.
    #[arg(long)]
    pub(crate) bundle: Option<PathBuf>,
    /// RPC URL of the L1 to compare with; the one of the layer in --dir when missing.
    #[arg(long)]
    pub(crate) l1: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Archive {
    /// Genesis file of the chain, as geth takes it.
    #[arg(long, requires = "chain", conflicts_with = "bundle")]
    pub(crate) genesis: Option<PathBuf>,
    /// Blocks of the chain in RLP one after the other, as geth exports them.
    #[arg(long, requires = "genesis", required_unless_present = "bundle")]
    pub(crate) chain: Option<PathBuf>,
    /// State that the chain must lead to, as `{"stateRoot", "alloc"}` with accounts as in a genesis file: nothing of
    /// it may differ.
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
    /// Bundle of a layer that is gone.
    #[arg(long)]
    pub(crate) bundle: Option<PathBuf>,
    /// Port of the RPC; 0 takes any free one.
    #[arg(long, default_value_t = 8545, env = "MAYFLY_PORT")]
    pub(crate) port: u16,
    /// Take transactions and keep them in memory. No block will ever include them: for tests of clients.
    #[arg(long)]
    pub(crate) pool: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    /// RPC URL of the L1.
    #[arg(long)]
    pub(crate) l1: String,
    /// The layer's contract on the L1.
    #[arg(long)]
    pub(crate) layer: Address,
    /// URL of an L1 consensus node, which has the blobs. Not needed for calldata, nor on anvil.
    #[arg(long)]
    pub(crate) beacon: Option<String>,
    /// L1 block to look for the layer's opening from.
    #[arg(long, default_value_t = 0)]
    pub(crate) from_block: u64,
    /// Keep the layer here, to read it or to end it; only its roots are shown when missing.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Rescue {
    #[command(flatten)]
    pub(crate) place: Place,
    /// RPC URL of the L1.
    #[arg(long, env = "MAYFLY_L1")]
    pub(crate) l1: String,
    /// Key that acts on the L1: 32 bytes in hex, or `file:PATH`. The organiser's or, with the organiser's word,
    /// anybody's in mode A; an attestor's in mode B, which also locks up the rescue bond.
    #[arg(long, env = "MAYFLY_L1_KEY", hide_env_values = true)]
    pub(crate) l1_key: KeyText,
    /// URL of an attestor that is asked to sign the settlement (mode B); once for each.
    #[arg(long = "attestor", value_name = "URL")]
    pub(crate) attestors: Vec<String>,
    /// The organiser's signature of the settlement (mode A): 65 bytes in hex. Without it the command says what is
    /// to be signed.
    #[arg(long, value_name = "SIGNATURE")]
    pub(crate) organisers_word: Option<Bytes>,
}
