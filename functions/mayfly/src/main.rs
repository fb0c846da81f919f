//! `mayfly`: flash layers on one machine.
//!
//! The same handlers that run as functions in the cloud, in one process, on embedded stores, with an L1
//! of its own or any other.

mod cli;
mod client;
mod command;
mod exits;
mod failure;
mod keys;
mod runner;
mod ui;

use std::process::ExitCode;

use clap::Parser;

/// The system allocator costs a third of the throughput under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    ui::start_log(cli.verbose);
    let json = cli.json;
    match Box::pin(command::run(cli)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            ui::fail(&failure, json);
            ExitCode::FAILURE
        }
    }
}
