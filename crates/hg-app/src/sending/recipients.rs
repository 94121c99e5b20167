//! Who got an email, who not and why; and where they clicked.

use hg_core::emails::SendState;
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Value};

use super::ledger;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub id: i64,
    pub contact: ContactId,
    pub name: String,
    pub address: String,
    pub state: SendState,
    pub reason: Option<String>,
    pub sent_at: Option<Timestamp>,
    pub opened_at: Option<Timestamp>,
    pub clicked_at: Option<Timestamp>,
}

/// The people of an email, newest message first. `state`: a state of the ledger, or `opened`, `clicked`, `unsubscribed`.
pub async fn recipients(cx: &Cx, email: EmailId, state: Option<String>, query: ListQuery) -> Result<Page<Recipient>> {
    cx.may(Action::View(Area::Emails))?;
    let condition = match state.as_deref() {
        None | Some("") => "1 = 1".to_owned(),
        Some("opened") => "s.opened_at IS NOT NULL".to_owned(),
        Some("clicked") => "s.clicked_at IS NOT NULL".to_owned(),
        Some("unsubscribed") => "s.unsubscribed_at IS NOT NULL".to_owned(),
        // What people call waiting are three states.
        Some("queued") => "s.state IN (0, 1, 2)".to_owned(),
        Some(word) => match SendState::of_key(word) {
            // What came to an end has an index of its own.
            Some(state) if state.code() >= SendState::Sent.code() => format!("s.state = {} AND s.state >= 3", state.code()),
            Some(state) => format!("s.state = {}", state.code()),
            None => return Err(Error::field("/state", "state", "This is no state of a message.")),
        },
    };
    let after = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let text = format!(
                "SELECT s.id, s.contact_id, c.firstname, c.lastname, s.address, s.state, s.reason, s.sent_at, s.opened_at, s.clicked_at \
                 FROM sends s LEFT JOIN contacts c ON c.id = s.contact_id \
                 WHERE s.email_id = $1 AND s.id < $2 AND {condition} ORDER BY s.id DESC LIMIT $3"
            );
            let rows = tx.all(Sql::new(text).bind(email).bind(after).bind(i64::from(limit) + 1), |r| {
                let (first, last) = (r.get::<Option<String>>(2)?.unwrap_or_default(), r.get::<Option<String>>(3)?.unwrap_or_default());
                let address: String = r.get(4)?;
                let name = format!("{first} {last}").trim().to_owned();
                Ok(Recipient {
                    id: r.get(0)?,
                    contact: r.get(1)?,
                    name: if name.is_empty() { address.clone() } else { name },
                    address,
                    state: SendState::of_code(r.get(5)?).unwrap_or(SendState::Unknown),
                    reason: r.get::<Option<String>>(6)?.map(|reason| ledger::reason_text(&reason)),
                    sent_at: r.get(7)?,
                    opened_at: r.get(8)?,
                    clicked_at: r.get(9)?,
                })
            })?;
            Ok(Page::of(rows, limit, None, |r| (Value::Null, r.id)))
        })
        .await
}

/// How often a link was clicked, and by how many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkCount {
    pub url: String,
    pub clicks: i64,
    pub people: i64,
    /// How often machines followed it.
    pub machines: i64,
}

/// The links of an email, the most clicked first.
pub async fn links(cx: &Cx, email: EmailId) -> Result<Vec<LinkCount>> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let sql =
                Sql::new("SELECT url, hits, people, machine_hits FROM redirects WHERE email_id = $1 ORDER BY hits DESC, id")
                    .bind(email);
            Ok(tx.all(sql, |r| Ok(LinkCount { url: r.get(0)?, clicks: r.get(1)?, people: r.get(2)?, machines: r.get(3)? }))?)
        })
        .await
}
