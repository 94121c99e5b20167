//! Use cases and statements of notices.

use hg_core::ids::UserId;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Row, Sql, Tx, Value};

use super::TOPIC;
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::emails::site_url;
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::sending::{self, HouseMail};
use crate::workspace::Workspace;

/// How long one is kept.
const KEPT: Millis = Millis::days(30);
/// How many are kept for each person.
const MOST: i64 = 200;
/// The same bad news is not told again for so long while it is unread.
const SAME: Millis = Millis::days(1);

/// Whether it went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
}

impl Tone {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// What somebody is told.
#[derive(Debug, Clone)]
pub struct Notice {
    pub id: i64,
    pub created_at: Timestamp,
    /// What it is about, such as `import.done`.
    pub kind: String,
    /// `good` or `bad`.
    pub tone: String,
    /// One line.
    pub title: String,
    /// A sentence, or nothing.
    pub body: String,
    /// Where in the app it leads.
    pub link: Option<String>,
    pub read: bool,
}

/// A page of one's notices.
#[derive(Debug, Clone)]
pub struct Notices {
    pub page: Page<Notice>,
    /// How many of all of them were not read.
    pub unread: i64,
}

/// News for somebody.
#[derive(Debug, Clone)]
pub struct News<'a> {
    pub kind: &'a str,
    pub tone: Tone,
    pub title: &'a str,
    pub body: &'a str,
    pub link: &'a str,
}

const COLUMNS: &str = "id, created_at, kind, tone, title, body, link, read_at";

fn read(r: &Row<'_>) -> hg_store::Result<Notice> {
    Ok(Notice {
        id: r.get(0)?,
        created_at: r.get(1)?,
        kind: r.get(2)?,
        tone: r.get(3)?,
        title: r.get(4)?,
        body: r.get(5)?,
        link: r.get(6)?,
        read: r.get::<Option<Timestamp>>(7)?.is_some(),
    })
}

/// Tells somebody, in the caller's transaction. Work that nobody asked for is told to nobody.
pub fn tell(ws: &Workspace, tx: &mut Tx<'_>, user: Option<UserId>, news: &News<'_>) -> Result<()> {
    let (Some(user), now) = (user, ws.clock.now()) else { return Ok(()) };
    let wanted = "SELECT email, notices_by_mail FROM users WHERE id = $1 AND deleted_at IS NULL";
    let found = tx.opt(Sql::new(wanted).bind(user), |r| Ok((r.get::<String>(0)?, r.get::<bool>(1)?)))?;
    let Some((address, by_mail)) = found else { return Ok(()) };
    let same = "SELECT count(*) FROM notices WHERE user_id = $1 AND read_at IS NULL AND created_at > $2 \
                AND kind = $3 AND link = $4 AND body = $5";
    let same = Sql::new(same).bind(user).bind(now.minus(SAME)).bind(news.kind).bind(news.link).bind(news.body);
    if news.tone == Tone::Bad && tx.scalar::<i64>(same)? > 0 {
        return Ok(());
    }
    let text = "INSERT INTO notices (user_id, created_at, kind, tone, title, body, link) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let insert = Sql::new(text).bind(user).bind(now).bind(news.kind).bind(news.tone.key());
    tx.exec(insert.bind(news.title).bind(news.body).bind(news.link))?;
    let old = "DELETE FROM notices WHERE user_id = $1 AND (created_at < $2 OR id <= \
               (SELECT id FROM notices WHERE user_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $3))";
    tx.exec(Sql::new(old).bind(user).bind(now.minus(KEPT)).bind(MOST))?;
    tx.announce(TOPIC, serde_json::json!({ "user": user }).to_string());
    if by_mail {
        let text = format!("{}\n\n{}/s{}", news.body, site_url(ws), news.link);
        let mail = HouseMail { to: address, subject: news.title.to_owned(), text: text.trim().to_owned() };
        sending::push_house_mail(tx, now, &mail)?;
    }
    Ok(())
}

fn me(cx: &Cx) -> Result<UserId> {
    cx.may(Action::View(Area::Tasks))?;
    cx.user_id().ok_or_else(|| Error::forbidden("Notices belong to people who sign in."))
}

/// One's own notices, newest first.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Notices> {
    let me = me(cx)?;
    let before = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let text = format!("SELECT {COLUMNS} FROM notices WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
            let rows = tx.all(Sql::new(text).bind(me).bind(before).bind(i64::from(limit) + 1), read)?;
            let unread = "SELECT count(*) FROM notices WHERE user_id = $1 AND read_at IS NULL";
            let unread = tx.scalar(Sql::new(unread).bind(me))?;
            Ok(Notices { page: Page::of(rows, limit, None, |n| (Value::Null, n.id)), unread })
        })
        .await
}

/// Marks notices as read; all of them when none is named.
pub async fn mark_read(cx: &Cx, ids: Vec<i64>) -> Result<()> {
    let (me, now) = (me(cx)?, cx.now());
    change(cx, me, move |tx| {
        let text = "UPDATE notices SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL";
        if ids.is_empty() {
            tx.exec(Sql::new(text).bind(me).bind(now))?;
        }
        for some in ids.chunks(500) {
            tx.exec(Sql::new(format!("{text} AND id @in($3)")).bind(me).bind(now).bind(some))?;
        }
        Ok(())
    })
    .await
}

/// Takes one away.
pub async fn dismiss(cx: &Cx, id: i64) -> Result<()> {
    let me = me(cx)?;
    change(cx, me, move |tx| {
        let gone = tx.exec(Sql::new("DELETE FROM notices WHERE user_id = $1 AND id = $2").bind(me).bind(id))?;
        if gone == 0 { Err(Error::not_found("notice", id)) } else { Ok(()) }
    })
    .await
}

/// Takes all of one's notices away.
pub async fn clear(cx: &Cx) -> Result<()> {
    let me = me(cx)?;
    change(cx, me, move |tx| {
        tx.exec(Sql::new("DELETE FROM notices WHERE user_id = $1").bind(me))?;
        Ok(())
    })
    .await
}

/// Other windows of the same person see it at once.
async fn change(cx: &Cx, me: UserId, run: impl Fn(&mut Tx<'_>) -> Result<()> + Send + Sync + 'static) -> Result<()> {
    cx.db()
        .write(move |tx| {
            run(tx)?;
            tx.announce(TOPIC, serde_json::json!({ "user": me }).to_string());
            Ok(())
        })
        .await
}

/// Whether one's notices come by mail too.
pub async fn by_mail(cx: &Cx) -> Result<bool> {
    let me = me(cx)?;
    let text = "SELECT notices_by_mail FROM users WHERE id = $1";
    cx.db().read(move |tx| Ok(tx.scalar(Sql::new(text).bind(me))?)).await
}

/// Says whether one's notices come by mail too.
pub async fn set_by_mail(cx: &Cx, wanted: bool) -> Result<()> {
    let (me, who) = (me(cx)?, cx.who());
    cx.db()
        .write(move |tx| {
            let text = "SELECT email, notices_by_mail FROM users WHERE id = $1";
            let (name, before) = tx.one(Sql::new(text).bind(me), |r| Ok((r.get::<String>(0)?, r.get::<bool>(1)?)))?;
            tx.exec(Sql::new("UPDATE users SET notices_by_mail = $2 WHERE id = $1").bind(me).bind(wanted))?;
            let changes = Changes::new().field("notices_by_mail", &before, &wanted);
            audit::record(tx, &who, Entry::new(Deed::Update, "user", me.0, name).changes(changes))
        })
        .await
}
