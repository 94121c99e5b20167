//! A link of ours was followed.

use hg_core::ids::{ContactId, RedirectId};
use hg_core::tokens::{DateFormats, Place, Template, TokenFacts, Value, Zoned};
use hg_core::tracking::{Ct, Responder, ResponseClass};
use hg_store::{Lane, Sql, Tx};

use super::hit::{HitAnswer, touch};
use super::identify::{Claims, Visitor, identify, send_of};
use super::urls;
use crate::cx::Cx;
use crate::emails::{self, ContactTexts, site_url};
use crate::error::Result;
use crate::sending::{SendRow, machines};
use crate::workspace::Workspace;

/// Where a link leads, and for whom it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// The target with the contact's values filled in; the query of the request is not yet added.
    pub target: String,
    /// `ct` may travel on: the target is ours, or one that the settings name.
    pub keep_ct: bool,
    pub answer: HitAnswer,
}

struct Redirect {
    id: RedirectId,
    url: String,
}

/// Follows a link; none for keys that are not ours. Without a genuine `ct`, or when the request must not be counted,
/// the link leads to its target all the same.
pub async fn click(cx: &Cx, key: &str, visitor: Visitor, ct: &str) -> Result<Option<Click>> {
    let ct = Ct::read(ct, &cx.ws.site.secret_key);
    let counted = ct.is_some() && visitor.ignored_in_mail(&cx.ws).is_none();
    let (ws, key) = (cx.ws.clone(), key.to_owned());
    let done = if counted {
        cx.db().write_in(Lane::Live, move |tx| follow(&ws, tx, &key, Some((&visitor, &ct)))).await
    } else {
        cx.db().read(move |tx| follow(&ws, tx, &key, None)).await
    };
    if done.is_err() {
        urls::forget(&cx.ws);
    }
    done
}

fn follow(ws: &Workspace, tx: &mut Tx<'_>, key: &str, who: Option<(&Visitor, &Option<Ct>)>) -> Result<Option<Click>> {
    let found = tx.opt(Sql::new("SELECT id, url FROM redirects WHERE public_key = $1").bind(key), |r| {
        Ok(Redirect { id: r.get(0)?, url: r.get(1)? })
    })?;
    let Some(redirect) = found else { return Ok(None) };
    let message = match who {
        Some((visitor, ct)) => message_of(ws, tx, &redirect, visitor, ct.as_ref())?,
        None => None,
    };
    // Nobody gets to know a scanner as the contact.
    let machine = message.as_ref().is_some_and(|(_, seen)| seen.class == ResponseClass::Machine);
    let known = match who {
        Some((visitor, ct)) if !machine && visitor.ignored(ws, true).is_none() => {
            Some(identify(ws, tx, visitor, &Claims { ct: ct.clone(), ..Claims::default() })?)
        }
        _ => None,
    };
    let template = Template::parse(&redirect.url);
    let reader = message.as_ref().map(|(send, _)| send.contact).or(known.as_ref().map(|k| k.contact));
    let target = if template.is_static() { redirect.url.clone() } else { filled_in(ws, tx, &template, reader)? };
    let Some(target) = with_scheme(&target) else { return Ok(None) };
    if let (Some((visitor, _)), Some(known)) = (who, &known) {
        touch(ws, tx, visitor, known)?;
    }
    if let (Some((visitor, _)), Some((send, seen))) = (who, &message) {
        count(ws, tx, &redirect, visitor, (send, seen), &target)?;
    }
    let answer = known.map_or_else(HitAnswer::default, |known| HitAnswer {
        hit: None,
        contact: Some(known.contact),
        tracking_id: Some(known.tracking_id),
        verified: known.verified,
    });
    Ok(Some(Click { keep_ct: may_carry_ct(ws, &target), target, answer }))
}

/// Only web addresses, mail and telephone; anything without a scheme is a web address.
fn with_scheme(target: &str) -> Option<String> {
    let target = target.trim();
    if target.is_empty() || target.contains(['\r', '\n']) {
        return None;
    }
    let scheme = target.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https" | "mailto" | "tel") => Some(target.to_owned()),
        // `example.org:8080/x` has a port, not a scheme.
        Some(other) if other.contains('.') || other == "localhost" => Some(format!("http://{target}")),
        Some(_) => None,
        None => Some(format!("http://{target}")),
    }
}

