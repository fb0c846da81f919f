use std::{
    fs::OpenOptions,
    io::{self, BufRead, IsTerminal, Write},
};

use mayfly_webhook::{
    Provider,
    provider::{PROVIDERS, Trust},
};
use serde_json::json;

use crate::{cli::EventInit, failure::Failure, ui::print};

/// What was chosen.
struct Choice {
    shops: Vec<&'static Provider>,
    claim_page: Option<String>,
    burn: bool,
}

/// Writes a commented configuration.
pub(super) fn run(init: EventInit, json: bool) -> Result<(), Failure> {
    let choice = choose(&init)?;
    let file = OpenOptions::new().write(true).create_new(true).open(&init.file);
    file.and_then(|mut file| file.write_all(text(&choice).as_bytes()))
        .map_err(|error| Failure::file(&init.file, error))?;
    let variables = variables(&choice);
    if json {
        print(json!({ "file": init.file, "variables": variables }));
        return Ok(());
    }
    print(format!("{} is written. It takes secrets from the environment:", init.file.display()));
    for variable in variables {
        print(format!("  {variable}"));
    }
    print(format!("Then: mayfly event check {0}; mayfly up --event {0}", init.file.display()));
    Ok(())
}

/// From options or, when there is a person and no shop among them, from questions.
fn choose(init: &EventInit) -> Result<Choice, Failure> {
    let known = PROVIDERS.map(|provider| provider.name).join(", ");
    if init.shops.is_empty() && io::stdin().is_terminal() {
        let shops = ask(&format!("Where are tickets sold? ({known})"), "stripe")?;
        let page =
            ask("On which page do buyers without a wallet claim? (an address, or nothing)", "")?;
        let burn = ask("Are tickets that are paid back burned? (yes or no)", "yes")?;
        let shops: Vec<_> = shops.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        return Ok(Choice {
            shops: providers(&shops)?,
            claim_page: Some(page).filter(|page| !page.is_empty()),
            burn: burn.starts_with('y'),
        });
    }
    let shops: Vec<_> = init.shops.iter().map(String::as_str).collect();
    let shops = if shops.is_empty() { vec!["stripe"] } else { shops };
    let claim_page = init.claim_page.clone();
    Ok(Choice { shops: providers(&shops)?, claim_page, burn: init.burn })
}

fn ask(question: &str, default: &str) -> Result<String, Failure> {
    eprint!("{question} [{default}] ");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| Failure::remote("stdin", error))?;
    let line = line.trim();
    Ok(if line.is_empty() { default } else { line }.to_owned())
}

fn providers(names: &[&str]) -> Result<Vec<&'static Provider>, Failure> {
    let known = PROVIDERS.map(|provider| provider.name).join(", ");
    let provider = |name: &&str| {
        let reason = format!("expected one of {known}, got `{name}`");
        Provider::named(name).ok_or(Failure::Option { option: "--shop", reason })
    };
    names.iter().map(provider).collect()
}

/// Name of the variable with a secret of a shop.
fn variable(provider: &Provider, what: &str) -> String {
    format!("MAYFLY_{}_{what}", provider.name.replace('-', "_").to_uppercase())
}

fn variables(choice: &Choice) -> Vec<String> {
    let mut variables = Vec::new();
    for provider in &choice.shops {
        variables.push(variable(provider, "SECRET"));
        if let Trust::Asked(_) = provider.trust {
            variables.push(variable(provider, "TOKEN"));
        }
    }
    if choice.claim_page.is_some() {
        variables.push("MAYFLY_CLAIM_SECRET".to_owned());
    }
    variables.push("MAYFLY_OFFICE_KEY".to_owned());
    variables
}

