//! People and machines among those who open and click.
//!
//! Mail gateways open every message and follow every link before it reaches anybody; some mail programs fetch the pictures
//! of every message. Each signal has a weight, a response is a machine's from [`LIMIT`] on, and the reasons are kept with
//! it, so that the rules can change without losing what was seen.

use std::net::IpAddr;

use super::{is_listed, is_robot};

/// From this score on a response is a machine's.
const LIMIT: u32 = 60;
/// Nobody reads that fast.
const QUICK_MS: i64 = 2_000;

/// What is known of one open or click.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseSignals<'a> {
    /// What the program calls itself.
    pub agent: &'a str,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// Only asked whether it is there, or fetched it ahead of anybody's looking.
    pub unread: bool,
    /// Milliseconds since the message left.
    pub since_sent: Option<i64>,
    /// Other links of the same message that were followed a moment ago.
    pub links_at_once: u32,
    /// The link that no person sees was followed a moment ago.
    pub trapped: bool,
}

/// Who responded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseClass {
    /// A person.
    Human,
    /// A person, through a proxy that hides who and where.
    Proxy,
    /// A machine.
    Machine,
}

impl ResponseClass {
    /// As it is stored.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Proxy => "proxy",
            Self::Machine => "machine",
        }
    }
}

/// What a response is taken for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responder {
    pub class: ResponseClass,
    /// From 0, surely a person, to 100, surely a machine.
    pub score: u32,
    /// Words for what spoke for a machine or a proxy.
    pub reasons: Vec<&'static str>,
}

/// Parts of the names of security programs that do not call themselves robots.
const SCANNERS: [&str; 8] =
    ["messagelabs", "fortinet", "fortimail", "trend micro", "cloudmark", "ironport", "bitdefender", "virustotal"];

/// Networks of mail gateways.
const GATEWAYS: [&str; 9] = [
    "64.235.144.0/20",
    "209.222.80.0/21",
    "67.231.144.0/20",
    "148.163.128.0/19",
    "207.211.30.0/23",
    "205.139.110.0/23",
    "67.219.240.0/20",
    "216.82.240.0/20",
    "68.232.128.0/19",
];
/// Apple fetches the pictures of all mail from its own network, read or not.
const APPLE: &str = "17.0.0.0/8";

/// Judges one open or click.
pub fn judge_response(seen: &ResponseSignals<'_>) -> Responder {
    let agent = seen.agent.trim().to_ascii_lowercase();
    let from = |networks: &[&str]| {
        let listed: Vec<String> = networks.iter().map(|n| (*n).to_owned()).collect();
        seen.address.is_some_and(|address| is_listed(address, &listed))
    };
    let from_apple = from(&[APPLE]);
    let scanner = !agent.is_empty() && (is_robot(&agent) || SCANNERS.iter().any(|name| agent.contains(name)));
    let signals = [
        (seen.trapped, 100, "followed the link that no person sees"),
        (scanner, 90, "known scanner"),
        (from(&GATEWAYS), 80, "network of a mail gateway"),
        (from_apple && agent == "mozilla/5.0", 80, "pictures fetched by Apple"),
        (seen.links_at_once > 1, 70, "several links at once"),
        (agent.is_empty(), 60, "no name"),
        (seen.unread, 60, "asked without reading"),
        (seen.since_sent.is_some_and(|ms| (0..QUICK_MS).contains(&ms)), 40, "within two seconds of sending"),
        // Two links at once are a person's double click as often as not; right after sending they are not.
        (seen.links_at_once == 1, 25, "two links at once"),
    ];
    let held = || signals.iter().filter(|(holds, ..)| *holds);
    let score = held().map(|(_, weight, _)| *weight).sum::<u32>().min(100);
    let mut reasons: Vec<&'static str> = held().map(|(.., reason)| *reason).collect();
    let proxied = agent.contains("googleimageproxy") || agent.contains("yahoomailproxy") || from_apple;
    if proxied {
        reasons.push("picture proxy");
    }
    let class = if score >= LIMIT {
        ResponseClass::Machine
    } else if proxied {
        ResponseClass::Proxy
    } else {
        ResponseClass::Human
    };
    Responder { class, score, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1";

    fn class(signals: ResponseSignals<'_>) -> ResponseClass {
        judge_response(&signals).class
    }

    fn from(agent: &str) -> ResponseSignals<'_> {
        ResponseSignals { agent, since_sent: Some(600_000), ..ResponseSignals::default() }
    }

    #[test]
    fn a_person_is_a_person_even_a_quick_one() {
        assert_eq!(class(from(SAFARI)), ResponseClass::Human);
        assert_eq!(class(ResponseSignals { since_sent: Some(500), ..from(SAFARI) }), ResponseClass::Human);
        assert_eq!(class(ResponseSignals { links_at_once: 1, ..from(SAFARI) }), ResponseClass::Human, "two links");
    }

    #[test]
    fn a_picture_proxy_stands_for_a_person() {
        let gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
        let seen = judge_response(&from(gmail));
        assert_eq!((seen.class, seen.reasons), (ResponseClass::Proxy, vec!["picture proxy"]));
    }

    #[test]
    fn each_strong_signal_makes_a_machine_and_is_told() {
        let ip = |text: &str| text.parse().ok();
        for (signals, reason) in [
            (from("Mozilla/5.0 (compatible; BarracudaCentral)"), "known scanner"),
            (from("Cloudmark Gateway"), "known scanner"),
            (ResponseSignals { address: ip("67.231.152.7"), ..from(SAFARI) }, "network of a mail gateway"),
            (ResponseSignals { unread: true, ..from(SAFARI) }, "asked without reading"),
            (ResponseSignals { links_at_once: 2, ..from(SAFARI) }, "several links at once"),
            (ResponseSignals { trapped: true, ..from(SAFARI) }, "followed the link that no person sees"),
            (ResponseSignals { address: ip("17.58.1.2"), ..from("Mozilla/5.0") }, "pictures fetched by Apple"),
            (from(" "), "no name"),
        ] {
            let seen = judge_response(&signals);
            assert!(seen.class == ResponseClass::Machine && seen.reasons.contains(&reason), "{reason}: {seen:?}");
        }
    }

    #[test]
    fn two_weak_signals_make_a_machine_together() {
        let both = ResponseSignals { since_sent: Some(100), links_at_once: 1, ..from(SAFARI) };
        assert_eq!(class(both), ResponseClass::Machine);
    }
}