fn may_carry_ct(ws: &Workspace, target: &str) -> bool {
    let site = site_url(ws);
    if target == site || target.starts_with(&format!("{site}/")) || target.starts_with(&format!("{site}?")) {
        return true;
    }
    ws.settings().tracking.cors_valid_domains.iter().any(|domain| {
        let origin = target.split('/').take(3).collect::<Vec<_>>().join("/");
        hg_core::tracking::origin_matches(domain, &origin)
    })
}

/// The message that the link stood in, and what whoever follows it is taken for.
fn message_of(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    redirect: &Redirect,
    visitor: &Visitor,
    ct: Option<&Ct>,
) -> Result<Option<(SendRow, Responder)>> {
    let Some(send) = send_of(tx, ct)? else { return Ok(None) };
    let seen = machines::judge_click(tx, ws.clock.now(), &send, &visitor.asker(ws), redirect.id.0)?;
    Ok(Some((send, seen)))
}

fn count(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    redirect: &Redirect,
    visitor: &Visitor,
    (send, seen): (&SendRow, &Responder),
    target: &str,
) -> Result<()> {
    let url_id = urls::id_of(ws, tx, target)?;
    let first = tx
        .opt(
            Sql::new("SELECT 1 FROM events WHERE contact_id = $1 AND kind = $2 AND ref_id = $3 AND url_id = $4 LIMIT 1")
                .bind(send.contact)
                .bind(hg_core::events::EventKind::EmailClicked.code())
                .bind(send.id)
                .bind(url_id),
            |_| Ok(()),
        )?
        .is_none();
    let link = machines::Followed { redirect: redirect.id.0, url: target, url_id };
    if machines::write_click(tx, ws.clock.now(), send, &link, &visitor.asker(ws), seen)? {
        tx.exec(
            Sql::new("UPDATE redirects SET hits = hits + 1, people = people + $2 WHERE id = $1").bind(redirect.id).bind(first),
        )?;
    }
    Ok(())
}

struct Reader {
    texts: ContactTexts,
    now: Zoned,
    formats: DateFormats,
    page: Option<(i64, String)>,
}

impl TokenFacts for Reader {
    fn now(&self) -> &Zoned {
        &self.now
    }
    fn formats(&self) -> &DateFormats {
        &self.formats
    }
    fn field(&self, alias: &str) -> Option<Value<'_>> {
        use hg_core::emails::ContactValues;
        self.texts.value(alias)
    }
    fn page_url(&self, id: i64) -> Option<std::borrow::Cow<'_, str>> {
        self.page.as_ref().filter(|(page, _)| *page == id).map(|(_, url)| url.as_str().into())
    }
}

/// The target with the values of whoever the link was for; without her, with defaults.
fn filled_in(ws: &Workspace, tx: &mut Tx<'_>, template: &Template, contact: Option<ContactId>) -> Result<String> {
    let aliases: Vec<String> = template.field_aliases().map(str::to_owned).collect();
    let texts = match contact {
        Some(contact) => emails::texts(tx, &[contact.0], &aliases)?.remove(&contact.0).unwrap_or_default(),
        None => Default::default(),
    };
    let page_id = template.tokens().find_map(|(token, _)| match token {
        hg_core::tokens::Token::PageLink(id) => Some(*id),
        _ => None,
    });
    let page = match page_id {
        Some(id) => tx
            .opt(Sql::new("SELECT alias FROM pages WHERE id = $1 AND deleted_at IS NULL").bind(id), |r| r.get::<String>(0))?
            .map(|alias| (id, format!("{}/{alias}", site_url(ws)))),
        None => None,
    };
    let settings = ws.settings();
    let reader = Reader {
        texts: ContactTexts(texts),
        now: hg_core::emails::local_now(ws.clock.now(), &[&settings.general.timezone]),
        formats: DateFormats { date: settings.general.date_format.clone(), time: settings.general.time_format.clone() },
        page,
    };
    Ok(template.render(&reader, Place::Url))
}
