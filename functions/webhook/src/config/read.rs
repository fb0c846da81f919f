use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy_primitives::{Address, U256};
use node_core::codec::record::Effect;
use toml::Table;

use super::reader::{ConfigError, Problem, Problems, Section};
use crate::{
    Claims, Completion, Event, Fetch, Inquiry, Provider, Secret, Shop, TicketCalls, Unclaimed,
    mapping::Mapping,
    path::Paths,
    provider::{PROVIDERS, Trust},
    ticket::Call,
};

/// Shortest API key.
const KEY_BYTES: usize = 16;

/// Finds a secret by what a configuration says of it, `env:NAME`, `file:PATH` or the secret itself.
type Find<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl Event {
    /// Reads a configuration.
    ///
    /// `find` turns what stands for a secret into the secret, and says what it expected otherwise; `fetch` asks
    /// providers that do not sign.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem.
    pub fn parse(
        text: &str,
        find: &dyn Fn(&str) -> Result<String, String>,
        fetch: &Arc<dyn Fetch>,
    ) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError {
            problems: vec![Problem {
                field: "file".to_owned(),
                expected: "TOML".to_owned(),
                got: error.to_string().trim_end().to_owned(),
            }],
        })?;
        let problems = Problems::default();
        let root = Section::root(&table, &problems);
        let event = Self {
            ticket: ticket(&root.section("ticket")),
            claims: claims(&root.section("claims"), find),
            names: names(&root.section("names")),
            office: office(&root.section("office"), find),
            completion: completion(&root.section("completion"), find),
            shops: shops(&root.section("shops"), find, fetch),
        };
        let (claims, names) = (event.claims.is_some(), event.names.is_some());
        let shops = event.shops.into_iter();
        let shops = shops.map(|shop| Shop { claims, names, ..shop }).collect();
        root.finish();
        problems.into_result(Self { shops, ..event })
    }
}

fn ticket(section: &Section<'_>) -> TicketCalls {
    let values = section.section("values");
    let texts: BTreeMap<_, _> = values
        .names()
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), values.text(name)?.to_owned())))
        .collect();
    let tiers = section.section("tiers");
    let number = |name: &str| {
        let number = tiers.number(name, "a whole number")?;
        Some((name.to_owned(), U256::from(number)))
    };
    let tiers = tiers.names().into_iter().filter_map(number).collect();
    let call = |name: &str| {
        let text = section.text(name)?;
        section.read(name, Call::parse(text, &texts))
    };
    let mint = call("mint");
    if mint.as_ref().is_some_and(|mint| !mint.takes_recipient()) {
        section.wrong("mint", "a parameter `address recipient`", "none");
    }
    if mint.as_ref().is_some_and(Call::takes_token) {
        section.wrong("mint", "no parameter `uint256 token`", "one: it is not known before");
    }
    let refund =
        |name, effect| call(name).and_then(|call| section.read(name, call.into_refund(effect)));
    let (burn, void) = (refund("burn", Effect::Burn), refund("void", Effect::Void));
    let refund = match section.text("refunds") {
        None | Some("void") => void,
        Some("burn") if burn.is_none() => {
            section.wrong(
                "burn",
                "the function that burns, as in `burn(uint256 token)`",
                "nothing",
            );
            None
        }
        Some("burn") => burn,
        Some(other) => {
            section.wrong("refunds", "`burn` or `void`", format!("`{other}`"));
            None
        }
    };
    section.finish();
    TicketCalls { mint, refund, tiers }
}

fn claims(section: &Section<'_>, find: Find<'_>) -> Option<Claims> {
    if !section.is_there() {
        return None;
    }
    let secret = long_secret(section, "secret", find);
    let page = section.required("page", "the address that the token is put behind");
    let valid = section.text("valid").unwrap_or("14days");
    let valid = humantime::parse_duration(valid)
        .map_err(|_| format!("expected a time such as `14days` or `36h`, got `{valid}`"));
    let valid: Option<Duration> = section.read("valid", valid);
    let unclaimed = section.text("unclaimed").unwrap_or("void");
    let unclaimed = match unclaimed {
        "void" => Some(Unclaimed::Void),
        "code" => Some(Unclaimed::Code),
        text => {
            let address = text.parse::<Address>().ok().filter(|address| !address.is_zero());
            let expected = || format!("expected an address, `code` or `void`, got `{text}`");
            section.read("unclaimed", address.ok_or_else(expected)).map(Unclaimed::Wallet)
        }
    };
    section.finish();
    Some(Claims {
        secret: secret?,
        page: page?.to_owned(),
        valid_s: valid?.as_secs(),
        unclaimed: unclaimed?,
    })
}

