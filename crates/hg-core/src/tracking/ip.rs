//! Addresses: which one is the visitor's, and whether it stands on a list.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One entry of a list: an address, a beginning of one, or a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpRule {
    network: IpAddr,
    bits: u8,
}

impl IpRule {
    /// Reads `10.0.0.1`, `10.0.`, `10.0.0.0/8` or the same of IPv6.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('*');
        if let Some((network, bits)) = text.split_once('/') {
            let network: IpAddr = network.parse().ok()?;
            let bits: u8 = bits.parse().ok()?;
            return (bits <= width(network)).then_some(Self { network, bits });
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self { network: address, bits: width(address) });
        }
        let parts: Vec<u8> = text.strip_suffix('.')?.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let bits = u8::try_from(parts.len()).ok().filter(|count| (1..4).contains(count))? * 8;
        let mut octets = [0; 4];
        octets[..parts.len()].copy_from_slice(&parts);
        Some(Self { network: IpAddr::V4(Ipv4Addr::from(octets)), bits })
    }

    /// Whether the address lies within.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, plain(address)) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                shift == 32 || (network.to_bits() ^ address.to_bits()) >> shift == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.bits);
                shift == 128 || (network.to_bits() ^ address.to_bits()) >> shift == 0
            }
            _ => false,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An IPv4 address that came in the clothes of IPv6.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whether the address stands on the list; entries that cannot be read are passed over.
pub fn is_listed(address: IpAddr, list: &[String]) -> bool {
    list.iter().filter_map(|entry| IpRule::parse(entry)).any(|rule| rule.contains(address))
}

/// The visitor's address: the peer's, unless a proxy that we trust says whom it speaks for. Then the last
/// hop that is no trusted proxy itself, so that nobody can write an address of her choice in front.
pub fn client_address(peer: IpAddr, forwarded_for: Option<&str>, trusted_proxies: &[String]) -> IpAddr {
    let peer = plain(peer);
    if !is_listed(peer, trusted_proxies) {
        return peer;
    }
    let hops = forwarded_for.unwrap_or_default().split(',').rev().map(|hop| hop.trim().parse::<IpAddr>());
    for hop in hops {
        match hop {
            Ok(hop) if is_listed(hop, trusted_proxies) => {}
            Ok(hop) => return plain(hop),
            Err(_) => break,
        }
    }
    peer
}

/// The address without the part that leads to one household: /24 and /48.
pub fn anonymized(address: IpAddr) -> IpAddr {
    match plain(address) {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & 0xffff_ff00)),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn addresses_prefixes_and_networks_are_found() {
        let list: Vec<String> = ["10.0.0.1", "192.168.", "172.16.0.0/12", "2001:db8::/32", "nonsense"].map(String::from).into();
        for inside in ["10.0.0.1", "192.168.7.9", "172.31.255.255", "2001:db8:1::1", "::ffff:10.0.0.1"] {
            assert!(is_listed(ip(inside), &list), "{inside}");
        }
        for outside in ["10.0.0.2", "172.32.0.1", "193.168.0.1", "2001:db9::1"] {
            assert!(!is_listed(ip(outside), &list), "{outside}");
        }
    }

    #[test]
    fn a_visitor_cannot_choose_her_address() {
        let trusted = vec!["10.0.0.0/8".to_owned()];
        assert_eq!(client_address(ip("198.51.100.7"), Some("203.0.113.9"), &trusted), ip("198.51.100.7"));
        assert_eq!(client_address(ip("10.0.0.2"), Some("1.2.3.4, 203.0.113.9, 10.0.0.3"), &trusted), ip("203.0.113.9"));
        assert_eq!(client_address(ip("10.0.0.2"), Some("rubbish"), &trusted), ip("10.0.0.2"));
    }

    #[test]
    fn an_anonymized_address_names_only_the_neighbourhood() {
        assert_eq!(anonymized(ip("203.0.113.9")), ip("203.0.113.0"));
        assert_eq!(anonymized(ip("2001:db8:1:2:3::4")), ip("2001:db8:1::"));
    }
}
