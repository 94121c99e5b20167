//! Adding, looking at and changing sender domains.

use hg_core::deliverability::{Algorithm, Finding, spf_mechanism};
use hg_core::ids::{SenderDomainId, SenderKeyId, alphanumeric};
use hg_store::{Sql, Tx};

use super::keys;
use super::model::{DnsRecord, KeyState, SenderDomain, SenderKey, Stored};
use super::store::{self, Found, NewKey, about};
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::emails::site_url;
use crate::error::{Error, Result};
use crate::secrets;
use crate::sending::MailTransport;
use crate::workspace::Workspace;

/// A workspace has a handful of domains.
const MOST: usize = 200;

fn entry(deed: Deed, domain: &SenderDomain) -> Entry {
    Entry::new(deed, "sender domain", domain.id.0, &domain.name)
}

/// All sender domains by name.
pub async fn list(cx: &Cx) -> Result<Vec<SenderDomain>> {
    cx.may(Action::View(Area::Settings))?;
    let found = cx.db().read(store::all).await?;
    Ok(found.into_iter().map(|f| with_records(&cx.ws, f)).collect())
}

/// One of them.
pub async fn get(cx: &Cx, id: SenderDomainId) -> Result<SenderDomain> {
    cx.may(Action::View(Area::Settings))?;
    let found = cx.db().read(move |tx| store::one(tx, id)).await?;
    Ok(with_records(&cx.ws, found))
}

/// The name as it stands in the DNS; what is no name is refused.
fn clean(name: &str) -> Result<String> {
    let name = name.trim().trim_end_matches('.');
    let name = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
    let address = hg_core::text::Email::parse(&format!("a@{name}")).map(|email| email.domain().to_owned());
    let wrong = || Error::field("/name", "domain", "Write a domain such as example.org or news.example.org.");
    let name = address.map_err(|_| wrong())?.to_ascii_lowercase();
    let label = |l: &str| {
        !l.is_empty() && l.len() <= 63 && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !l.starts_with('-')
    };
    if name.contains('.') && name.len() <= 253 && name.split('.').all(label) { Ok(name) } else { Err(wrong()) }
}

async fn new_keys(cx: &Cx, domain: &str) -> Result<Vec<NewKey>> {
    let (ws, domain) = (cx.ws.clone(), domain.to_owned());
    let making = tokio::task::spawn_blocking(move || {
        let make = |algorithm: Algorithm| {
            let pair = keys::make(algorithm, &*ws.chance)?;
            let selector = format!("hg{}-{}", &algorithm.key()[..1], alphanumeric(&*ws.chance, 6));
            let sealed = secrets::seal(&ws, &about(&domain, &selector), &pair.private)?;
            Ok(NewKey { selector, algorithm, public: pair.public, sealed })
        };
        Algorithm::ALL.into_iter().map(make).collect::<Result<Vec<_>>>()
    });
    making.await.map_err(|e| Error::internal(e.to_string()))?
}

/// Adds a domain, with its keys.
pub async fn add(cx: &Cx, name: &str) -> Result<SenderDomain> {
    cx.may(Action::Edit(Area::Settings))?;
    let name = clean(name)?;
    let keys = new_keys(cx, &name).await?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    let found = cx
        .db()
        .write(move |tx| {
            let there = store::all(tx)?;
            if there.iter().any(|(d, _)| d.name == name) {
                return Err(Error::conflict("sender-domain.there", format!("{name} is a sender domain already.")));
            }
            if there.len() >= MOST {
                return Err(Error::conflict("sender-domain.too-many", format!("There can be {MOST} sender domains.")));
            }
            let id: SenderDomainId = tx.one(
                Sql::new(
                    "INSERT INTO sender_domains (created_at, updated_at, created_by, name) VALUES ($1, $1, $2, $3) RETURNING id",
                )
                .bind(now)
                .bind(by)
                .bind(&name),
                |r| r.get(0),
            )?;
            for key in &keys {
                store::insert_key(tx, now, id, key)?;
            }
            let found = store::one(tx, id)?;
            audit::record(tx, &who, entry(Deed::Create, &found.0))?;
            tx.wake(super::check::TOPIC);
            Ok(found)
        })
        .await?;
    Ok(with_records(&cx.ws, found))
}

