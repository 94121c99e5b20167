//! Who would get an email now, and who not: the numbers in the dialog before anything is sent.

use std::collections::{BTreeMap, HashSet};

use hg_core::emails::{Candidate, Purpose, Skip, Verdict, judge};
use hg_core::ids::{ContactId, EmailId, SegmentId};
use hg_store::{Flow, Sql, Tx};
use roaring::RoaringBitmap;

use super::queue::{BOUNCED, sendable};
use crate::cx::{Action, Area, Cx};
use crate::emails::{self, Email};
use crate::error::{Error, Result};
use crate::suppressions;
use crate::workspace::Workspace;

/// People shown as examples.
const SAMPLE: usize = 5;

/// The audience in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    pub will_receive: u64,
    pub skipped: BTreeMap<Skip, u64>,
    pub sample: Vec<ContactId>,
}

/// Counts who would get the email now.
pub async fn audience(cx: &Cx, id: EmailId) -> Result<Audience> {
    cx.may(Action::View(Area::Emails))?;
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .read(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            sendable(&email, now).or_else(|e| if e.code == "email.not-published" { Ok(()) } else { Err(e) })?;
            let mut found = Audience::default();
            for_each_candidate(&ws, tx, &email, |contact, _, verdict| match verdict {
                Verdict::Send => {
                    found.will_receive += 1;
                    if found.sample.len() < SAMPLE {
                        found.sample.push(contact);
                    }
                }
                Verdict::Skip(skip) => *found.skipped.entry(skip).or_default() += 1,
            })?;
            Ok(found)
        })
        .await
}

/// Who is still to be sent a segment email; nobody for emails that are not for segments.
pub(crate) fn pending(ws: &Workspace, tx: &mut Tx<'_>, id: EmailId) -> Result<RoaringBitmap> {
    let mut found = RoaringBitmap::new();
    let Some(email) = emails::find(tx, id)?.filter(|email| email.kind == emails::Kind::Segment) else { return Ok(found) };
    for_each_candidate(ws, tx, &email, |contact, _, verdict| {
        if verdict == Verdict::Send {
            found.insert(contact.bit());
        }
    })?;
    Ok(found)
}

/// How many are in the segments of an email and not in the excluded ones; none for emails that are not for segments.
pub(crate) fn people_of(ws: &Workspace, tx: &mut Tx<'_>, id: EmailId) -> Result<Option<u64>> {
    let Some(email) = emails::find(tx, id)?.filter(|email| email.kind == emails::Kind::Segment) else { return Ok(None) };
    Ok(Some(people(ws, tx, &email)?.len() as u64))
}

/// Everybody in the segments of an email and not in the excluded ones, as a sorted list.
pub(super) fn people(ws: &Workspace, tx: &mut Tx<'_>, email: &Email) -> Result<Vec<u32>> {
    let mut all = RoaringBitmap::new();
    for segment in &email.segments {
        all |= &*crate::segments::members(ws, tx, SegmentId(*segment))?;
    }
    for segment in &email.excluded_segments {
        all -= &*crate::segments::members(ws, tx, SegmentId(*segment))?;
    }
    Ok(all.iter().collect())
}

/// What decides about each of them, asked in large steps.
pub(super) fn for_each_candidate(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    email: &Email,
    mut f: impl FnMut(ContactId, &str, Verdict),
) -> Result<()> {
    let purpose = Purpose::Marketing;
    for chunk in people(ws, tx, email)?.chunks(1_000) {
        for (contact, address, candidate) in candidates(tx, email.id, chunk)? {
            f(contact, &address, judge(&candidate, purpose));
        }
    }
    Ok(())
}

/// Who of these does not want what is in the email's category.
pub(super) fn refused(tx: &mut Tx<'_>, email: EmailId, ids: &[i64]) -> Result<HashSet<i64>> {
    let text = "SELECT cc.contact_id FROM emails e JOIN contact_categories cc ON cc.category_id = e.category_id \
                WHERE e.id = $1 AND cc.subscribed = 0 AND cc.contact_id @in($2)";
    let found = tx.all(Sql::new(text).bind(email).bind(ids), |r| r.get::<i64>(0))?;
    Ok(found.into_iter().collect())
}

/// The facts about a chunk of people, deleted ones left out.
pub(super) fn candidates(tx: &mut Tx<'_>, email: EmailId, chunk: &[u32]) -> Result<Vec<(ContactId, String, Candidate)>> {
    let ids: Vec<i64> = chunk.iter().map(|id| i64::from(*id)).collect();
    let mut had: HashSet<i64> = HashSet::new();
    tx.each(
        Sql::new("SELECT contact_id FROM sends WHERE email_id = $1 AND contact_id @in($2) AND state NOT IN (4, 6)")
            .bind(email)
            .bind(ids.as_slice()),
        |r| {
            had.insert(r.get(0)?);
            Ok(Flow::Next)
        },
    )?;
    let rows = tx.all(
        Sql::new(
            "SELECT c.id, c.email, d.reason FROM contacts c LEFT JOIN do_not_contact d ON d.contact_id = c.id AND d.channel = 'email' \
             WHERE c.id @in($1) AND c.deleted_at IS NULL ORDER BY c.id",
        )
        .bind(ids.as_slice()),
        |r| Ok((r.get::<i64>(0)?, r.get::<Option<String>>(1)?.unwrap_or_default(), r.get::<Option<i64>>(2)?)),
    )?;
    let shut = suppressions::among(tx, rows.iter().map(|row| row.1.trim()))?;
    let refused = refused(tx, email, &ids)?;
    Ok(rows
        .into_iter()
        .map(|(id, address, blocked)| {
            let address = address.trim().to_owned();
            let cause = shut.get(&address);
            let candidate = Candidate {
                has_address: hg_core::forms::is_email_address(&address),
                opted_out: blocked.is_some_and(|reason| reason != BOUNCED),
                undeliverable: blocked == Some(BOUNCED) || cause.is_some_and(|c| c.blocks_everything()),
                suppressed: cause.is_some(),
                category_refused: refused.contains(&id),
                had_it_already: had.contains(&id),
                ..Candidate::WELCOME
            };
            (ContactId(id), address, candidate)
        })
        .collect())
}
