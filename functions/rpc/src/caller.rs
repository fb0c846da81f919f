use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::{
        HeaderName,
        header::{AUTHORIZATION, ORIGIN},
    },
};
use node_core::rpc::{ApiKey, Caller};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who sent a request. Wallets take no more than a URL, so a key may also be in its query.
pub(crate) fn caller(request: &Request, behind_proxy: bool) -> Caller {
    let bearer = header(request, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let key = header(request, &API_KEY).or(bearer).or_else(|| in_query(request));
    let forwarded = || header(request, &FORWARDED_FOR)?.rsplit(',').next()?.trim().parse().ok();
    Caller {
        key: key.map(ApiKey::given),
        origin: header(request, &ORIGIN).map(str::to_owned),
        address: behind_proxy.then(forwarded).flatten().or_else(|| connected(request)),
    }
}

fn header<'a>(request: &'a Request, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn in_query(request: &Request) -> Option<&str> {
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("apiKey="))
}

fn connected(request: &Request) -> Option<IpAddr> {
    let ConnectInfo(address) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip())
}
