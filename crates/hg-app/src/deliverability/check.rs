//! Looking into the DNS.

use std::sync::Arc;

use async_trait::async_trait;
use hg_core::deliverability::{Finding, Judgement, judge_dkim, judge_dmarc, judge_return_path, judge_spf, judge_tracking};
use hg_core::ids::{SenderDomainId, SenderKeyId};
use hg_core::time::{Millis, Timestamp};
use hg_store::Sql;

use super::model::{KeyState, SenderDomain, Stored};
use super::service::{Rule, Wanted, wanted, with_records};
use super::store;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::worker::Worker;

/// Announced when a domain wants to be looked at.
pub(super) const TOPIC: &str = "sender-domains";
/// How often a domain is looked at.
const DAILY: Millis = Millis::days(1);
/// The same while a key waits to be seen.
const HOURLY: Millis = Millis::hours(1);

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    Txt,
    Mx,
    /// IPv4 and IPv6, whatever names are in between.
    Address,
}

/// Asks the DNS. Nothing there is an empty list; an error is a name server that did not answer.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    async fn ask(&self, kind: RecordKind, name: &str) -> Result<Vec<String>, String>;
}

/// The resolver of a workspace, put in place with `set_part`.
pub struct Names(pub Arc<dyn Resolver>);

/// Looks at a domain now. Keys that are seen begin to sign.
pub async fn check(cx: &Cx, id: SenderDomainId) -> Result<SenderDomain> {
    cx.may(Action::Edit(Area::Settings))?;
    let names = cx.ws.get_part::<Names>().ok_or_else(|| Error::unavailable("This server cannot ask the DNS."))?;
    let (domain, _) = cx.db().read(move |tx| store::one(tx, id)).await?;
    let mut findings = Vec::new();
    let mut seen: Vec<SenderKeyId> = Vec::new();
    for line in wanted(&cx.ws, &domain) {
        let (judgement, found) = judged(&*names.0, &domain.name, &line).await;
        if let (Rule::Dkim { key, .. }, Finding::Good) = (&line.rule, judgement.finding) {
            seen.push(*key);
        }
        findings.push(Stored {
            purpose: line.rule.purpose().to_owned(),
            name: line.name,
            finding: judgement.finding.key().to_owned(),
            reason: judgement.reason,
            found,
        });
    }
    let now = cx.now();
    let body = serde_json::to_value(&findings).map_err(|e| Error::internal(e.to_string()))?;
    let found = cx
        .db()
        .write(move |tx| {
            let (domain, _) = store::one(tx, id)?;
            for key in domain.keys.iter().filter(|k| k.state == KeyState::Waiting && seen.contains(&k.id)) {
                store::activate(tx, now, &domain, key)?;
            }
            let sql = Sql::new("UPDATE sender_domains SET checked_at = $2, findings = $3 WHERE id = $1");
            tx.exec(sql.bind(id).bind(now).bind(&body))?;
            store::one(tx, id)
        })
        .await?;
    Ok(with_records(&cx.ws, found))
}

async fn judged(names: &dyn Resolver, domain: &str, line: &Wanted) -> (Judgement, Vec<String>) {
    let kind = match &line.rule {
        Rule::ReturnPath => RecordKind::Mx,
        Rule::Tracking { .. } => RecordKind::Address,
        _ => RecordKind::Txt,
    };
    let found = match names.ask(kind, &line.name).await {
        Ok(found) => found,
        Err(error) => return (Judgement::new(Finding::Unknown, format!("The name servers did not answer: {error}")), Vec::new()),
    };
    let judgement = match &line.rule {
        Rule::Spf { mechanism } => judge_spf(&found, mechanism),
        Rule::Dkim { public, .. } => judge_dkim(&found, public),
        Rule::Dmarc => dmarc(names, domain, &found).await,
        Rule::ReturnPath => judge_return_path(domain, &line.name, &found),
        Rule::Tracking { secure } => judge_tracking(domain, &line.name, &found, *secure),
    };
    (judgement, found)
}

/// A domain without a record of its own goes by the one of the domains above it.
async fn dmarc(names: &dyn Resolver, domain: &str, found: &[String]) -> Judgement {
    let own = judge_dmarc(found);
    let mut name = domain;
    while let Some((_, above)) = name.split_once('.').filter(|(_, above)| above.contains('.') && own.finding == Finding::Missing)
    {
        if let Ok(records) = names.ask(RecordKind::Txt, &format!("_dmarc.{above}")).await {
            let judgement = judge_dmarc(&records);
            if judgement.finding != Finding::Missing {
                return Judgement { reason: format!("{above}: {}", judgement.reason), ..judgement };
            }
        }
        name = above;
    }
    own
}

/// Looks at every domain from time to time.
pub struct DnsWorker;

/// The domain that is due first, and when.
async fn next(cx: &Cx) -> Result<Option<(SenderDomainId, Timestamp)>> {
    if cx.ws.get_part::<Names>().is_none() {
        return Ok(None);
    }
    let domains = cx.db().read(store::all).await?;
    let due = |d: &SenderDomain| match d.checked_at {
        None => d.created_at,
        Some(at) if d.keys.iter().any(|k| k.state == KeyState::Waiting) => at.plus(HOURLY),
        Some(at) => at.plus(DAILY),
    };
    Ok(domains.iter().map(|(d, _)| (d.id, due(d))).min_by_key(|(_, at)| *at))
}

#[async_trait]
impl Worker for DnsWorker {
    fn name(&self) -> &'static str {
        "sender domains"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        match next(cx).await? {
            Some((id, at)) if at <= cx.now() => check(cx, id).await.map(|_| 1),
            _ => Ok(0),
        }
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        Ok(next(cx).await?.map(|(_, at)| at))
    }
}
