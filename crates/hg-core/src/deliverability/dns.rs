//! What the DNS says about a sender domain, judged. Asking is the caller's.

/// How a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Weak,
    /// It is not there.
    Missing,
    /// It is there and wrong.
    Wrong,
    /// The name servers did not answer.
    Unknown,
}

impl Finding {
    pub const ALL: [Self; 5] = [Self::Good, Self::Weak, Self::Missing, Self::Wrong, Self::Unknown];

    /// The word that is stored and shown.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Weak => "weak",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        }
    }

    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.key() == key)
    }
}

/// A finding and a sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub finding: Finding,
    pub reason: String,
}

impl Judgement {
    pub fn new(finding: Finding, reason: impl Into<String>) -> Self {
        Self { finding, reason: reason.into() }
    }
}

/// Mail servers of providers, and what a sender's SPF record has to hold for them.
const PROVIDERS: [(&str, &str); 13] = [
    ("amazonaws.com", "include:amazonses.com"),
    ("sendgrid.net", "include:sendgrid.net"),
    ("sendgrid.com", "include:sendgrid.net"),
    ("mailgun.net", "include:mailgun.org"),
    ("sparkpost.com", "include:sparkpostmail.com"),
    ("mailgun.org", "include:mailgun.org"),
    ("sparkpostmail.com", "include:sparkpostmail.com"),
    ("postmarkapp.com", "include:spf.mtasv.net"),
    ("mailjet.com", "include:spf.mailjet.com"),
    ("brevo.com", "include:spf.brevo.com"),
    ("sendinblue.com", "include:spf.brevo.com"),
    ("resend.com", "include:amazonses.com"),
    ("gmail.com", "include:_spf.google.com"),
];

/// What the SPF record must hold so that mail from this server is believed.
pub fn spf_mechanism(mail_host: &str) -> String {
    let host = mail_host.trim().trim_end_matches('.').to_ascii_lowercase();
    let provider = PROVIDERS.iter().find(|(suffix, _)| host == *suffix || host.ends_with(&format!(".{suffix}")));
    match (provider, host.trim_matches(['[', ']']).parse::<std::net::IpAddr>()) {
        (Some((_, mechanism)), _) => (*mechanism).to_owned(),
        (None, Ok(std::net::IpAddr::V4(address))) => format!("ip4:{address}"),
        (None, Ok(std::net::IpAddr::V6(address))) => format!("ip6:{address}"),
        (None, Err(_)) if host.is_empty() => "mx".to_owned(),
        (None, Err(_)) => format!("a:{host}"),
    }
}

