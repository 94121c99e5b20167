//! Every word that anybody said on a consent, as CSV: the proofs that an authority may ask for.

use hg_core::time::Timestamp;
use hg_store::Sql;
use serde_json::Value as Json;

use crate::audit::{self, Deed, Entry};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;

const PAGE: i64 = 2_000;
const COLUMNS: [&str; 9] = ["id", "contact_id", "email", "purpose", "given", "current", "at", "source", "text_shown"];

/// The head line; that somebody took the proofs stands in the audit log.
pub async fn export_start(cx: &Cx) -> Result<Vec<u8>> {
    cx.may(Action::View(Area::Contacts))?;
    let who = cx.who();
    // A console command beside a running server only reads.
    if cx.user_id().is_some() {
        cx.db().write(move |tx| audit::record(tx, &who, Entry::new(Deed::Export, "consent", 0, "Consents"))).await?;
    }
    csv_line(COLUMNS.into_iter().chain(["proof"]))
}

/// The lines behind `after`, in the order in which they were said, and where to go on; `None` at the end.
pub async fn export_page(cx: &Cx, after: i64) -> Result<Option<(Vec<u8>, i64)>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let text = "SELECT k.id, k.contact_id, c.email, k.purpose, k.given, k.current, k.at, k.source, k.text_shown, k.proof \
                        FROM consents k JOIN contacts c ON c.id = k.contact_id WHERE k.id > $1 ORDER BY k.id LIMIT $2";
            let rows = tx.all(Sql::new(text).bind(after).bind(PAGE), |r| {
                let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
                let proof: Option<Json> = r.get(9)?;
                let id: i64 = r.get(0)?;
                let cells = [
                    id.to_string(),
                    r.get::<i64>(1)?.to_string(),
                    harmless(r.get::<Option<String>>(2)?.unwrap_or_default()),
                    harmless(r.get(3)?),
                    word(r.get(4)?),
                    word(r.get(5)?),
                    r.get::<Timestamp>(6)?.rfc3339(),
                    harmless(r.get(7)?),
                    harmless(r.get::<Option<String>>(8)?.unwrap_or_default()),
                    proof.map(|p| p.to_string()).unwrap_or_default(),
                ];
                Ok((id, cells))
            })?;
            let Some((last, _)) = rows.last() else { return Ok(None) };
            let last = *last;
            let mut lines = Vec::new();
            for (_, cells) in &rows {
                lines.extend(csv_line(cells.iter().map(String::as_str))?);
            }
            Ok(Some((lines, last)))
        })
        .await
}