/// Makes new keys. They sign as soon as they are seen in the DNS; those before sign until then.
pub async fn rotate(cx: &Cx, id: SenderDomainId) -> Result<SenderDomain> {
    cx.may(Action::Edit(Area::Settings))?;
    let name = get(cx, id).await?.name;
    let keys = new_keys(cx, &name).await?;
    let now = cx.now();
    change(cx, id, move |tx, domain| {
        if domain.keys.iter().any(|k| k.state == KeyState::Waiting) {
            return Err(Error::conflict(
                "sender-domain.keys-wait",
                "There are new keys already that wait to be seen in the DNS. Publish those, or remove them first.",
            ));
        }
        for key in &keys {
            store::insert_key(tx, now, domain.id, key)?;
        }
        tx.wake(super::check::TOPIC);
        Ok(())
    })
    .await
}

fn key_of(domain: &SenderDomain, key: SenderKeyId) -> Result<&SenderKey> {
    domain.keys.iter().find(|k| k.id == key).ok_or_else(|| Error::not_found("key", key))
}

/// Lets a key sign without waiting to see it in the DNS.
pub async fn activate(cx: &Cx, id: SenderDomainId, key: SenderKeyId) -> Result<SenderDomain> {
    cx.may(Action::Edit(Area::Settings))?;
    let now = cx.now();
    change(cx, id, move |tx, domain| store::activate(tx, now, domain, key_of(domain, key)?)).await
}

/// Removes a key that does not sign.
pub async fn remove_key(cx: &Cx, id: SenderDomainId, key: SenderKeyId) -> Result<SenderDomain> {
    cx.may(Action::Edit(Area::Settings))?;
    change(cx, id, move |tx, domain| {
        if key_of(domain, key)?.state == KeyState::Active {
            return Err(Error::conflict(
                "sender-domain.key-active",
                "This key signs. Make new keys first; it retires when they take over.",
            ));
        }
        tx.exec(Sql::new("DELETE FROM sender_keys WHERE id = $1").bind(key))?;
        Ok(())
    })
    .await
}

/// A change to a domain's keys, with its version and its entry in the log.
async fn change(
    cx: &Cx,
    id: SenderDomainId,
    f: impl Fn(&mut Tx<'_>, &SenderDomain) -> Result<()> + Send + 'static,
) -> Result<SenderDomain> {
    let (who, now) = (cx.who(), cx.now());
    let found = cx
        .db()
        .write(move |tx| {
            let (before, _) = store::one(tx, id)?;
            f(tx, &before)?;
            tx.exec(
                Sql::new("UPDATE sender_domains SET version = version + 1, updated_at = $2 WHERE id = $1").bind(id).bind(now),
            )?;
            let found = store::one(tx, id)?;
            let keys = |d: &SenderDomain| d.keys.iter().map(|k| format!("{} {}", k.selector, k.state.key())).collect::<Vec<_>>();
            let changes = audit::Changes::new().field("keys", &keys(&before), &keys(&found.0));
            audit::record(tx, &who, entry(Deed::Update, &found.0).changes(changes))?;
            Ok::<_, Error>(found)
        })
        .await?;
    Ok(with_records(&cx.ws, found))
}

/// Deletes a domain: its keys sign no more, until it is brought back.
pub async fn delete(cx: &Cx, id: SenderDomainId) -> Result<()> {
    cx.may(Action::Edit(Area::Settings))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let (domain, _) = store::one(tx, id)?;
            let sql = Sql::new("UPDATE sender_domains SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1");
            tx.exec(sql.bind(id).bind(now))?;
            audit::record(tx, &who, entry(Deed::Delete, &domain))
        })
        .await
}

/// Brings a deleted domain back, with its keys.
pub async fn restore(cx: &Cx, id: SenderDomainId) -> Result<SenderDomain> {
    cx.may(Action::Edit(Area::Settings))?;
    let (who, now) = (cx.who(), cx.now());
    let found = cx
        .db()
        .write(move |tx| {
            let name: Option<String> =
                tx.opt(Sql::new("SELECT name FROM sender_domains WHERE id = $1").bind(id), |r| r.get(0))?;
            let name = name.ok_or_else(|| Error::not_found("sender domain", id))?;
            if store::all(tx)?.iter().any(|(d, _)| d.name == name && d.id != id) {
                return Err(Error::conflict("sender-domain.there", format!("{name} was added anew in the meantime.")));
            }
            let sql =
                Sql::new("UPDATE sender_domains SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1");
            tx.exec(sql.bind(id).bind(now))?;
            let found = store::one(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &found.0))?;
            Ok(found)
        })
        .await?;
    Ok(with_records(&cx.ws, found))
}

