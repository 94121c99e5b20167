//! The mailbox that bounces, replies and wishes to leave come to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hg_core::time::{Millis, Timestamp};
use hg_store::Sql;

use super::act::{Outcome, act, count};
use super::parse::read_mail;
use super::watch;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::secrets;
use crate::settings::{self, Mailbox};
use crate::worker::Worker;
use crate::workspace::Workspace;

const SOURCE: &str = "mailbox";
const SECRET: &str = "the mailbox";
/// Mails in one go.
const MOST: usize = 500;
/// After a failure.
const REST: Millis = Millis::minutes(5);

/// How the line is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after the greeting; nobody signs in before.
    StartTls,
    /// Not at all.
    None,
}

/// How to get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Whether the certificate must be good.
    pub verify: bool,
    pub user: String,
    pub password: String,
    pub folder: String,
}

/// Speaks with mailboxes.
#[async_trait]
pub trait MailboxReader: Send + Sync + 'static {
    async fn open(&self, account: &Account) -> Result<Box<dyn MailboxSession>, String>;
}

/// An open mailbox.
#[async_trait]
pub trait MailboxSession: Send {
    /// The mails that nobody has seen, the oldest first.
    async fn unseen(&mut self) -> Result<Vec<u32>, String>;
    /// One of them, whole; it stays unseen. None when it went away.
    async fn mail(&mut self, id: u32) -> Result<Option<Vec<u8>>, String>;
    /// Marks it as seen, or removes it.
    async fn finish(&mut self, id: u32, remove: bool) -> Result<(), String>;
    /// Whether the server tells of new mails by itself (IDLE).
    async fn tells(&mut self) -> Result<bool, String>;
    /// Waits until it tells of a new mail, at most so long; whether it did.
    async fn news(&mut self, longest: Duration) -> Result<bool, String>;
    async fn close(&mut self);
}

/// The reader of a workspace, put in place with `set_part`.
pub struct Mailboxes(pub Arc<dyn MailboxReader>);

/// Local part and host of the mailbox's address, when there is a mailbox.
pub(crate) fn mailbox_parts(ws: &Workspace) -> Option<(String, String)> {
    let settings = ws.settings();
    let (local, host) = settings.mailbox.address.rsplit_once('@').filter(|_| settings.mailbox.enabled)?;
    Some((local.to_owned(), host.to_owned()))
}

/// The settings, without the password.
pub fn read_mailbox(cx: &Cx) -> Result<Mailbox> {
    cx.may(Action::View(Area::Settings))?;
    let mut mailbox = cx.ws.settings().mailbox.clone();
    mailbox.password.clear();
    Ok(mailbox)
}

/// Writes the settings. An empty password leaves the one that is there.
pub async fn write_mailbox(cx: &Cx, mut new: Mailbox) -> Result<Mailbox> {
    cx.may(Action::Edit(Area::Settings))?;
    let before = cx.ws.settings().mailbox.clone();
    let mut wrong = Vec::new();
    new.address = new.address.trim().to_owned();
    new.host = new.host.trim().to_owned();
    if new.enabled && !settings::looks_like_an_address(&new.address) {
        wrong.push(FieldError::new("/address", "email", "Write the mailbox's address, such as bounces@example.org."));
    }
    if new.enabled && (new.host.is_empty() || new.host.contains(['/', ' '])) {
        wrong.push(FieldError::new("/host", "required", "Write the name of the IMAP server, such as imap.example.org."));
    }
    if new.enabled && new.user.is_empty() {
        wrong.push(FieldError::new("/user", "required", "Write the name to sign in to the mailbox with."));
    }
    if new.port == 0 {
        wrong.push(FieldError::new("/port", "range", "Choose a port; IMAP over TLS is 993."));
    }
    if !(1..=1_440).contains(&new.every_minutes) {
        wrong.push(FieldError::new("/every_minutes", "range", "Choose between 1 and 1,440 minutes."));
    }
    // A password belongs to its server: it is not taken along to another one.
    let same = new.host == before.host && new.user == before.user;
    if new.enabled && new.password.is_empty() && (before.password.is_empty() || !same) {
        wrong.push(FieldError::new("/password", "required", "Write the mailbox's password."));
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    new.password = match new.password.as_str() {
        "" if same => before.password,
        "" => String::new(),
        fresh => secrets::seal(&cx.ws, SECRET, fresh.as_bytes())?,
    };
    settings::store_mailbox(cx, new).await?;
    look_soon(cx).await?;
    watch::settings_changed(cx);
    read_mailbox(cx)
}

/// Who opens the mailbox, and how.
pub(super) fn way_in(cx: &Cx) -> Result<(Arc<dyn MailboxReader>, Account)> {
    let mailbox = cx.ws.settings().mailbox.clone();
    if !mailbox.enabled {
        return Err(Error::conflict("mailbox.off", "There is no mailbox: set one in the settings for deliverability."));
    }
    let reader = cx.ws.get_part::<Mailboxes>().ok_or_else(|| Error::unavailable("This server cannot read mailboxes."))?;
    let password = String::from_utf8_lossy(&secrets::open(&cx.ws, SECRET, &mailbox.password)?).into_owned();
    let security = match (mailbox.tls, mailbox.start_tls) {
        (true, _) => Security::Tls,
        (false, true) => Security::StartTls,
        (false, false) => Security::None,
    };
    let Mailbox { host, port, verify, user, folder, .. } = mailbox;
    Ok((Arc::clone(&reader.0), Account { host, port, security, verify, user, password, folder }))
}

/// Opens the mailbox and looks at nothing: whether its server tells of new mails by itself.
///
/// # Errors
/// What the server said, in words.
pub async fn probe(cx: &Cx) -> Result<bool> {
    cx.may(Action::View(Area::Settings))?;
    let (reader, account) = way_in(cx)?;
    let mut session = reader.open(&account).await.map_err(Error::unavailable)?;
    let tells = session.tells().await.map_err(Error::unavailable);
    session.close().await;
    tells
}

/// What a look into the mailbox found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub at: Timestamp,
    pub fetched: i64,
    pub error: Option<String>,
}

