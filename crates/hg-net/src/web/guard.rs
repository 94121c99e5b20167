//! Which machines may be asked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hg_app::outgoing::Unanswered;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Looks names up, and gives back judged addresses only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    pub private: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One bad address is enough: nobody mixes them by accident.
            if let Some(bad) = found.iter().find(|a| !may(a.ip(), private)) {
                return Err(NotPublic::new(name.as_str(), bad.ip(), private).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Judges an address that needs no looking up.
pub(super) fn judge(url: &Url, private: bool) -> Result<(), Unanswered> {
    let ip: IpAddr = match url.host() {
        Some(Host::Ipv4(ip)) => ip.into(),
        Some(Host::Ipv6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    if may(ip, private) {
        return Ok(());
    }
    Err(Unanswered::Refused(NotPublic::new(url.host_str().unwrap_or_default(), ip, private).0))
}

/// A server is not in the public web.
#[derive(Debug)]
struct NotPublic(String);

impl NotPublic {
    fn new(name: &str, ip: IpAddr, private: bool) -> Self {
        let way = if private {
            "Such addresses are never asked."
        } else {
            "If that is meant, allow private addresses in the settings."
        };
        Self(format!("{name} is at {ip}, which is not in the public web. {way}"))
    }
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotPublic {}

/// The guard's own words, if it was the guard that said no.
pub(super) fn refusal(error: &reqwest::Error) -> Option<String> {
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        if let Some(no) = cause.downcast_ref::<NotPublic>() {
            return Some(no.0.clone());
        }
        below = cause.source();
    }
    None
}

/// Whether an address may be asked. Machines of the cloud's own management never, whatever the settings say.
pub(super) fn may(ip: IpAddr, private: bool) -> bool {
    match ip {
        IpAddr::V4(v4) => may_v4(v4, private),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => may_v4(v4, private),
            None => may_v6(v6, private),
        },
    }
}

/// An address of the old protocol within one of the new.
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = v6.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

fn may_v4(ip: Ipv4Addr, private: bool) -> bool {
    let [a, b, c, _] = ip.octets();
    if ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local() || a == 0 || a >= 240 {
        return false;
    }
    let inner = ip.is_private() || ip.is_loopback() || (a == 100 && b & 0xC0 == 64) || (a == 198 && b & 0xFE == 18);
    let reserved = ip.is_documentation() || (a == 192 && b == 0 && c == 0);
    private || !(inner || reserved)
}

fn may_v6(ip: Ipv6Addr, private: bool) -> bool {
    let first = ip.segments()[0];
    if ip.is_unspecified() || ip.is_multicast() || first & 0xFFC0 == 0xFE80 {
        return false;
    }
    let inner = ip.is_loopback() || first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFEC0;
    let documented = first == 0x2001 && ip.segments()[1] == 0x0DB8;
    private || !(inner || documented)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_web_is_asked_unless_the_own_network_is_allowed() {
        for (text, public, private) in [
            ("93.184.216.34", true, true),
            ("2606:2800:220:1::1", true, true),
            ("127.0.0.1", false, true),
            ("10.1.2.3", false, true),
            ("172.31.0.1", false, true),
            ("192.168.1.1", false, true),
            ("100.64.0.1", false, true),
            ("::1", false, true),
            ("fd00::1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("64:ff9b::7f00:1", false, true),
            ("2002:7f00:1::", false, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("fe80::1", false, false),
            ("0.0.0.0", false, false),
            ("::", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
        ] {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!((may(ip, false), may(ip, true)), (public, private), "{text}");
        }
    }
}
