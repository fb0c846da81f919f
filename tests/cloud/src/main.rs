//! The program `cloud-emulator`: a deployment of Mayfly on a cloud on this machine, in memory. `mayfly up
//! --cloud-emulator` starts it.
//!
//! | variable | what |
//! |---|---|
//! | `MAYFLY_PORT` | port of the HTTP front and of the APIs of Lambda and the Scheduler; 0 takes any free one |
//! | `MAYFLY_L1_URL`, `MAYFLY_L1_KEY`, `MAYFLY_MINTER_KEY`, `MAYFLY_STRIPE_SECRET` | as the functions take them |
//!
//! Prints a line of JSON with its `url` once it answers. Ends, with all that it started, when its standard input does:
//! so it never outlives whoever started it.

use std::{
    env, io,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use mayfly_cloud::{Gateway, Ground, Told, functions};
use serde_json::json;
use tokio::net::TcpListener;

/// How often the watch looks, and schedules that are due fire: AWS does both once a minute.
const TICK: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloud-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), String> {
    let port: u16 =
        variable("MAYFLY_PORT")?.parse().map_err(|error| format!("MAYFLY_PORT: {error}"))?;
    let told = Told {
        l1_url: variable("MAYFLY_L1_URL")?,
        l1_key: variable("MAYFLY_L1_KEY")?,
        minter_key: variable("MAYFLY_MINTER_KEY")?,
        stripe_secret: variable("MAYFLY_STRIPE_SECRET")?,
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("port {port}: {error}"))?;
    let (ground, gateway) = (Ground::start().await, Gateway::on(listener));
    for function in functions(&ground, &gateway, &told) {
        gateway.add(function);
    }
    println!("{}", json!({ "url": gateway.url() }));
    tokio::select! {
        () = pass_time(&gateway) => {}
        () = left() => {}
    }
    Ok(())
}

/// Lets the watch look, and what is scheduled happen.
async fn pass_time(gateway: &Gateway) {
    loop {
        gateway.pass(&humantime::format_rfc3339_seconds(SystemTime::now()).to_string());
        // A watch that failed looks again.
        let _ = gateway.invoke("bridge", &json!({})).await;
        tokio::time::sleep(TICK).await;
    }
}

/// Waits until nobody is at the other end of the standard input.
async fn left() {
    let input = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock(), &mut io::sink()));
    // However it ended, it has.
    let _ = input.await;
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("environment variable {name}: expected a value"))
}
