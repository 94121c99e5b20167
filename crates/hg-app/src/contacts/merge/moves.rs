//! Every row that hangs on a contact, how it moves to another, and back.

use hg_core::ids::ContactId;
use hg_store::{Sql, Tx, Value};
use roaring::RoaringTreemap;
use serde_json::{Map, Value as Json, json};

use crate::companies;
use crate::contacts::marks;
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// A table whose rows hang on a contact.
struct Hanging {
    table: &'static str,
    /// What people call its rows; empty: not worth counting.
    word: &'static str,
    /// The column that, with the contact, names a row.
    key: &'static str,
    /// Columns that may not be the same twice for one contact.
    once: &'static [&'static str],
}

const fn rows(table: &'static str, word: &'static str) -> Hanging {
    Hanging { table, word, key: "id", once: &[] }
}

const fn keyed(table: &'static str, word: &'static str, key: &'static str, once: &'static [&'static str]) -> Hanging {
    Hanging { table, word, key, once }
}

/// Everything that moves. What the survivor has already stays where it is.
const HANGING: &[Hanging] = &[
    rows("events", "events"),
    rows("devices", "devices"),
    rows("submissions", "form answers"),
    rows("outbox", ""),
    rows("contact_changes", ""),
    rows("notes", "notes"),
    rows("utm_records", "campaign parameters"),
    rows("consents", "consents"),
    rows("mail_returns", ""),
    rows("campaign_calls", ""),
    keyed("contact_addresses", "addresses", "id", &["address"]),
    keyed("sends", "emails", "id", &["email_id", "occasion"]),
    keyed("campaign_log", "campaign steps", "id", &["step_id", "rotation"]),
    keyed("campaign_members", "campaigns", "campaign_id", &["campaign_id"]),
    keyed("segment_overrides", "segments by hand", "segment_id", &["segment_id"]),
    keyed("contact_tags", "tags", "tag_id", &["tag_id"]),
    keyed("contact_categories", "categories", "category_id", &["category_id"]),
    keyed("contact_scores", "group scores", "group_id", &["group_id"]),
    keyed("point_action_log", "", "action_id", &["action_id"]),
    keyed("point_trigger_log", "", "event_id", &["event_id"]),
];

/// How many rows of each kind a contact has.
pub(super) fn counts(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<(&'static str, u64)>> {
    let mut found = Vec::new();
    for hanging in HANGING.iter().filter(|h| !h.word.is_empty()) {
        let n: i64 =
            tx.scalar(Sql::new(format!("SELECT count(*) FROM {} WHERE contact_id = $1", hanging.table)).bind(contact))?;
        if n > 0 {
            found.push((hanging.word, u64::try_from(n).unwrap_or(0)));
        }
    }
    Ok(found)
}

/// Moves everything, and notes what it was.
pub(super) fn take_along(ws: &Workspace, tx: &mut Tx<'_>, merge: i64, loser: ContactId, winner: ContactId) -> Result<()> {
    // Of both, for each purpose, the newest word will hold.
    tx.exec(Sql::new("UPDATE consents SET current = 0 WHERE contact_id IN ($1, $2)").bind(loser).bind(winner))?;
    add_scores(tx, merge, loser, winner)?;
    take_companies(ws, tx, merge, loser, winner)?;
    for hanging in HANGING {
        let mut text = format!("UPDATE {} SET contact_id = $2 WHERE contact_id = $1", hanging.table);
        if !hanging.once.is_empty() {
            let same: Vec<String> = hanging.once.iter().map(|c| format!("w.{c} = {}.{c}", hanging.table)).collect();
            text.push_str(&format!(
                " AND NOT EXISTS (SELECT 1 FROM {} w WHERE w.contact_id = $2 AND {})",
                hanging.table,
                same.join(" AND ")
            ));
        }
        text.push_str(&format!(" RETURNING {}", hanging.key));
        let moved = tx.all(Sql::new(text).bind(loser).bind(winner), |r| r.get::<i64>(0))?;
        let moved: RoaringTreemap = moved.into_iter().filter_map(|id| u64::try_from(id).ok()).collect();
        if !moved.is_empty() {
            note(tx, merge, hanging.table, Some(&moved), None)?;
        }
    }
    newest_consents_hold(tx, loser, winner)?;
    stricter_marks(ws, tx, merge, loser, winner)?;
    stricter_rules(tx, merge, loser, winner)
}

fn note(tx: &mut Tx<'_>, merge: i64, what: &str, ids: Option<&RoaringTreemap>, kept: Option<Json>) -> Result<()> {
    let mut bytes = None;
    if let Some(ids) = ids {
        let mut buffer = Vec::new();
        ids.serialize_into(&mut buffer).map_err(|e| Error::internal(e.to_string()))?;
        bytes = Some(Value::Bytes(buffer));
    }
    tx.exec(
        Sql::new("INSERT INTO merge_moves (merge_id, what, ids, kept) VALUES ($1, $2, $3, $4)")
            .bind(merge)
            .bind(what)
            .bind(bytes.unwrap_or(Value::Null))
            .bind(kept),
    )?;
    Ok(())
}

/// Moves back what was noted, as far as it is still there.
pub(super) fn give_back(tx: &mut Tx<'_>, merge: i64, loser: ContactId, winner: ContactId) -> Result<()> {
    tx.exec(Sql::new("UPDATE consents SET current = 0 WHERE contact_id IN ($1, $2)").bind(loser).bind(winner))?;
    let noted: Vec<(String, Option<Vec<u8>>, Option<Json>)> = tx
        .all(Sql::new("SELECT what, ids, kept FROM merge_moves WHERE merge_id = $1").bind(merge), |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })?;
    for (what, ids, kept) in &noted {
        if let (Some(hanging), Some(bytes)) = (HANGING.iter().find(|h| h.table == what), ids) {
            let moved = RoaringTreemap::deserialize_from(bytes.as_slice()).map_err(|e| Error::internal(e.to_string()))?;
            let moved: Vec<i64> = moved.iter().filter_map(|id| i64::try_from(id).ok()).collect();
            for chunk in moved.chunks(1_000) {
                let text =
                    format!("UPDATE {} SET contact_id = $1 WHERE contact_id = $2 AND {} @in($3)", hanging.table, hanging.key);
                tx.exec(Sql::new(text).bind(loser).bind(winner).bind(chunk))?;
            }
        }
        if let Some(kept) = kept {
            match what.as_str() {
                MARKS => put_back(
                    tx,
                    kept,
                    "do_not_contact",
                    &["channel", "reason", "channel_id", "comments", "added_at"],
                    loser,
                    winner,
                )?,
                RULES => put_back(tx, kept, "frequency_rules", &RULE_COLUMNS, loser, winner)?,
                SCORES => take_scores_off(tx, kept, winner)?,
                COMPANIES => give_companies_back(tx, kept, loser, winner)?,
                _ => {}
            }
        }
    }
    newest_consents_hold(tx, loser, winner)
}

fn newest_consents_hold(tx: &mut Tx<'_>, loser: ContactId, winner: ContactId) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE consents SET current = 1 WHERE contact_id IN ($1, $2) AND NOT EXISTS (SELECT 1 FROM consents n \
             WHERE n.contact_id = consents.contact_id AND n.purpose = consents.purpose \
             AND (n.at > consents.at OR (n.at = consents.at AND n.id > consents.id)))",
        )
        .bind(loser)
        .bind(winner),
    )?;
    Ok(())
}

