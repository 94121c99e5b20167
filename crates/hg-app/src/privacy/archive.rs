//! Everything that is kept about one contact, as one archive for her: JSON for programs, CSV for people.

use hg_core::contacts::FieldValue;
use hg_core::ids::ContactId;
use hg_store::{Sql, Tx, Value};
use serde_json::{Map, Value as Json, json};

use super::zip::Zip;
use crate::audit::{self, Deed, Entry};
use crate::contacts::{self, Contact};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::segments;

/// A table of the archive: its file, and the statement that reads it with the contact as its parameter.
struct Part {
    file: &'static str,
    columns: &'static [&'static str],
    text: &'static str,
}

const PARTS: &[Part] = &[
    Part {
        file: "events",
        columns: &["at", "kind", "page", "detail"],
        text: "SELECT e.occurred_at, e.kind, u.url, e.detail FROM events e LEFT JOIN urls u ON u.id = e.url_id WHERE e.contact_id = $1 ORDER BY e.id",
    },
    Part {
        file: "emails",
        columns: &["at", "email", "address", "state", "opened_at", "clicked_at", "unsubscribed_at"],
        text: "SELECT coalesce(s.sent_at, s.created_at), e.name, s.address, s.state, s.opened_at, s.clicked_at, s.unsubscribed_at \
               FROM sends s JOIN emails e ON e.id = s.email_id WHERE s.contact_id = $1 ORDER BY s.id",
    },
    Part {
        file: "form-answers",
        columns: &["at", "form", "answers", "referrer", "address"],
        text: "SELECT s.submitted_at, f.name, s.answers, s.referrer, s.address FROM submissions s JOIN forms f ON f.id = s.form_id \
               WHERE s.contact_id = $1 ORDER BY s.id",
    },
    Part {
        file: "consents",
        columns: &["at", "purpose", "given", "text_shown", "source", "proof"],
        text: "SELECT at, purpose, given, text_shown, source, proof FROM consents WHERE contact_id = $1 ORDER BY id",
    },
    Part {
        file: "do-not-contact",
        columns: &["at", "channel", "reason", "comments"],
        text: "SELECT added_at, channel, reason, comments FROM do_not_contact WHERE contact_id = $1 ORDER BY channel",
    },
    Part {
        file: "notes",
        columns: &["at", "kind", "text"],
        text: "SELECT happened_at, kind, body FROM notes WHERE contact_id = $1 AND deleted_at IS NULL ORDER BY id",
    },
    Part {
        file: "devices",
        columns: &["at", "seen_at", "type", "system", "brand", "model", "program", "address"],
        text: "SELECT created_at, seen_at, kind, os, brand, model, agent, address FROM devices WHERE contact_id = $1 ORDER BY id",
    },
    Part {
        file: "addresses",
        columns: &["at", "seen_at", "address"],
        text: "SELECT first_at, last_at, address FROM contact_addresses WHERE contact_id = $1 ORDER BY id",
    },
    Part {
        file: "campaign-parameters",
        columns: &["at", "source", "medium", "campaign", "content", "term", "url", "referrer"],
        text: "SELECT at, source, medium, campaign, content, term, url, referrer FROM utm_records WHERE contact_id = $1 ORDER BY id",
    },
    Part {
        file: "campaigns",
        columns: &["at", "campaign", "state"],
        text: "SELECT m.joined_at, c.name, m.state FROM campaign_members m JOIN campaigns c ON c.id = m.campaign_id \
               WHERE m.contact_id = $1 ORDER BY m.joined_at",
    },
    Part {
        file: "preferences",
        columns: &["at", "channel", "most", "period", "pause_from", "pause_until"],
        text: "SELECT updated_at, channel, most, period, pause_from, pause_until FROM frequency_rules WHERE contact_id = $1 ORDER BY channel",
    },
];

/// Everything about a contact as a ZIP archive, and the name of the file.
pub async fn archive(cx: &Cx, id: ContactId) -> Result<(String, Vec<u8>)> {
    cx.may(Action::View(Area::Contacts))?;
    let contact = contacts::get(cx, id).await?;
    let id = contact.id;
    let memberships: Vec<String> = segments::memberships(cx, id).await?.into_iter().map(|m| m.name).collect();
    let (now, who) = (cx.now(), cx.who());
    let tables = cx.db().read(move |tx| PARTS.iter().map(|part| rows(tx, part, id)).collect::<Result<Vec<_>>>()).await?;
    // Giving somebody's data away is worth knowing later.
    cx.db().write(move |tx| audit::record(tx, &who, Entry::new(Deed::Export, "contact", id.0, format!("Contact {id}")))).await?;
    let mut zip = Zip::default();
    let about = format!(
        "Everything that is kept about contact {id}, gathered on {}.\ncontact.json and the files of the same names hold the same \
         as JSON and as CSV. Times are UTC.\n",
        now.rfc3339()
    );
    zip.add("README.txt", about.as_bytes());
    zip.add("contact.json", &pretty(&person(&contact, &memberships))?);
    for (part, rows) in PARTS.iter().zip(tables) {
        zip.add(&format!("{}.json", part.file), &pretty(&Json::Array(rows.iter().cloned().map(Json::Object).collect()))?);
        let mut csv = csv_line(part.columns.iter().copied())?;
        for row in &rows {
            let cells: Vec<String> = part.columns.iter().map(|c| cell(row.get(*c))).collect();
            csv.extend(csv_line(cells.iter().map(String::as_str))?);
        }
        zip.add(&format!("{}.csv", part.file), &csv);
    }
    Ok((format!("contact-{id}.zip"), zip.finish()))
}

fn pretty(json: &Json) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(json).map_err(|e| Error::internal(e.to_string()))
}

fn person(contact: &Contact, segments: &[String]) -> Json {
    let values: Map<String, Json> =
        contact.values.iter().filter(|(_, v)| !v.is_empty()).map(|(alias, v)| (alias.clone(), FieldValue::to_json(v))).collect();
    json!({
        "id": contact.id, "created_at": contact.created_at.rfc3339(), "identified_at": contact.identified_at.map(|t| t.rfc3339()),
        "last_active_at": contact.last_active_at.map(|t| t.rfc3339()), "points": contact.points, "fields": values,
        "tags": contact.tags.iter().map(|t| &t.1).collect::<Vec<_>>(), "segments": segments,
    })
}

fn rows(tx: &mut Tx<'_>, part: &Part, id: ContactId) -> Result<Vec<Map<String, Json>>> {
    Ok(tx.all(Sql::new(part.text).bind(id), |r| {
        let mut row = Map::new();
        for (i, column) in part.columns.iter().enumerate() {
            let value = match (r.value(i)?.to_owned(), *column) {
                (
                    Value::Int(n),
                    "at" | "seen_at" | "opened_at" | "clicked_at" | "unsubscribed_at" | "pause_from" | "pause_until",
                ) => {
                    json!(hg_core::time::Timestamp(n).rfc3339())
                }
                (Value::Int(n), "kind") if part.file == "events" => {
                    json!(hg_core::events::EventKind::from_code(n).map(hg_core::events::EventKind::key))
                }
                (Value::Int(n), _) => json!(n),
                (Value::Real(x), _) => json!(x),
                (Value::Text(text), "detail" | "answers" | "proof") => serde_json::from_str(&text).unwrap_or(json!(text)),
                (Value::Text(text), _) => json!(text),
                (Value::Null | Value::Bytes(_), _) => Json::Null,
            };
            row.insert((*column).to_owned(), value);
        }
        Ok(row)
    })?)
}

fn cell(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => harmless(text.clone()),
        Some(other) => other.to_string(),
    }
}