fn text(choice: &Choice) -> String {
    let mut text = TOP.to_owned();
    text.push_str(if choice.burn { BURN } else { VOID });
    text.push_str(TIERS);
    match &choice.claim_page {
        Some(page) => text.push_str(&CLAIMS.replace("PAGE", page)),
        None => {
            let claims = CLAIMS.replace("PAGE", "https://tickets.example/claim#");
            let commented: String = claims.lines().map(|line| off(line) + "\n").collect();
            text.push_str(&commented);
        }
    }
    text.push_str(OFFICE);
    for provider in &choice.shops {
        text.push_str(&shop(provider));
    }
    text
}

/// A line that is there for whoever wants it.
fn off(line: &str) -> String {
    if line.is_empty() || line.starts_with('#') { line.to_owned() } else { format!("# {line}") }
}

fn shop(provider: &Provider) -> String {
    let name = provider.name;
    let secret = variable(provider, "SECRET");
    let mut text = format!(
        "\n# {name} posts to /webhooks/{name}. The name of the section is yours; another one needs `provider = \"{name}\"`.\n[shops.{name}]\n"
    );
    match &provider.trust {
        Trust::Signed(scheme) => {
            text.push_str("# The signing secret, or a list of them while one is replaced.\n");
            text.push_str(&format!("secrets = \"env:{secret}\"\n"));
            if scheme.tolerance_s > 0 {
                text.push_str(&format!(
                    "# Largest age of a delivery, in seconds.\ntolerance = {}\n",
                    scheme.tolerance_s
                ));
            }
        }
        Trust::Asked(source) => {
            let token = variable(provider, "TOKEN");
            text.push_str(&format!(
                "# {name} does not sign. Whoever posts must know this key: /webhooks/{name}?key=...\nsecrets = \"env:{secret}\"\n# What is posted is asked for here.\napi = {{ base = \"{}\", token = \"env:{token}\" }}\n",
                source.api
            ));
        }
    }
    text.push_str("# Where something stands in the payload, as JSONPath, if not where the provider puts it; the first that is there counts.\n# [shops.");
    text.push_str(name);
    text.push_str(".paths]\n# recipient = [\"@.properties.wallet\", \"$.wallet\"]\n");
    text
}

const TOP: &str = "\
# The box office of an event: who sells, what is minted, and what happens to what is paid back.
# A secret is written as it is, or as `env:NAME` or `file:PATH`.

[ticket]
# What mints a ticket. Names say what goes in: `address recipient`, `uint256 tier`, `uint256 quantity` (always 1),
# `bytes32 order` or `string order`; others are taken from [ticket.values].
mint = \"mintTo(address recipient)\"
";

const TIERS: &str = "
# The contract's numbers for the shop's names of kinds, for `uint256 tier`.
# [ticket.tiers]
# vip = 2
";

const BURN: &str = "\
# What is paid back is burned, if it was minted. `void` only marks it.
refunds = \"burn\"
burn = \"burn(uint256 token)\"
";

const VOID: &str = "\
# What is paid back is marked and, if it was not minted yet, never is. `burn` burns it with the call below.
refunds = \"void\"
# What marks it on the contract, if that can; the order is `voided` then, and else `void`.
# void = \"void(uint256 token)\"
# burn = \"burn(uint256 token)\"
";

const CLAIMS: &str = "
# Buyers without a wallet get a link, from exports and messages below, that binds one to their ticket, once.
[claims]
secret = \"env:MAYFLY_CLAIM_SECRET\"
page = \"PAGE\"
valid = \"14days\"
# Who gets at the end what nobody claimed: an address, `code` for whoever has its claim code (`mayfly claim --code`), or
# `void` for nobody.
unclaimed = \"void\"
";

const OFFICE: &str = "
# Buyers may give a name such as `ada.eth` in place of an address, which this registry on the L1 knows (ENS or alike).
# [names]
# registry = \"0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e\"

# The organiser's API under /office: states, retries, lists in and out.
[office]
key = \"env:MAYFLY_OFFICE_KEY\"

# Who is told what became of orders, in the Standard Webhooks scheme.
# [completion]
# url = \"https://shop.example/tickets\"
# secret = \"env:MAYFLY_COMPLETION_SECRET\"
";
