//! One file for each command.

mod archive;
mod claim;
mod close;
mod cost;
mod demo;
mod emulated;
mod event;
mod exits;
mod rebuild;
mod refund;
mod rescue;
mod status;
mod up;
mod verify;

use crate::{
    cli::{Cli, Command},
    failure::Failure,
};

/// Runs the command that was asked for.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let json = cli.json;
    match cli.command {
        Command::Up(up) if up.cloud_emulator => emulated::run(*up, json).await,
        Command::Up(up) => Box::pin(up::run(*up, json)).await,
        Command::Demo(demo) => Box::pin(demo::run(demo, json)).await,
        Command::Status(place) => status::run(place, json).await,
        Command::Close(place) => close::run(place, json).await,
        Command::Cost(cost) => cost::run(cost, json).await,
        Command::Estimate(estimate) => {
            cost::estimated(&estimate, json);
            Ok(())
        }
        Command::Exits(exits) => exits::run(exits, json).await,
        Command::Claim(claim) => claim::run(claim, json).await,
        Command::Archive(archive) => archive::run(archive, json).await,
        Command::Event(event) => event::run(event, json).await,
        Command::Refund(refund) => refund::run(refund, json).await,
        Command::Rebuild(rebuild) => Box::pin(rebuild::run(rebuild, json)).await,
        Command::Rescue(rescue) => Box::pin(rescue::run(rescue, json)).await,
        Command::Verify(verify) => verify::run(verify, json).await,
    }
}
