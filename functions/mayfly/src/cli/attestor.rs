use alloy::primitives::Address;
use reqwest::Url;

/// Somebody who is asked to sign a settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attestor {
    /// Whose signature counts.
    pub(crate) address: Address,
    /// Where it is asked.
    pub(crate) url: Url,
}

/// Reads an attestor's address and URL.
pub(super) fn attestor(text: &str) -> Result<Attestor, String> {
    let (address, url) = text.split_once('=').ok_or("expected ADDRESS=URL, got no `=`")?;
    let address = address
        .parse()
        .map_err(|_| format!("address: expected 20 bytes in hex with 0x, got `{address}`"))?;
    let url: Url = url.parse().map_err(|error| format!("URL: {error}, got `{url}`"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("URL: expected http or https, got `{}`", url.scheme()));
    }
    Ok(Attestor { address, url })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestor_is_an_address_and_a_url() {
        let address = Address::repeat_byte(7);
        let read =
            attestor(&format!("{address}=http://one.example:8547/?a=b")).expect("well formed");
        assert_eq!((read.address, read.url.as_str()), (address, "http://one.example:8547/?a=b"));
    }

    #[test]
    fn what_is_wrong_with_an_attestor_is_named() {
        let reason = |text: &str| attestor(text).expect_err("malformed");
        let address = Address::repeat_byte(7);
        assert!(reason("http://one.example").contains("no `=`"));
        assert!(reason("0x12=http://one.example").starts_with("address: "));
        assert!(reason(&format!("{address}=one.example")).starts_with("URL: "));
        assert!(reason(&format!("{address}=ftp://one.example")).contains("got `ftp`"));
    }
}