/// The header in which a provider takes the key of a message along, to give it back with its reports.
pub fn provider_header(mail_host: &str, key: &str) -> Option<(&'static str, String)> {
    let host = mail_host.to_ascii_lowercase();
    let at = |suffix: &str| host == suffix || host.ends_with(&format!(".{suffix}"));
    if at("sendgrid.net") {
        return Some(("X-SMTPAPI", format!(r#"{{"unique_args":{{"hashId":"{key}"}}}}"#)));
    }
    if at("mailgun.org") {
        return Some(("X-Mailgun-Variables", format!(r#"{{"hashId":"{key}"}}"#)));
    }
    if at("sparkpostmail.com") {
        return Some(("X-MSYS-API", format!(r#"{{"metadata":{{"hashId":"{key}"}}}}"#)));
    }
    if at("postmarkapp.com") {
        return Some(("X-PM-Metadata-hashId", key.to_owned()));
    }
    if at("mailjet.com") {
        return Some(("X-MJ-CustomID", key.to_owned()));
    }
    if at("brevo.com") || at("sendinblue.com") {
        return Some(("X-Mailin-custom", format!("hashId:{key}")));
    }
    None
}

fn tag<'r>(record: &'r str, name: &str) -> Option<&'r str> {
    let of = |part: &'r str| part.split_once('=').filter(|(n, _)| n.trim().eq_ignore_ascii_case(name)).map(|(_, v)| v.trim());
    record.split(';').find_map(of)
}

/// The SPF record among the TXT records of a domain.
pub fn judge_spf(records: &[String], wanted: &str) -> Judgement {
    let is_spf = |r: &&String| r.split_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case("v=spf1"));
    let found: Vec<&String> = records.iter().filter(is_spf).collect();
    let [record] = found.as_slice() else {
        return match found.len() {
            0 => Judgement::new(Finding::Missing, "There is no SPF record; many servers then distrust the sender."),
            n => Judgement::new(Finding::Wrong, format!("There are {n} SPF records; only one may be. Put them into one.")),
        };
    };
    let words: Vec<String> = record.split_whitespace().map(str::to_ascii_lowercase).collect();
    if words.iter().any(|w| w == "+all" || w == "all") {
        return Judgement::new(Finding::Wrong, "The record ends in +all: anybody may send in this name. Write ~all or -all.");
    }
    let plain = |word: &str| word.trim_start_matches(['+', '?', '~', '-']).to_owned();
    let lookups = words.iter().map(|w| plain(w)).filter(|w| {
        ["include:", "a:", "mx:", "ptr", "exists:", "redirect="].iter().any(|p| w.starts_with(p)) || w == "a" || w == "mx"
    });
    if lookups.count() > 10 {
        return Judgement::new(Finding::Wrong, "The record asks for more than ten others; servers stop reading it.");
    }
    if !words.iter().any(|w| plain(w) == wanted) && !words.iter().any(|w| w.starts_with("redirect=")) {
        return Judgement::new(
            Finding::Weak,
            format!("The record does not name the server that mail leaves through: add {wanted}."),
        );
    }
    Judgement::new(Finding::Good, "The record names the server that mail leaves through.")
}

/// The record of a key.
pub fn judge_dkim(records: &[String], public_key: &str) -> Judgement {
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let keys: Vec<String> = records.iter().filter_map(|r| tag(r, "p")).map(bare).collect();
    if keys.iter().any(|key| key == public_key) {
        return Judgement::new(Finding::Good, "The key is published.");
    }
    match keys.first() {
        None => Judgement::new(Finding::Missing, "The key is not published yet; nobody can check our signature."),
        Some(key) if key.is_empty() => Judgement::new(Finding::Wrong, "The key is published as withdrawn (p= is empty)."),
        Some(_) => Judgement::new(Finding::Wrong, "Another key is published under this name. Paste the line as it stands here."),
    }
}

/// The DMARC records of a domain, or of the domain above it.
pub fn judge_dmarc(records: &[String]) -> Judgement {
    let found: Vec<&String> = records.iter().filter(|r| tag(r, "v").is_some_and(|v| v.eq_ignore_ascii_case("DMARC1"))).collect();
    let [record] = found.as_slice() else {
        return match found.len() {
            0 => {
                Judgement::new(Finding::Missing, "There is no DMARC record; large providers ask it of everybody who mails many.")
            }
            n => Judgement::new(Finding::Wrong, format!("There are {n} DMARC records; servers then ignore them all. Keep one.")),
        };
    };
    match tag(record, "p").map(str::to_ascii_lowercase).as_deref() {
        Some("quarantine" | "reject") => Judgement::new(Finding::Good, "Mail that only pretends to be yours is kept away."),
        Some("none") => Judgement::new(
            Finding::Good,
            "The record is there and only watches (p=none). When the reports look right, ask for quarantine.",
        ),
        _ => Judgement::new(Finding::Wrong, "The record has no policy: add p=none, p=quarantine or p=reject."),
    }
}

/// The registered domain, roughly: enough to say whether two names belong together.
fn above(name: &str) -> String {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    let short = |l: &&str| l.len() <= 3;
    // co.uk and the like: two short labels at the end belong to the registry.
    let keep = if labels.len() >= 3 && labels.iter().rev().take(2).all(short) { 3 } else { 2 };
    labels[labels.len().saturating_sub(keep)..].join(".").to_ascii_lowercase()
}

/// Where bounces go: the host must take mail, and belong to the sender.
pub fn judge_return_path(domain: &str, host: &str, mail_exchangers: &[String]) -> Judgement {
    if mail_exchangers.is_empty() {
        return Judgement::new(Finding::Missing, format!("{host} takes no mail (no MX record); bounces get lost."));
    }
    if above(domain) != above(host) {
        return Judgement::new(
            Finding::Weak,
            format!("Bounces go to {host}, which is not part of {domain}: SPF then does not count for DMARC."),
        );
    }
    Judgement::new(Finding::Good, format!("{host} takes the mail that comes back."))
}

/// Where the links in mails lead.
pub fn judge_tracking(domain: &str, host: &str, addresses: &[String], secure: bool) -> Judgement {
    if addresses.is_empty() {
        return Judgement::new(Finding::Missing, format!("{host} has no address in the DNS; links in mails lead nowhere."));
    }
    if !secure {
        return Judgement::new(Finding::Weak, "Links in mails are not encrypted; put the site behind https.");
    }
    if above(domain) != above(host) {
        return Judgement::new(
            Finding::Weak,
            format!("Links lead to {host}, which is not part of {domain}; filters like them better under the sender's own name."),
        );
    }
    Judgement::new(Finding::Good, "Links lead to the sender's own domain.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &[&str]) -> Vec<String> {
        text.iter().map(|t| (*t).to_owned()).collect()
    }

    #[test]
    fn an_spf_record_must_be_alone_closed_and_name_the_server() {
        for (found, finding) in [
            (vec![], Finding::Missing),
            (vec!["google-site-verification=x"], Finding::Missing),
            (vec!["v=spf1 a:mail.x.io ~all", "v=spf1 -all"], Finding::Wrong),
            (vec!["v=spf1 a:mail.x.io +all"], Finding::Wrong),
            (vec!["v=spf1 include:other.net -all"], Finding::Weak),
            (vec!["v=spf1 include:other.net a:mail.x.io -all"], Finding::Good),
            (vec!["V=SPF1 A:MAIL.X.IO ~ALL"], Finding::Good),
        ] {
            assert_eq!(judge_spf(&records(&found), "a:mail.x.io").finding, finding, "{found:?}");
        }
        let many =
            format!("v=spf1 a:mail.x.io {} ~all", (0..11).map(|n| format!("include:p{n}.io")).collect::<Vec<_>>().join(" "));
        assert_eq!(judge_spf(&[many], "a:mail.x.io").finding, Finding::Wrong);
    }

    #[test]
    fn a_server_is_named_in_the_way_its_provider_asks_for() {
        for (host, mechanism) in [
            ("email-smtp.eu-west-1.amazonaws.com", "include:amazonses.com"),
            ("smtp.sendgrid.net", "include:sendgrid.net"),
            ("mail.example.org", "a:mail.example.org"),
            ("192.0.2.7", "ip4:192.0.2.7"),
            ("[2001:db8::1]", "ip6:2001:db8::1"),
            ("", "mx"),
        ] {
            assert_eq!(spf_mechanism(host), mechanism, "{host}");
        }
    }

    #[test]
    fn a_key_counts_only_when_it_is_ours() {
        for (found, finding) in [
            (vec![], Finding::Missing),
            (vec!["v=DKIM1; k=rsa; p=QUJD"], Finding::Good),
            (vec!["v=DKIM1; k=rsa; p=QU JD"], Finding::Good),
            (vec!["v=DKIM1; k=rsa; p=WFla"], Finding::Wrong),
            (vec!["v=DKIM1; p="], Finding::Wrong),
        ] {
            assert_eq!(judge_dkim(&records(&found), "QUJD").finding, finding, "{found:?}");
        }
    }

    #[test]
    fn a_policy_must_be_there_once_and_say_something() {
        for (found, finding) in [
            (vec![], Finding::Missing),
            (vec!["v=DMARC1; p=none; rua=mailto:a@b.c"], Finding::Good),
            (vec!["v=DMARC1; p=reject"], Finding::Good),
            (vec!["v=DMARC1; rua=mailto:a@b.c"], Finding::Wrong),
            (vec!["v=DMARC1; p=none", "v=DMARC1; p=reject"], Finding::Wrong),
        ] {
            assert_eq!(judge_dmarc(&records(&found)).finding, finding, "{found:?}");
        }
    }

    #[test]
    fn names_belong_together_under_one_registered_domain() {
        let mx = records(&["mx.x.io"]);
        assert_eq!(judge_return_path("news.example.org", "bounces.example.org", &mx).finding, Finding::Good);
        assert_eq!(judge_return_path("example.co.uk", "bounces.other.co.uk", &mx).finding, Finding::Weak);
        assert_eq!(judge_return_path("example.org", "bounces.example.org", &[]).finding, Finding::Missing);
        assert_eq!(judge_tracking("example.org", "go.example.org", &mx, true).finding, Finding::Good);
        assert_eq!(judge_tracking("example.org", "go.example.org", &mx, false).finding, Finding::Weak);
        assert_eq!(judge_tracking("example.org", "go.example.org", &[], true).finding, Finding::Missing);
    }
}