/// The host that mail leaves through; empty while the outbox catches it.
pub(crate) fn mail_host(ws: &Workspace) -> String {
    let described = ws.get_part::<MailTransport>().map(|t| t.0.describe()).unwrap_or_default();
    described.rsplit_once(':').map_or(described.clone(), |(host, _)| host.to_owned())
}

/// The host of an address of the web, and whether it is encrypted.
fn site_host(ws: &Workspace) -> (String, bool) {
    let url = site_url(ws);
    let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
    (rest.split(['/', ':', '?']).next().unwrap_or_default().to_owned(), scheme == "https")
}

/// The lines that should stand in the DNS.
pub(super) fn wanted(ws: &Workspace, domain: &SenderDomain) -> Vec<Wanted> {
    let mechanism = spf_mechanism(&mail_host(ws));
    let mut lines =
        vec![Wanted { name: domain.name.clone(), value: format!("v=spf1 {mechanism} ~all"), rule: Rule::Spf { mechanism } }];
    for key in domain.keys.iter().filter(|k| k.state != KeyState::Retired) {
        lines.push(Wanted {
            name: format!("{}._domainkey.{}", key.selector, domain.name),
            value: key.algorithm.record(&key.public_key),
            rule: Rule::Dkim { key: key.id, public: key.public_key.clone() },
        });
    }
    let reports = ws.settings().sending.sender_email.clone();
    let reports = if reports.is_empty() { format!("postmaster@{}", domain.name) } else { reports };
    lines.push(Wanted {
        name: format!("_dmarc.{}", domain.name),
        value: format!("v=DMARC1; p=none; rua=mailto:{reports}"),
        rule: Rule::Dmarc,
    });
    let bounces = crate::returns::mailbox_parts(ws).map_or_else(|| domain.name.clone(), |(_, host)| host);
    lines.push(Wanted { name: bounces, value: String::new(), rule: Rule::ReturnPath });
    let (host, secure) = site_host(ws);
    if host != "localhost" && host.parse::<std::net::IpAddr>().is_err() {
        lines.push(Wanted { name: host, value: String::new(), rule: Rule::Tracking { secure } });
    }
    lines
}

/// A line that should be there, and how it is judged.
pub(super) struct Wanted {
    pub name: String,
    pub value: String,
    pub rule: Rule,
}

pub(super) enum Rule {
    Spf { mechanism: String },
    Dkim { key: SenderKeyId, public: String },
    Dmarc,
    ReturnPath,
    Tracking { secure: bool },
}

impl Rule {
    pub const fn purpose(&self) -> &'static str {
        match self {
            Self::Spf { .. } => "spf",
            Self::Dkim { .. } => "dkim",
            Self::Dmarc => "dmarc",
            Self::ReturnPath => "return_path",
            Self::Tracking { .. } => "tracking",
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::ReturnPath => "MX",
            Self::Tracking { .. } => "A",
            _ => "TXT",
        }
    }
}

pub(super) fn with_records(ws: &Workspace, (mut domain, findings): Found) -> SenderDomain {
    let known = |w: &Wanted| findings.iter().find(|f: &&Stored| f.purpose == w.rule.purpose() && f.name == w.name);
    domain.records = wanted(ws, &domain)
        .into_iter()
        .map(|w| {
            let stored = known(&w);
            DnsRecord {
                finding: stored.and_then(|s| Finding::of_key(&s.finding)).unwrap_or(Finding::Unknown),
                reason: stored.map_or_else(|| "Not looked at yet.".to_owned(), |s| s.reason.clone()),
                found: stored.map(|s| s.found.clone()).unwrap_or_default(),
                purpose: w.rule.purpose(),
                kind: w.rule.kind(),
                name: w.name,
                value: w.value,
            }
        })
        .collect();
    domain
}