fn names(section: &Section<'_>) -> Option<Address> {
    if !section.is_there() {
        return None;
    }
    let text = section.required("registry", "the address of the registry on the L1");
    let address = text.and_then(|text| {
        let address = text.parse::<Address>().ok().filter(|address| !address.is_zero());
        section
            .read("registry", address.ok_or_else(|| format!("expected an address, got `{text}`")))
    });
    section.finish();
    address
}

fn office(section: &Section<'_>, find: Find<'_>) -> Option<Secret> {
    if !section.is_there() {
        return None;
    }
    let key = long_secret(section, "key", find);
    section.finish();
    key
}

fn completion(section: &Section<'_>, find: Find<'_>) -> Option<Completion> {
    if !section.is_there() {
        return None;
    }
    let url = section.required("url", "the address that is posted to");
    let secret = secret(section, "secret", find);
    let secret = secret.and_then(|text| section.read("secret", Secret::base64(&text)));
    section.finish();
    Some(Completion { url: url?.to_owned(), secret: secret? })
}

/// A secret that nobody guesses.
fn long_secret(section: &Section<'_>, name: &str, find: Find<'_>) -> Option<Secret> {
    let text = secret(section, name, find)?;
    if text.len() < KEY_BYTES {
        section.wrong(name, format!("at least {KEY_BYTES} bytes"), "fewer");
        return None;
    }
    section.read(name, Secret::new(text))
}

fn shops(section: &Section<'_>, find: Find<'_>, fetch: &Arc<dyn Fetch>) -> Vec<Shop> {
    let names = section.names();
    let shops = names.iter().filter_map(|name| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_name) {
            section.wrong(name, "a name of letters, digits, `_` and `-`", "another");
        }
        shop(&section.section(name), name, find, fetch)
    });
    shops.collect()
}

fn shop(section: &Section<'_>, name: &str, find: Find<'_>, fetch: &Arc<dyn Fetch>) -> Option<Shop> {
    let known = PROVIDERS.map(|provider| provider.name).join(", ");
    let provider = section.text("provider").unwrap_or(name);
    let provider = Provider::named(provider).or_else(|| {
        section.wrong("provider", format!("one of {known}"), format!("`{provider}`"));
        None
    });
    let secrets = secrets(section, find);
    let tolerance = section.number("tolerance", "a number of seconds");
    let events =
        |name| section.texts(name).map(|names| names.into_iter().map(str::to_owned).collect());
    let (paid, refunded): (Option<Vec<_>>, Option<Vec<_>>) = (events("paid"), events("refunded"));
    let paths = section.section("paths");
    let inquiry = inquiry(&section.section("api"), provider, find, fetch);
    section.finish();
    let shop = section.read("secrets", Shop::new(provider?, &secrets?))?;
    let mut mapping = shop.mapping.clone();
    read_paths(&paths, &mut mapping);
    Some(Shop {
        name: name.to_owned(),
        tolerance_s: tolerance.unwrap_or(shop.tolerance_s),
        mapping,
        paid: paid.unwrap_or(shop.paid),
        refunded: refunded.unwrap_or(shop.refunded),
        inquiry,
        ..shop
    })
}

fn secrets(section: &Section<'_>, find: Find<'_>) -> Option<Vec<String>> {
    let Some(texts) = section.texts("secrets").filter(|texts| !texts.is_empty()) else {
        section.wrong("secrets", "the signing secret, or a list of them", "nothing");
        return None;
    };
    texts.into_iter().map(|text| section.read("secrets", find(text))).collect()
}

fn secret(section: &Section<'_>, name: &str, find: Find<'_>) -> Option<String> {
    let text = section.required(name, "a secret, `env:NAME` or `file:PATH`")?;
    section.read(name, find(text))
}

fn read_paths(section: &Section<'_>, mapping: &mut Mapping) {
    for name in section.names() {
        let Some(place) = mapping.place(name) else {
            section.wrong(name, format!("one of {}", Mapping::PLACES.join(", ")), "this name");
            continue;
        };
        let Some(texts) = section.texts(name) else { continue };
        if let Some(paths) = section.read(name, Paths::parse(&texts)) {
            *place = paths;
        }
    }
}

fn inquiry(
    section: &Section<'_>,
    provider: Option<&Provider>,
    find: Find<'_>,
    fetch: &Arc<dyn Fetch>,
) -> Option<Inquiry> {
    if !matches!(provider?.trust, Trust::Asked(_)) {
        if section.is_there() {
            section.wrong("token", "nothing: this provider signs", "a section");
        }
        return None;
    }
    let api = section.text("base").map(str::to_owned);
    let token = secret(section, "token", find);
    section.finish();
    Some(Inquiry { api, token: token?, fetch: Arc::clone(fetch) })
}
