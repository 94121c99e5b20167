//! Why a message came back, and what follows for its contact. The code of the mail server counts first (RFC 3463), its
//! words second.

use super::bounce_words::by_words;

/// `5.1.1` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub class: u16,
    pub subject: u16,
    pub detail: u16,
}

impl Status {
    /// The first status code in a text.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.trim_matches('.').split('.');
        let mut next = || parts.next().filter(|p| (1..=3).contains(&p.len()))?.parse::<u16>().ok();
        let status = Self { class: next()?, subject: next()?, detail: next()? };
        (parts.next().is_none() && matches!(status.class, 2 | 4 | 5)).then_some(status)
    }
}

macro_rules! classes {
    ($($(#[$about:meta])* $name:ident = $key:literal;)+) => {
        /// Why a message came back.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum BounceClass { $($(#[$about])* $name),+ }

        impl BounceClass {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word that is stored and shown.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

classes! {
    /// The mailbox is full.
    Full = "full";
    Oversize = "oversize";
    /// There is no such mailbox.
    Unknown = "unknown";
    /// The mailbox is switched off.
    Inactive = "inactive";
    UserReject = "user_reject";
    CommandReject = "command_reject";
    ContentReject = "content_reject";
    /// The domain is not there.
    DnsUnknown = "dns_unknown";
    /// Servers lead the message in a circle.
    DnsLoop = "dns_loop";
    /// The server does not trust us.
    Antispam = "antispam";
    Defer = "defer";
    Concurrent = "concurrent";
    /// Not yet; the server goes on trying.
    Delayed = "delayed";
    InternalError = "internal_error";
    LatinOnly = "latin_only";
    OutOfOffice = "outofoffice";
    Autoreply = "autoreply";
    Unrecognized = "unrecognized";
}

/// What follows for the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BounceVerdict {
    /// The address is never written to again.
    Suppress,
    /// It counts; several of them, and it is suppressed.
    Count,
    /// Ours is the fault: somebody has to look, the address stays.
    Alert,
    /// Written down only.
    Note,
    /// No bounce at all.
    Ignore,
}

impl BounceVerdict {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Suppress => "suppress",
            Self::Count => "count",
            Self::Alert => "alert",
            Self::Note => "note",
            Self::Ignore => "ignore",
        }
    }
}

impl BounceClass {
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.key() == key)
    }

    /// What follows from it.
    pub const fn verdict(self) -> BounceVerdict {
        match self {
            Self::Unknown | Self::Inactive | Self::UserReject | Self::DnsUnknown => BounceVerdict::Suppress,
            Self::Full | Self::Defer | Self::Concurrent | Self::LatinOnly | Self::CommandReject | Self::Unrecognized => {
                BounceVerdict::Count
            }
            Self::Antispam | Self::ContentReject | Self::Oversize | Self::DnsLoop => BounceVerdict::Alert,
            Self::Delayed | Self::InternalError => BounceVerdict::Note,
            Self::OutOfOffice | Self::Autoreply => BounceVerdict::Ignore,
        }
    }
}

/// What a report says about one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report<'r> {
    /// `failed`, `delayed` …; without a report none.
    pub action: Option<&'r str>,
    pub status: Option<Status>,
    /// The server's words, or the text of the message.
    pub text: &'r str,
}

/// Why, as far as a report tells; and what follows.
pub fn classify(report: &Report<'_>) -> (BounceClass, BounceVerdict) {
    let action = report.action.map(str::to_ascii_lowercase);
    let status = report.status.or_else(|| Status::find(report.text));
    if matches!(action.as_deref(), Some("delivered" | "relayed" | "expanded")) {
        return (BounceClass::Delayed, BounceVerdict::Ignore);
    }
    let given_up = action.as_deref() == Some("failed");
    let passing = status.is_some_and(|s| s.class == 4);
    if action.as_deref() == Some("delayed") || (passing && !given_up) {
        return (BounceClass::Delayed, BounceVerdict::Note);
    }
    let words = report.text.to_lowercase();
    let class = status.and_then(|s| by_code(s, &words)).or_else(|| by_words(&words)).unwrap_or(BounceClass::Unrecognized);
    match class.verdict() {
        // The server gave up on something passing: the address may be good.
        BounceVerdict::Suppress | BounceVerdict::Note if passing => (class, BounceVerdict::Count),
        verdict => (class, verdict),
    }
}

