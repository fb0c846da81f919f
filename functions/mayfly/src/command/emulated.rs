//! A layer on the functions of a deployment, on an emulated cloud.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use mayfly_l1::devnet;
use mayfly_sequencer::SystemClock;
use node_core::port::Clock;
use serde_json::{Value, json};

use super::cost;
use crate::{
    cli::Up,
    failure::Failure,
    keys::Keys,
    runner::{L1Side, Place},
    ui::{Facts, Steps, print},
};

/// Program that emulates the cloud, of the same build as this one.
const EMULATOR: &str = "cloud-emulator";

/// How often it is looked whether the layer has ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The emulated cloud; ends when dropped.
struct Cloud {
    program: Child,
    url: String,
}

/// Opens a layer on an emulated cloud and waits for its end, or for Ctrl-C.
pub(crate) async fn run(up: Up, json: bool) -> Result<(), Failure> {
    let steps = Steps::new(json);
    let step = steps.start("starting a cloud on this machine", 0);
    let dir = tempfile::tempdir().map_err(|error| Failure::file(std::env::temp_dir(), error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let l1 = L1Side::start(&Place::new(dir.path()), None, up.l1_port, &clock).await?;
    let keys = Keys::generate(up.stripe_secret.clone());
    let cloud = Cloud::start(&up, l1.url(), &keys).await?;
    step.done(&format!("functions at {}", cloud.url));
    let step = steps.start("opening the layer", 0);
    let opened = cloud.operator(&wanted(&up)).await?;
    step.done("a new layer");
    show((&opened, &cloud.socket(&opened)), &l1, &keys, json);
    tokio::select! {
        _ = tokio::signal::ctrl_c() => steps.say("stopping; the cloud and all that was in it are gone"),
        ended = cloud.ended(&opened["layer"]) => {
            let ended = ended?;
            steps.say("the layer has ended: settled, published, erased");
            if json {
                print(json!({ "ended": ended }));
            } else {
                cost::show("what it cost", &ended["cost"]);
            }
            steps.say("the development L1 stays up for `mayfly claim --all`; Ctrl-C ends it");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
    drop(cloud);
    l1.stop().await;
    Ok(())
}

/// What the function `operator` is asked for.
fn wanted(up: &Up) -> Value {
    json!({
        "action": "open",
        "key": "up",
        "name": up.name,
        "chain_id": up.chain_id,
        "ends_in_s": up.ends_in.as_secs(),
        "base_fee_wei": up.base_fee,
        "posting": node_core::chain::Posting::from(up.post),
        "ticket": up.ticket,
    })
}

fn show((opened, socket): (&Value, &str), l1: &L1Side, keys: &Keys, json: bool) {
    if json {
        let object = json!({
            "layer": opened["layer"],
            "name": opened["name"],
            "rpcUrl": opened["rpc_url"],
            "socketUrl": socket,
            "webhookUrl": opened["webhook_url"],
            "stripeSecret": keys.stripe_secret,
            "chainId": opened["chain_id"],
            "endsAt": opened["ends_at_s"],
            "l1": {
                "rpcUrl": l1.url(),
                "chainId": opened["l1"]["chain_id"],
                "layer": opened["l1"]["layer"],
            },
        });
        print(object);
        return;
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut facts = Facts::new(&text(&opened["name"]));
    facts
        .row("RPC URL", text(&opened["rpc_url"]))
        .row("WebSocket URL", socket)
        .row("chain id", text(&opened["chain_id"]))
        .row("webhook URL", text(&opened["webhook_url"]))
        .row("webhook secret", &keys.stripe_secret)
        .row("L1 RPC URL", l1.url())
        .row("L1 contract", text(&opened["l1"]["layer"]));
    facts.print();
    print("Ctrl-C stops, and forgets everything.");
}

impl Cloud {
    /// Where a client listens to a layer.
    fn socket(&self, opened: &Value) -> String {
        let layer = opened["layer"].as_str().unwrap_or_default();
        format!("{}/live?layer={layer}", self.url.replacen("http", "ws", 1))
    }

    /// Starts the emulator, and waits until it answers.
    async fn start(up: &Up, l1_url: &str, keys: &Keys) -> Result<Self, Failure> {
        let path = emulator()?;
        let key = devnet::accounts().swap_remove(0).to_bytes().to_string();
        let mut command = Command::new(&path);
        command
            .env("MAYFLY_PORT", up.port.to_string())
            .env("MAYFLY_L1_URL", l1_url)
            .env("MAYFLY_L1_KEY", key)
            .env("MAYFLY_MINTER_KEY", keys.minter.to_string())
            .env("MAYFLY_STRIPE_SECRET", &keys.stripe_secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for this program, which then ends the other one in order.
            .process_group(0);
        let mut program = command.spawn().map_err(|error| Failure::file(&path, error))?;
        let output = program.stdout.take().expect("its output is ours");
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).map(|_| line)
        });
        let failed = |reason: String| Failure::remote(format!("start {EMULATOR}"), reason);
        let line = line.await.map_err(|error| failed(error.to_string()))?;
        let line = line.map_err(|error| failed(error.to_string()))?;
        let said: Value = serde_json::from_str(&line)
            .map_err(|_| failed("it ended before it answered, for the reason above".to_owned()))?;
        let url = said["url"].as_str().unwrap_or_default().to_owned();
        Ok(Self { program, url })
    }

    /// Invokes the function `operator`, as IAM lets an organiser do.
    async fn operator(&self, event: &Value) -> Result<Value, Failure> {
        let url = format!("{}/2015-03-31/functions/operator/invocations", self.url);
        let failed = |error: reqwest::Error| Failure::remote("invoke operator", error);
        let answer = reqwest::Client::new().post(url).json(event).send().await.map_err(failed)?;
        let is_error = answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await.map_err(failed)?;
        let answer: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::remote("invoke operator", error))?;
        match answer["errorMessage"].as_str() {
            Some(message) if is_error => Err(Failure::remote("invoke operator", message)),
            _ => Ok(answer),
        }
    }

    /// Waits until nothing of the layer is stored any more; returns where it stands then.
    async fn ended(&self, layer: &Value) -> Result<Value, Failure> {
        let ask = json!({ "action": "status", "layer": layer });
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let status = self.operator(&ask).await?;
            if !status["ended_at_s"].is_null() {
                return Ok(status);
            }
        }
    }
}

impl Drop for Cloud {
    /// It ends when its standard input does, with its functions.
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}

/// The emulator is a program beside this one.
fn emulator() -> Result<PathBuf, Failure> {
    let this = std::env::current_exe().map_err(|error| Failure::file("mayfly", error))?;
    let path = this.with_file_name(EMULATOR);
    if path.exists() {
        return Ok(path);
    }
    let reason = format!(
        "expected {} beside mayfly, as `cargo build --workspace` in a checkout of Mayfly makes it",
        path.display()
    );
    Err(Failure::Option { option: "--cloud-emulator", reason })
}
