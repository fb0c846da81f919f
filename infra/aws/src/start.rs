use std::{fmt::Display, process::ExitCode};

use crate::log;

/// Runs a function to its end. Its log is JSON, a line for each event; an error is its last line.
pub async fn run<E: Display>(function: impl Future<Output = Result<(), E>>) -> ExitCode {
    log::start();
    match function.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}
