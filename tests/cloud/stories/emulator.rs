use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use mayfly_cloud::program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{listener::Listener, wallet::Rpc};

#[tokio::test(flavor = "multi_thread")]
async fn up_runs_a_layer_on_the_functions_of_an_emulated_cloud() {
    let up =
        ["up", "--cloud-emulator", "--json", "--port", "0", "--l1-port", "0", "--name", "Night"];
    let mut command = Command::new(program("mayfly"));
    command.args(up).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut mayfly = command.spawn().expect("mayfly starts");
    let mut line = String::new();
    let mut output = BufReader::new(mayfly.stdout.take().expect("piped"));
    output.read_line(&mut line).expect("readable");
    let opened: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
        let mut said = String::new();
        let mut errors = mayfly.stderr.take().expect("piped");
        errors.read_to_string(&mut said).expect("text");
        panic!("mayfly opened nothing: {said}")
    });
    assert_eq!(opened["name"], "Night");
    let layer = Rpc::new(opened["rpcUrl"].as_str().expect("a URL").to_owned());
    let chain_id = opened["chainId"].as_u64().expect("a number");
    assert_eq!(layer.ask("eth_chainId", json!([])).await, json!(format!("{chain_id:#x}")));
    let url = opened["socketUrl"].as_str().expect("a URL");
    let mut listener = Listener::connect(url).await.expect("it may connect");
    let told = listener.ask("eth_chainId", json!([])).await;
    assert_eq!(told["result"], json!(format!("{chain_id:#x}")));
    let cost = layer.ask("mayfly_cost", json!([])).await;
    assert!(cost["bill"]["totalUsd"].is_string(), "functions meter what they use: {cost}");
    let pid = Pid::from_raw(i32::try_from(mayfly.id()).expect("a process")).expect("not 0");
    kill_process(pid, Signal::INT).expect("it runs");
    assert!(mayfly.wait().expect("it ends").success());
    // Nothing is left: not even somebody who listens.
    let gone = reqwest::Client::new().post(opened["rpcUrl"].as_str().expect("a URL")).send().await;
    assert!(gone.is_err(), "{gone:?}");
}
