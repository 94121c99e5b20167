//! Reading a mailbox over IMAP, for what comes back.

use std::sync::Arc;
use std::time::Duration;

use async_imap::{Client, Session};
use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use hg_app::returns::{Account, MailboxReader, MailboxSession};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
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

#[async_trait]
impl MailboxReader for ImapReader {
    async fn open(&self, account: &Account) -> Result<Box<dyn MailboxSession>, String> {
        let limit = self.limit;
        let address = (account.host.as_str(), account.port);
        let plain = step(limit, "The mail server cannot be reached", TcpStream::connect(address)).await?;
        let stream: Box<dyn Stream> = if account.tls {
            let name = ServerName::try_from(account.host.clone()).map_err(|e| e.to_string())?;
            let config = client_config(account.verify).map_err(|e| e.to_string())?;
            let secure = TlsConnector::from(Arc::new(config)).connect(name, plain);
            Box::new(step(limit, "No secure connection", secure).await?)
        } else {
            Box::new(plain)
        };
        let mut client = Client::new(stream);
        let greeted = step(limit, "The mail server does not greet", client.read_response()).await?;
        if greeted.is_none() {
            return Err("The mail server hung up at once.".to_owned());
        }
        let signing_in = async { client.login(&account.user, &account.password).await.map_err(|(error, _)| error) };
        let mut session = step(limit, "The mailbox does not let us in", signing_in).await?;
        step(limit, "The folder cannot be opened", session.select(&account.folder)).await?;
        Ok(Box::new(Open { session, limit }))
    }
}

struct Open {
    session: Session<Box<dyn Stream>>,
    limit: Duration,
}

#[async_trait]
impl MailboxSession for Open {
    async fn unseen(&mut self) -> Result<Vec<u32>, String> {
        let found = step(self.limit, "The folder cannot be searched", self.session.uid_search("UNSEEN UNDELETED")).await?;
        let mut ids: Vec<u32> = found.into_iter().collect();
        ids.sort_unstable();
        Ok(ids)
    }

    async fn mail(&mut self, id: u32) -> Result<Option<Vec<u8>>, String> {
        let query = format!("(UID BODY.PEEK[]<0.{LONGEST}>)");
        let fetching = async {
            let mails: Vec<_> = self.session.uid_fetch(id.to_string(), query).await?.try_collect().await?;
            Ok::<_, async_imap::error::Error>(mails.iter().find_map(|m| m.body().map(<[u8]>::to_vec)))
        };
        let found = step(self.limit, "A mail cannot be read", fetching).await?;
        if found.is_none() {
            // Gone, or the server hung up without a word: only one of them is the end of this mail.
            step(self.limit, "The mail server hung up", self.session.noop()).await?;
        }
        Ok(found)
    }

    async fn finish(&mut self, id: u32, remove: bool) -> Result<(), String> {
        let flags = if remove { "+FLAGS.SILENT (\\Seen \\Deleted)" } else { "+FLAGS.SILENT (\\Seen)" };
        let storing = async {
            let _: Vec<_> = self.session.uid_store(id.to_string(), flags).await?.try_collect().await?;
            Ok::<_, async_imap::error::Error>(())
        };
        step(self.limit, "A mail cannot be marked as read", storing).await
    }

    async fn close(&mut self) {
        // CLOSE removes what is marked as deleted; whoever hangs up first is no news.
        let _ = step(self.limit, "close", self.session.close()).await;
        let _ = step(self.limit, "logout", self.session.logout()).await;
    }
}
