//! Looking for duplicates: rule by rule over all contacts, in windows of ids.
//!
//! Of each rule only the hashes of the keys are held at first, eight bytes a contact; the contacts themselves are looked
//! at again only where a hash occurs twice.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use async_trait::async_trait;
use hg_core::contacts::{Likeness, Traits};
use hg_core::ids::JobId;
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx};
use serde_json::json;

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

const KIND: &str = "contacts.find-duplicates";
/// Contacts read at once.
const WINDOW: i64 = 20_000;
/// Pairs written in one transaction.
const PAIRS: usize = 500;
/// A key that more contacts share tells nobody apart: the switchboard of a company, a shared mailbox.
const MOST_ALIKE: usize = 10;

/// What the rules look at, of one contact.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    pub id: i64,
    texts: [Option<String>; 6],
}

impl Person {
    pub(super) fn traits(&self) -> Traits<'_> {
        let text = |i: usize| self.texts[i].as_deref().filter(|t| !t.trim().is_empty());
        Traits { email: text(0), phones: [text(1), text(2)], first_name: text(3), last_name: text(4), company: text(5) }
    }
}

/// Contacts behind an id, at most a window of them.
fn window(tx: &mut Tx<'_>, after: i64) -> Result<Vec<Person>> {
    let text = "SELECT id, email, mobile, phone, firstname, lastname, company FROM contacts \
                WHERE id > $1 AND deleted_at IS NULL AND identified_at IS NOT NULL ORDER BY id LIMIT $2";
    Ok(tx.all(Sql::new(text).bind(after).bind(WINDOW), |r| {
        let mut texts: [Option<String>; 6] = Default::default();
        for (i, text) in texts.iter_mut().enumerate() {
            *text = r.get(i + 1)?;
        }
        Ok(Person { id: r.get(0)?, texts })
    })?)
}

fn hashed(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Starts looking; none when a search waits already.
pub async fn start(cx: &Cx) -> Result<Option<JobId>> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let job = NewJob {
                kind: KIND,
                dedupe_key: Some(KIND.to_owned()),
                title: "Look for duplicate contacts".to_owned(),
                payload: json!({}),
                due_at: now,
                visible: true,
                link: Some("/contacts/duplicates".to_owned()),
                created_by: by,
            };
            jobs::push(tx, now, job)
        })
        .await
}

/// Looks while the caller waits; how many pairs are open afterwards.
pub async fn find_now(cx: &Cx) -> Result<u64> {
    cx.may(Action::Edit(Area::Contacts))?;
    search(cx, &mut Silent).await?;
    let open: i64 = cx.db().read(|tx| Ok::<_, Error>(tx.scalar("SELECT count(*) FROM duplicates WHERE state = 'open'")?)).await?;
    Ok(u64::try_from(open).unwrap_or(0))
}

/// Goes through all rules; false when it was told to stop.
async fn search(cx: &Cx, progress: &mut dyn AsyncProgress) -> Result<bool> {
    let highest: i64 = cx.db().read(|tx| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
    let steps = 2 * Likeness::ALL.len() as i64 * highest;
    let mut done = 0;
    for rule in Likeness::ALL {
        let mut hashes: Vec<u64> = Vec::new();
        let mut after = 0;
        loop {
            let people = cx.db().read(move |tx| window(tx, after)).await?;
            let Some(last) = people.last().map(|p| p.id) else { break };
            hashes.extend(people.iter().flat_map(|p| p.traits().keys(rule)).map(|key| hashed(&key)));
            after = last;
            if !progress.tell(done + after, steps).await? {
                return Ok(false);
            }
        }
        done += highest;
        let twice = twice(hashes);
        if !twice.is_empty() && !gather(cx, rule, &twice, (done, steps), progress).await? {
            return Ok(false);
        }
        done += highest;
    }
    Ok(true)
}

/// The hashes that occur more than once, in order.
fn twice(mut hashes: Vec<u64>) -> Vec<u64> {
    hashes.sort_unstable();
    let mut found: Vec<u64> = hashes.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    found.dedup();
    found
}

/// Brings together those who share a key, and writes them down in pairs.
async fn gather(
    cx: &Cx,
    rule: Likeness,
    twice: &[u64],
    (done, steps): (i64, i64),
    progress: &mut dyn AsyncProgress,
) -> Result<bool> {
    let mut alike: HashMap<String, Vec<Person>> = HashMap::new();
    let mut after = 0;
    loop {
        let people = cx.db().read(move |tx| window(tx, after)).await?;
        let Some(last) = people.last().map(|p| p.id) else { break };
        for person in people {
            for key in person.traits().keys(rule) {
                if twice.binary_search(&hashed(&key)).is_ok() {
                    let group = alike.entry(key).or_default();
                    if group.len() <= MOST_ALIKE {
                        group.push(person.clone());
                    }
                }
            }
        }
        after = last;
        if !progress.tell(done + after, steps).await? {
            return Ok(false);
        }
    }
    let mut pairs = Vec::new();
    for group in alike.into_values().filter(|g| g.len() > 1 && g.len() <= MOST_ALIKE) {
        for (at, first) in group.iter().enumerate() {
            for other in &group[at + 1..] {
                if first.id != other.id {
                    pairs.push((first.id.min(other.id), first.id.max(other.id), first.traits().agrees_with(&other.traits())));
                }
            }
        }
    }
    let now = cx.now();
    for chunk in pairs.chunks(PAIRS) {
        let chunk = chunk.to_vec();
        cx.db().write_in(Lane::Bulk, move |tx| write(tx, rule, &chunk, now)).await?;
    }
    Ok(true)
}

fn write(tx: &mut Tx<'_>, rule: Likeness, pairs: &[(i64, i64, bool)], now: Timestamp) -> Result<()> {
    for (first, other, safe) in pairs {
        // Whatever somebody decided about a pair stays.
        tx.exec(
            Sql::new(
                "INSERT INTO duplicates (rule, first_id, other_id, safe, found_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (first_id, other_id) DO UPDATE SET safe = excluded.safe WHERE duplicates.state = 'open'",
            )
            .bind(rule.key())
            .bind(*first)
            .bind(*other)
            .bind(*safe)
            .bind(now),
        )?;
    }
    Ok(())
}

/// How far a search is; false: stop.
#[async_trait]
trait AsyncProgress: Send {
    async fn tell(&mut self, done: i64, total: i64) -> Result<bool>;
}

/// Looks for duplicates in the background. A search that was stopped begins anew: what it found stays.
pub struct FindJob;

#[async_trait]
impl JobRunner for FindJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, _job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let mut told = ByHandle(handle);
        if !search(cx, &mut told).await? {
            return Ok(Outcome::Interrupted);
        }
        let open: i64 =
            cx.db().read(|tx| Ok::<_, Error>(tx.scalar("SELECT count(*) FROM duplicates WHERE state = 'open'")?)).await?;
        Ok(Outcome::Done(format!("{open} pairs to look at.")))
    }
}

struct ByHandle<'a>(&'a JobHandle);

#[async_trait]
impl AsyncProgress for ByHandle<'_> {
    async fn tell(&mut self, done: i64, total: i64) -> Result<bool> {
        self.0.progress(done, Some(total), None).await
    }
}

struct Silent;

#[async_trait]
impl AsyncProgress for Silent {
    async fn tell(&mut self, _done: i64, _total: i64) -> Result<bool> {
        Ok(true)
    }
}