fn by_code(status: Status, words: &str) -> Option<BounceClass> {
    use BounceClass as C;
    Some(match (status.subject, status.detail) {
        (1, 2) => C::DnsUnknown,
        (1, 7 | 8) => C::Antispam,
        (1, 1 | 3 | 4 | 6 | 9 | 10) => C::Unknown,
        (2, 1) => C::Inactive,
        (2, 2) => C::Full,
        (2, 3) | (3, 4) => C::Oversize,
        (3, 1) => C::Full,
        (3, 3) => C::LatinOnly,
        (4, 4) => C::DnsUnknown,
        (4, 6) => C::DnsLoop,
        (4, _) => C::Delayed,
        (6, _) => C::ContentReject,
        // Policy is never the contact's fault, but what kind of policy it is only words tell.
        (7, _) => match by_words(words) {
            Some(class @ (C::Antispam | C::ContentReject)) => class,
            _ if status.detail == 0 => C::ContentReject,
            _ => C::Antispam,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(action: &str, status: &str, text: &str) -> (&'static str, &'static str) {
        let action = Some(action).filter(|a| !a.is_empty());
        let (class, verdict) = classify(&Report { action, status: Status::find(status), text });
        (class.key(), verdict.key())
    }

    #[test]
    fn the_vectors_of_the_specification() {
        for (action, status, text, class, follows) in [
            ("failed", "5.1.1", "550 user unknown", "unknown", "suppress"),
            ("failed", "5.2.2", "552 over quota", "full", "count"),
            ("delayed", "4.4.1", "connection timed out", "delayed", "note"),
            ("failed", "5.7.1", "550 client host blocked using list", "antispam", "alert"),
            ("failed", "5.4.4", "host or domain name not found", "dns_unknown", "suppress"),
            ("failed", "5.2.1", "mailbox disabled/inactive", "inactive", "suppress"),
            ("failed", "5.3.4", "message size exceeds limit", "oversize", "alert"),
            ("", "", "Your message could not be delivered: address not found", "unknown", "suppress"),
            ("failed", "5.6.1", "media not supported", "content_reject", "alert"),
            ("failed", "5.7.0", "content rejected", "content_reject", "alert"),
            ("failed", "5.4.6", "too many hops, mail loop", "dns_loop", "alert"),
            ("failed", "", "the moon was in the wrong house", "unrecognized", "count"),
        ] {
            assert_eq!(verdict(action, status, text), (class, follows), "{action} {status} {text}");
        }
    }

    #[test]
    fn a_policy_never_suppresses_whatever_its_words() {
        for detail in 0..30 {
            let status = format!("5.7.{detail}");
            for text in ["user unknown", "no such user here", "mailbox disabled", "spam", ""] {
                assert_eq!(verdict("failed", &status, text).1, "alert", "{status} {text}");
            }
        }
    }

    #[test]
    fn what_passes_never_suppresses() {
        for (action, status, text, class, follows) in [
            ("failed", "4.4.7", "message expired", "delayed", "count"),
            ("failed", "4.1.1", "user unknown", "unknown", "count"),
            ("", "4.2.2", "over quota, will retry", "delayed", "note"),
            ("relayed", "2.0.0", "", "delayed", "ignore"),
        ] {
            assert_eq!(verdict(action, status, text), (class, follows), "{action} {status} {text}");
        }
    }

    #[test]
    fn without_a_code_the_words_tell() {
        for (text, class) in [
            ("smtp; 550 Requested action not taken: mailbox unavailable, no such user", "unknown"),
            ("The email account that you tried to reach does not exist", "unknown"),
            ("mailbox is full", "full"),
            ("insufficient system storage", "full"),
            ("message exceeds maximum size", "oversize"),
            ("this account has been suspended", "inactive"),
            ("recipient address rejected: refused by user", "user_reject"),
            ("Host or domain name not found. Name service error", "dns_unknown"),
            ("mail for x.io loops back to myself", "dns_loop"),
            ("message rejected as spam by content filter", "antispam"),
            ("too many connections from your host", "concurrent"),
            ("system busy, try again", "defer"),
            ("I am out of the office until Monday", "outofoffice"),
        ] {
            assert_eq!(verdict("failed", "", text).0, class, "{text}");
        }
    }

    #[test]
    fn a_code_is_found_in_a_servers_words_and_nothing_else_is_taken_for_one() {
        assert_eq!(Status::find("smtp; 550-5.1.1 no"), Some(Status { class: 5, subject: 1, detail: 1 }));
        for text in ["connect to 192.0.2.7", "version 3.1.4", "at 12.30", "5.1", ""] {
            assert_eq!(Status::find(text), None, "{text}");
        }
    }
}
