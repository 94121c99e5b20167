//! Reading a mailbox over IMAP, for what comes back.

use std::sync::Arc;
use std::time::Duration;

use async_imap::extensions::idle::{Handle, IdleResponse};
use async_imap::imap_proto::{MailboxDatum, Response};
use async_imap::{Client, Session};
use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use hg_app::returns::{Account, MailboxReader, MailboxSession, Security};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::smtp::client_config;

/// Longer mails are not what we look for; only their beginning is read.
const LONGEST: usize = 2 * 1024 * 1024;

/// Mailboxes over IMAP, with a limit for each step.
pub struct ImapReader {
    limit: Duration,
}

impl ImapReader {
    /// Every step may take so long.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit }
    }
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Stream for T {}

/// A step with its limit, and with words for its failure.
async fn step<T, E: std::fmt::Display>(
    limit: Duration,
    what: &str,
    doing: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match timeout(limit, doing).await {
        Ok(done) => done.map_err(|e| format!("{what}: {e}")),
        Err(_) => Err(format!("{what}: no answer within {} seconds", limit.as_secs())),
    }
}

/// What speaks with the server.
type Line = Box<dyn Stream>;

/// Encrypts a line.
async fn secured(account: &Account, limit: Duration, line: impl Stream + 'static) -> Result<Line, String> {
    let name = ServerName::try_from(account.host.clone()).map_err(|e| e.to_string())?;
    let config = client_config(account.verify).map_err(|e| e.to_string())?;
    let secure = TlsConnector::from(Arc::new(config)).connect(name, line);
    Ok(Box::new(step(limit, "No secure connection", secure).await?))
}

/// Asks for encryption after the greeting. What the server said before it counts for nothing afterwards.
async fn start_tls(account: &Account, limit: Duration, mut client: Client<Line>) -> Result<Client<Line>, String> {
    let asked = client.run_command_and_check_ok("STARTTLS", None);
    step(limit, "The mail server does not encrypt (STARTTLS)", asked).await?;
    Ok(Client::new(secured(account, limit, client.into_inner()).await?))
}

#[async_trait]
impl MailboxReader for ImapReader {
    async fn open(&self, account: &Account) -> Result<Box<dyn MailboxSession>, String> {
        let limit = self.limit;
        let address = (account.host.as_str(), account.port);
        let plain = step(limit, "The mail server cannot be reached", TcpStream::connect(address)).await?;
        let line = match account.security {
            Security::Tls => secured(account, limit, plain).await?,
            Security::StartTls | Security::None => Box::new(plain),
        };
        let mut client = Client::new(line);
        let greeted = step(limit, "The mail server does not greet", client.read_response()).await?;
        if greeted.is_none() {
            return Err("The mail server hung up at once.".to_owned());
        }
        if account.security == Security::StartTls {
            client = start_tls(account, limit, client).await?;
        }
        let signing_in = async { client.login(&account.user, &account.password).await.map_err(|(error, _)| error) };
        let mut session = step(limit, "The mailbox does not let us in", signing_in).await?;
        step(limit, "The folder cannot be opened", session.select(&account.folder)).await?;
        Ok(Box::new(Open { session: Some(session), limit }))
    }
}

struct Open {
    /// None once the line broke while it waited for news.
    session: Option<Session<Line>>,
    limit: Duration,
}

impl Open {
    fn session(&mut self) -> Result<(&mut Session<Line>, Duration), String> {
        let limit = self.limit;
        self.session.as_mut().map(|session| (session, limit)).ok_or_else(|| "The mail server hung up.".to_owned())
    }
}

#[async_trait]
impl MailboxSession for Open {
    async fn unseen(&mut self) -> Result<Vec<u32>, String> {
        let (session, limit) = self.session()?;
        let found = step(limit, "The folder cannot be searched", session.uid_search("UNSEEN UNDELETED")).await?;
        let mut ids: Vec<u32> = found.into_iter().collect();
        ids.sort_unstable();
        Ok(ids)
    }

    async fn mail(&mut self, id: u32) -> Result<Option<Vec<u8>>, String> {
        let (session, limit) = self.session()?;
        let query = format!("(UID BODY.PEEK[]<0.{LONGEST}>)");
        let fetching = async {
            let mails: Vec<_> = session.uid_fetch(id.to_string(), query).await?.try_collect().await?;
            Ok::<_, async_imap::error::Error>(mails.iter().find_map(|m| m.body().map(<[u8]>::to_vec)))
        };
        let found = step(limit, "A mail cannot be read", fetching).await?;
        if found.is_none() {
            // Gone, or the server hung up without a word: only one of them is the end of this mail.
            step(limit, "The mail server hung up", session.noop()).await?;
        }
        Ok(found)
    }

    async fn finish(&mut self, id: u32, remove: bool) -> Result<(), String> {
        let (session, limit) = self.session()?;
        let flags = if remove { "+FLAGS.SILENT (\\Seen \\Deleted)" } else { "+FLAGS.SILENT (\\Seen)" };
        let storing = async {
            let _: Vec<_> = session.uid_store(id.to_string(), flags).await?.try_collect().await?;
            Ok::<_, async_imap::error::Error>(())
        };
        step(limit, "A mail cannot be marked as read", storing).await
    }

    async fn tells(&mut self) -> Result<bool, String> {
        let (session, limit) = self.session()?;
        let can = step(limit, "The mail server does not say what it can do", session.capabilities()).await?;
        Ok(can.has_str("IDLE"))
    }

    async fn news(&mut self, longest: Duration) -> Result<bool, String> {
        let limit = self.limit;
        let session = self.session.take().ok_or_else(|| "The mail server hung up.".to_owned())?;
        let mut idle = session.idle();
        step(limit, "The mail server does not tell of new mails", idle.init()).await?;
        let came = until_a_mail(&mut idle, longest).await?;
        self.session = Some(step(limit, "The mail server hung up", idle.done()).await?);
        Ok(came)
    }

    async fn close(&mut self) {
        let Ok((session, limit)) = self.session() else { return };
        // CLOSE removes what is marked as deleted; whoever hangs up first is no news.
        let _ = step(limit, "close", session.close()).await;
        let _ = step(limit, "logout", session.logout()).await;
    }
}

/// Whether the server told of a new mail within that time. Of marks on old ones it tells as well.
async fn until_a_mail(idle: &mut Handle<Line>, longest: Duration) -> Result<bool, String> {
    let until = Instant::now() + longest;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // The token ends the wait when it is dropped.
        let (waiting, _token) = idle.wait_with_timeout(left);
        match waiting.await.map_err(|e| format!("The mail server hung up: {e}"))? {
            IdleResponse::Timeout => return Ok(false),
            IdleResponse::ManualInterrupt => return Err("The mail server hung up.".to_owned()),
            IdleResponse::NewData(data) if is_a_mail(data.parsed()) => return Ok(true),
            IdleResponse::NewData(_) => {}
        }
    }
}

fn is_a_mail(said: &Response<'_>) -> bool {
    matches!(said, Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(1..)))
}