const SCORES: &str = "scores added";
const MARKS: &str = "do_not_contact";
const RULES: &str = "frequency_rules";
const RULE_COLUMNS: [&str; 7] = ["channel", "most", "period", "preferred", "pause_from", "pause_until", "updated_at"];

const COMPANIES: &str = "contact_companies";

/// A link to a company: which, whether it is and was the primary one, and since when.
type Link = (i64, i64, i64, i64);

fn links(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<Link>> {
    let text =
        "SELECT company_id, is_primary, was_primary, added_at FROM contact_companies WHERE contact_id = $1 ORDER BY company_id";
    Ok(tx.all(Sql::new(text).bind(contact), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?)
}

/// Companies go along; which the survivor had is noted, with her primary one.
fn take_companies(ws: &Workspace, tx: &mut Tx<'_>, merge: i64, loser: ContactId, winner: ContactId) -> Result<()> {
    let (theirs, own) = (links(tx, loser)?, links(tx, winner)?);
    if theirs.is_empty() {
        return Ok(());
    }
    companies::absorb(tx, loser, winner, ws.clock.now())?;
    note(tx, merge, COMPANIES, None, Some(json!({"loser": theirs, "winner": own})))
}

fn give_companies_back(tx: &mut Tx<'_>, kept: &Json, loser: ContactId, winner: ContactId) -> Result<()> {
    let read =
        |side: &str| -> Vec<Link> { kept.get(side).cloned().and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default() };
    let (theirs, own) = (read("loser"), read("winner"));
    tx.exec(Sql::new("DELETE FROM contact_companies WHERE contact_id = $1").bind(loser))?;
    for (company, ..) in theirs.iter().filter(|t| own.iter().all(|o| o.0 != t.0)) {
        let gone = "DELETE FROM contact_companies WHERE contact_id = $1 AND company_id = $2";
        tx.exec(Sql::new(gone).bind(winner).bind(*company))?;
    }
    for (company, is_primary, was_primary, added) in &theirs {
        tx.exec(
            Sql::new("INSERT INTO contact_companies (contact_id, company_id, is_primary, was_primary, added_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(loser)
                .bind(*company)
                .bind(*is_primary)
                .bind(*was_primary)
                .bind(*added),
        )?;
    }
    // Her primary company is hers again, unless another one was chosen since.
    if let Some((company, ..)) = own.iter().find(|o| o.1 == 1) {
        let text = "UPDATE contact_companies SET is_primary = 1 WHERE contact_id = $1 AND company_id = $2 \
                    AND NOT EXISTS (SELECT 1 FROM contact_companies p WHERE p.contact_id = $1 AND p.is_primary = 1)";
        tx.exec(Sql::new(text).bind(winner).bind(*company))?;
    }
    Ok(())
}

/// Scores of groups that both have are summed; the others move like every row.
fn add_scores(tx: &mut Tx<'_>, merge: i64, loser: ContactId, winner: ContactId) -> Result<()> {
    let added: Vec<(i64, i64)> = tx.all(
        Sql::new(
            "SELECT l.group_id, l.score FROM contact_scores l JOIN contact_scores w ON w.group_id = l.group_id AND w.contact_id = $2 \
             WHERE l.contact_id = $1",
        )
        .bind(loser)
        .bind(winner),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    for (group, score) in &added {
        add_score(tx, winner, *group, *score)?;
    }
    if added.is_empty() { Ok(()) } else { note(tx, merge, SCORES, None, Some(json!(added))) }
}

fn take_scores_off(tx: &mut Tx<'_>, kept: &Json, winner: ContactId) -> Result<()> {
    let added: Vec<(i64, i64)> = serde_json::from_value(kept.clone()).unwrap_or_default();
    for (group, score) in added {
        add_score(tx, winner, group, -score)?;
    }
    Ok(())
}

fn add_score(tx: &mut Tx<'_>, contact: ContactId, group: i64, by: i64) -> Result<()> {
    let sql = "UPDATE contact_scores SET score = score + $3 WHERE contact_id = $1 AND group_id = $2";
    tx.exec(Sql::new(sql).bind(contact).bind(group).bind(by))?;
    Ok(())
}

/// Rows of a table of both, as JSON objects.
fn snapshot(tx: &mut Tx<'_>, table: &str, columns: &[&str], contact: ContactId) -> Result<Vec<Json>> {
    let text = format!("SELECT {} FROM {table} WHERE contact_id = $1 ORDER BY channel", columns.join(", "));
    Ok(tx.all(Sql::new(text).bind(contact), |r| {
        let mut row = Map::new();
        for (i, column) in columns.iter().enumerate() {
            let value = match r.value(i)?.to_owned() {
                Value::Int(n) => json!(n),
                Value::Text(t) => json!(t),
                _ => Json::Null,
            };
            row.insert((*column).to_owned(), value);
        }
        Ok(Json::Object(row))
    })?)
}

/// Rows as they were come back; channels on which something was said since stay as they are.
fn put_back(tx: &mut Tx<'_>, kept: &Json, table: &str, columns: &[&str], loser: ContactId, winner: ContactId) -> Result<()> {
    let list = |side: &str| kept.get(side).and_then(Json::as_array).cloned().unwrap_or_default();
    let now = snapshot(tx, table, columns, winner)?;
    let of = |rows: &[Json], channel: &Json| rows.iter().find(|r| r["channel"] == *channel).cloned();
    let (before, after) = (list("winner"), list("after"));
    let unchanged = |channel: &Json| of(&now, channel) == of(&after, channel);
    let delete = format!("DELETE FROM {table} WHERE contact_id = $1 AND channel = $2");
    for row in &after {
        if unchanged(&row["channel"]) {
            tx.exec(Sql::new(delete.as_str()).bind(winner).bind(row["channel"].as_str().unwrap_or("")))?;
        }
    }
    let back = before.iter().filter(|r| unchanged(&r["channel"])).map(|r| (winner, r.clone()));
    let all: Vec<(ContactId, Json)> = back.chain(list("loser").into_iter().map(|r| (loser, r))).collect();
    let marks: Vec<String> = (2..columns.len() + 2).map(|n| format!("${n}")).collect();
    let insert = format!(
        "INSERT INTO {table} (contact_id, {}) VALUES ($1, {}) ON CONFLICT DO NOTHING",
        columns.join(", "),
        marks.join(", ")
    );
    for (contact, row) in all {
        let mut sql = Sql::new(insert.as_str()).bind(contact);
        for column in columns {
            sql = sql.bind(match &row[*column] {
                Json::Number(n) => n.as_i64().map_or(Value::Null, Value::Int),
                Json::String(text) => Value::Text(text.clone()),
                _ => Value::Null,
            });
        }
        tx.exec(sql)?;
    }
    Ok(())
}

/// An opt-out outlives the merge with its strictest reason: unsubscribed, then by hand, then bounced.
fn stricter_marks(ws: &Workspace, tx: &mut Tx<'_>, merge: i64, loser: ContactId, winner: ContactId) -> Result<()> {
    let columns = ["channel", "reason", "channel_id", "comments", "added_at"];
    let rank = |reason: i64| match reason {
        1 => 3,
        3 => 2,
        _ => 1,
    };
    let (theirs, own) = (snapshot(tx, "do_not_contact", &columns, loser)?, snapshot(tx, "do_not_contact", &columns, winner)?);
    if theirs.is_empty() {
        return Ok(());
    }
    tx.exec(Sql::new("DELETE FROM do_not_contact WHERE contact_id = $1").bind(loser))?;
    for row in &theirs {
        let reason = row["reason"].as_i64().unwrap_or(3);
        let has = own.iter().find(|o| o["channel"] == row["channel"]).and_then(|o| o["reason"].as_i64());
        if has.is_none_or(|has| rank(reason) > rank(has)) {
            let (channel, comments) = (row["channel"].as_str().unwrap_or(""), row["comments"].as_str().unwrap_or(""));
            marks::set_do_not_contact(ws, tx, winner, channel, reason, comments, row["channel_id"].as_i64())?;
        }
    }
    let after = snapshot(tx, "do_not_contact", &columns, winner)?;
    note(tx, merge, MARKS, None, Some(json!({"loser": theirs, "winner": own, "after": after})))
}

/// Of two rules of a channel the stricter one: fewer messages in the longer period, the longer pause.
fn stricter_rules(tx: &mut Tx<'_>, merge: i64, loser: ContactId, winner: ContactId) -> Result<()> {
    let (theirs, own) =
        (snapshot(tx, "frequency_rules", &RULE_COLUMNS, loser)?, snapshot(tx, "frequency_rules", &RULE_COLUMNS, winner)?);
    if theirs.is_empty() {
        return Ok(());
    }
    let per_day = |row: &Json| {
        let days = match row["period"].as_str() {
            Some("DAY") => 1.0,
            Some("WEEK") => 7.0,
            _ => 30.0,
        };
        row["most"].as_i64().map_or(f64::INFINITY, |n| n as f64 / days)
    };
    tx.exec(Sql::new("DELETE FROM frequency_rules WHERE contact_id = $1").bind(loser))?;
    for row in &theirs {
        let mine = own.iter().find(|o| o["channel"] == row["channel"]);
        let limit = mine.filter(|m| per_day(m) <= per_day(row)).unwrap_or(row);
        let until = |r: &Json| (r["pause_from"].is_null() && r["pause_until"].is_null(), r["pause_until"].as_i64());
        let longer = |a: &Json, b: &Json| match (until(a), until(b)) {
            ((true, _), _) => false,
            (_, (true, _)) => true,
            ((_, None), _) => true,
            (_, (_, None)) => false,
            ((_, a), (_, b)) => a >= b,
        };
        let pause = mine.filter(|m| longer(m, row)).unwrap_or(row);
        let number = |value: &Json| value.as_i64().map_or(Value::Null, Value::Int);
        tx.exec(
            Sql::new(
                "INSERT INTO frequency_rules (contact_id, channel, most, period, preferred, pause_from, pause_until, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (contact_id, channel) DO UPDATE SET most = excluded.most, \
                 period = excluded.period, pause_from = excluded.pause_from, pause_until = excluded.pause_until, \
                 updated_at = excluded.updated_at",
            )
            .bind(winner)
            .bind(row["channel"].as_str().unwrap_or(""))
            .bind(number(&limit["most"]))
            .bind(limit["period"].as_str())
            .bind(number(&row["preferred"]))
            .bind(number(&pause["pause_from"]))
            .bind(number(&pause["pause_until"]))
            .bind(number(&row["updated_at"])),
        )?;
    }
    let after = snapshot(tx, "frequency_rules", &RULE_COLUMNS, winner)?;
    note(tx, merge, RULES, None, Some(json!({"loser": theirs, "winner": own, "after": after})))
}