/// The last look into the mailbox.
pub async fn last_look(cx: &Cx) -> Result<Option<Look>> {
    cx.may(Action::View(Area::Settings))?;
    let read = |r: &hg_store::Row<'_>| Ok(Look { at: r.get(0)?, fetched: r.get(1)?, error: r.get(2)? });
    cx.db().read(move |tx| Ok(tx.opt("SELECT looked_at, fetched, error FROM mailbox_looks WHERE id = 1", read)?)).await
}

/// Fetches what nobody has seen. A connection that breaks leaves the rest for the next time; a mail is marked as seen only
/// after what follows from it is written, and one that comes again changes nothing.
pub async fn fetch(cx: &Cx, most: Option<usize>) -> Result<Look> {
    cx.may(Action::Edit(Area::Settings))?;
    let (reader, account) = way_in(cx)?;
    let remove = cx.ws.settings().mailbox.remove;
    let mut fetched = 0;
    let error = match reader.open(&account).await {
        Ok(mut session) => {
            let walked = walk(cx, &mut *session, most.unwrap_or(MOST), remove, &mut fetched).await?;
            session.close().await;
            walked.err()
        }
        Err(error) => Some(error),
    };
    let look = Look { at: cx.now(), fetched, error };
    let kept = look.clone();
    cx.db()
        .write(move |tx| {
            tx.exec(
                Sql::new(
                    "INSERT INTO mailbox_looks (id, looked_at, fetched, error) VALUES (1, $1, $2, $3) \
                     ON CONFLICT (id) DO UPDATE SET looked_at = excluded.looked_at, fetched = excluded.fetched, error = excluded.error",
                )
                .bind(kept.at)
                .bind(kept.fetched)
                .bind(kept.error.as_deref()),
            )?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(look)
}

/// The inner result is the mailbox's word, the outer one the database's.
async fn walk(
    cx: &Cx,
    session: &mut dyn MailboxSession,
    most: usize,
    remove: bool,
    fetched: &mut i64,
) -> Result<Result<(), String>> {
    let ids = match session.unseen().await {
        Ok(ids) => ids,
        Err(error) => return Ok(Err(error)),
    };
    for id in ids.into_iter().take(most) {
        let raw = match session.mail(id).await {
            Ok(Some(raw)) => raw,
            Ok(None) => continue,
            Err(error) => return Ok(Err(error)),
        };
        take(cx, raw).await?;
        *fetched += 1;
        if let Err(error) = session.finish(id, remove).await {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

async fn take(cx: &Cx, raw: Vec<u8>) -> Result<Outcome> {
    let now = cx.now();
    let returned = read_mail(&raw);
    cx.db()
        .write(move |tx| {
            let outcome = act(tx, now, SOURCE, &returned)?;
            count(tx, now, SOURCE, outcome.key(), 1)?;
            Ok(outcome)
        })
        .await
}

/// When to look again.
#[derive(Default)]
struct Pace {
    next: AtomicI64,
}

impl Pace {
    /// A wait that is longer than any was begun by a clock that has been put back.
    fn next(&self, cx: &Cx) -> Timestamp {
        let next = Timestamp(self.next.load(Ordering::SeqCst));
        let longest = REST.max(Millis::minutes(cx.ws.settings().mailbox.every_minutes));
        if next.since(cx.now()) > longest { Timestamp(0) } else { next }
    }
}

/// Announced when there may be new mails.
const TOPIC: &str = "mailbox";

/// Has the worker look as soon as it can.
pub(super) async fn look_soon(cx: &Cx) -> Result<()> {
    cx.ws.part::<Pace>().next.store(0, Ordering::SeqCst);
    cx.db()
        .write(|tx| {
            tx.wake(TOPIC);
            Ok(())
        })
        .await
}

/// Looks into the mailbox every few minutes, and at once when its server tells of a new mail.
pub struct MailboxWorker;

pub(super) fn is_on(cx: &Cx) -> bool {
    cx.ws.settings().mailbox.enabled && cx.ws.get_part::<Mailboxes>().is_some()
}

#[async_trait]
impl Worker for MailboxWorker {
    fn name(&self) -> &'static str {
        "mailbox"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn watch(&self, cx: &Cx) {
        watch::watch(cx).await;
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let pace = cx.ws.part::<Pace>();
        if !is_on(cx) || cx.now() < pace.next(cx) {
            return Ok(0);
        }
        let every = Millis::minutes(cx.ws.settings().mailbox.every_minutes);
        // Set first: what fails, whatever it is, rests too.
        let rest = cx.now().plus(REST.max(every));
        pace.next.store(rest.0, Ordering::SeqCst);
        let look = fetch(cx, None).await?;
        match look.error {
            Some(error) => {
                tracing::warn!(error = %error, "The mailbox cannot be read now");
                Ok(0)
            }
            // A full batch: there may be more.
            None if look.fetched as usize >= MOST => {
                pace.next.store(0, Ordering::SeqCst);
                Ok(MOST)
            }
            None => {
                // Unless there was news meanwhile: then it is looked again at once.
                let _ = pace.next.compare_exchange(rest.0, cx.now().plus(every).0, Ordering::SeqCst, Ordering::SeqCst);
                Ok(usize::try_from(look.fetched).unwrap_or(0))
            }
        }
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let next = cx.ws.part::<Pace>().next(cx);
        Ok(is_on(cx).then(|| next.max(cx.now())))
    }
}
