use mayfly_cost::{Bill, Event, Prices, estimate};
use serde_json::{Value, json};

use super::status::running;
use crate::{
    cli,
    failure::Failure,
    runner::Place,
    ui::{Facts, print},
};

/// Says what a layer cost: so far, or, when it has ended, in all.
pub(crate) async fn run(cost: cli::Cost, json: bool) -> Result<(), Failure> {
    let url = match (&cost.url, &cost.layer) {
        (None, _) => running(&Place::new(&cost.place.dir))?.url,
        (Some(url), None) => url.clone(),
        (Some(url), Some(layer)) => format!("{}/{layer}", url.trim_end_matches('/')),
    };
    let cost = ask(&url).await?;
    if json {
        print(cost);
        return Ok(());
    }
    let bill = if cost["bill"].is_null() { &cost } else { &cost["bill"] };
    show(&format!("Cost of {url}"), bill);
    Ok(())
}

/// Asks a layer. One that has ended says it in its refusal.
async fn ask(url: &str) -> Result<Value, Failure> {
    let failed = |error: reqwest::Error| Failure::remote(format!("ask {url}"), error);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "mayfly_cost", "params": [] });
    let answer = reqwest::Client::new().post(url).json(&body).send().await.map_err(failed)?;
    let mut answer: Value = answer.json().await.map_err(failed)?;
    let mut part = |path| answer.pointer_mut(path).map(Value::take).unwrap_or_default();
    match (part("/result"), part("/error/data/cost")) {
        (Value::Null, Value::Null) => {
            let reason = answer["error"]["message"].as_str().unwrap_or("no JSON-RPC answers there");
            Err(Failure::remote(format!("ask {url}"), reason))
        }
        (Value::Null, ended) => Ok(ended),
        (result, _) => Ok(result),
    }
}

/// Says what an event will cost, before anything is deployed.
pub(crate) fn estimated(planned: &cli::Estimate, json: bool) {
    let event =
        Event { tickets: planned.tickets, hours: planned.hours, gas_price_wei: planned.gas_price };
    let used = estimate(&event);
    let bill = Bill::new(&used, planned.hours.saturating_mul(3_600), &Prices::known());
    if json {
        print(json!({ "event": event, "used": used, "bill": bill }));
        return;
    }
    let title = format!("{} tickets in {} h, about", planned.tickets, planned.hours);
    show(&title, &serde_json::to_value(bill).expect("plain data"));
}

pub(super) fn show(title: &str, bill: &Value) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut facts = Facts::new(title);
    for line in bill["lines"].as_array().into_iter().flatten() {
        facts.row(
            &text(&line["what"]),
            format!("{:>16}   ${}", text(&line["quantity"]), text(&line["usd"])),
        );
    }
    for (name, field) in [("region", "region"), ("prices of", "pricesOf")] {
        facts.row(name, text(&bill[field]));
    }
    if !bill["totalUsd"].is_null() {
        facts.row("together", format!("${}", text(&bill["totalUsd"])));
    }
    let l1 = &bill["l1"];
    facts.row("on the L1", format!("{} gas, {} ETH", text(&l1["gas"]), text(&l1["feeEth"])));
    let left_out = bill["leftOut"].as_array().into_iter().flatten().map(text);
    facts.row("not in it", left_out.collect::<Vec<_>>().join("; ")).print();
}
