use alloy::primitives::U256;
use mayfly_contracts::FlashLayer::Bridged;
use node_core::exit::{KIND_ERC20, KIND_ERC721, KIND_ERC1155};

/// Reads a token of the L1 that a layer takes, as people write it: `KIND:ADDRESS` or `KIND:ADDRESS:CAP`, where the kind
/// is `erc20`, `erc721` or `erc1155` and the cap how much of it may be on the layer.
///
/// # Errors
/// Names the part, what was expected, and what was given.
pub fn read_bridged(text: &str) -> Result<Bridged, String> {
    let mut parts = text.splitn(3, ':');
    let kind = match parts.next() {
        Some("erc20") => KIND_ERC20,
        Some("erc721") => KIND_ERC721,
        Some("erc1155") => KIND_ERC1155,
        other => {
            let got = other.unwrap_or_default();
            return Err(format!("kind: expected erc20, erc721 or erc1155, got `{got}`"));
        }
    };
    let address = parts.next().ok_or("address: missing after the kind")?;
    let token = address
        .parse()
        .map_err(|_| format!("address: expected 20 bytes in hex with 0x, got `{address}`"))?;
    let cap = match parts.next() {
        None => U256::MAX,
        Some(cap) => U256::from_str_radix(cap, 10)
            .ok()
            .filter(|cap| !cap.is_zero())
            .ok_or_else(|| format!("cap: expected a whole number above zero, got `{cap}`"))?,
    };
    Ok(Bridged { kind, token, cap })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;

    use super::*;

    #[test]
    fn bridged_token_is_a_kind_an_address_and_perhaps_a_cap() {
        let token = Address::repeat_byte(7);
        let read = |text: String| read_bridged(&text).expect("well formed");
        let (kind, cap) = (KIND_ERC20, U256::from(5));
        assert_eq!(read(format!("erc20:{token}:5")), Bridged { kind, token, cap });
        let (kind, cap) = (KIND_ERC721, U256::MAX);
        assert_eq!(read(format!("erc721:{token}")), Bridged { kind, token, cap });
    }

    #[test]
    fn what_is_wrong_with_a_bridged_token_is_named() {
        let reason = |text: &str| read_bridged(text).expect_err("malformed");
        let token = Address::repeat_byte(7);
        assert!(reason("").starts_with("kind: "));
        assert!(reason(&format!("erc777:{token}")).contains("got `erc777`"));
        assert!(reason("erc20").starts_with("address: "));
        assert!(reason("erc20:0x12").contains("got `0x12`"));
        for cap in ["", "0", "-1", "1.5", "0x10", &"9".repeat(80)] {
            let reason = reason(&format!("erc20:{token}:{cap}"));
            assert!(reason.starts_with("cap: "), "{reason}");
        }
    }
}
