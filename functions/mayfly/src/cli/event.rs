use std::path::PathBuf;

use alloy::primitives::Address;
use clap::{Args, Subcommand};

use super::Place;

/// What is done with the configuration of an event's box office.
#[derive(Debug, Subcommand)]
pub(crate) enum Event {
    /// Write a commented configuration, from a few questions or from options.
    Init(EventInit),
    /// Say everything that is wrong with a configuration.
    Check(EventFile),
    /// Send deliveries of a shop to the running layer, as its provider would: signed, or with answers to who asks back.
    Simulate(Simulate),
}

#[derive(Debug, Args)]
pub(crate) struct EventFile {
    /// The configuration.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct EventInit {
    /// Where it is written; what is there stays.
    #[arg(default_value = "event.toml")]
    pub(crate) file: PathBuf,
    /// Provider of a shop; once for each. Asked for when missing, and so is what follows from it.
    #[arg(long = "shop", value_name = "PROVIDER")]
    pub(crate) shops: Vec<String>,
    /// Page on which buyers without a wallet claim their tickets; the token of their link is put behind it.
    #[arg(long, value_name = "URL")]
    pub(crate) claim_page: Option<String>,
    /// Burn tickets that are paid back, rather than mark them.
    #[arg(long)]
    pub(crate) burn: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The configuration that the layer was started with.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The shop that sells; the first of the configuration when missing.
    #[arg(long)]
    pub(crate) shop: Option<String>,
    /// How many sales.
    #[arg(long, default_value_t = 1)]
    pub(crate) sales: u64,
    /// Number of the first sale: the same number is the same sale again.
    #[arg(long, default_value_t = 1)]
    pub(crate) from: u64,
    /// Tickets of each sale.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) tickets: u64,
    /// Who buys; somebody else each time when missing.
    #[arg(long)]
    pub(crate) to: Option<Address>,
    /// How often each delivery is sent.
    #[arg(long, default_value_t = 1)]
    pub(crate) times: u32,
    /// Pay the sales back instead.
    #[arg(long)]
    pub(crate) refund: bool,
}
