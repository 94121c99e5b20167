//! A mailbox for tests: speaks IMAP as far as we do, for one folder, and misbehaves on demand.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::smtp_sink::{Channel, acceptor};

/// The one password that opens it.
pub const PASSWORD: &str = "the right password";

/// What the server offers.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImapOptions {
    /// Offer STARTTLS, and let nobody sign in without.
    pub start_tls: bool,
    /// Offer IDLE.
    pub idle: bool,
}

/// A mail, and whether somebody has seen it.
struct Kept {
    text: Vec<u8>,
    seen: bool,
}

#[derive(Default)]
struct State {
    mails: Vec<Kept>,
    stops_at: Option<usize>,
    falls_silent_at: Option<usize>,
    sign_ins: u64,
    clear_sign_ins: u64,
}

struct Shared {
    options: ImapOptions,
    state: Mutex<State>,
    /// How many mails there are: whoever idles hears of it.
    mails: watch::Sender<usize>,
    /// How many idle.
    idling: watch::Sender<usize>,
    /// Counts how often everybody was hung up on.
    cut: watch::Sender<u64>,
    tls: TlsAcceptor,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running mailbox; it stops when it is dropped.
pub struct ImapStand {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for ImapStand {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.cut.send_modify(|n| *n += 1);
    }
}

impl ImapStand {
    /// An empty mailbox on a free port.
    pub async fn start(options: ImapOptions) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            options,
            state: Mutex::default(),
            mails: watch::Sender::default(),
            idling: watch::Sender::default(),
            cut: watch::Sender::default(),
            tls: acceptor()?,
        });
        let accepting = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                tokio::spawn(async move {
                    let mut cut = shared.cut.subscribe();
                    tokio::select! {
                        _ = serve(stream, &shared) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Ok(Self { port, shared, task })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Puts in a mail that nobody has seen; its number.
    pub fn add(&self, text: impl Into<Vec<u8>>) -> usize {
        let mut state = self.shared.state();
        state.mails.push(Kept { text: text.into(), seen: false });
        let count = state.mails.len();
        drop(state);
        self.shared.mails.send_replace(count);
        count
    }

    /// Forgets that a mail was seen, as a server does that crashed.
    pub fn unsee(&self, number: usize) {
        self.shared.state().mails[number - 1].seen = false;
    }

    /// How many mails nobody has seen.
    pub fn unseen(&self) -> usize {
        self.shared.state().mails.iter().filter(|m| !m.seen).count()
    }

    /// Hangs up in the middle of this mail; no more with None.
    pub fn stop_at(&self, number: Option<usize>) {
        self.shared.state().stops_at = number;
    }

    /// Says nothing any more from the middle of this mail on, without hanging up; no more with None.
    pub fn fall_silent_at(&self, number: Option<usize>) {
        self.shared.state().falls_silent_at = number;
    }

    /// Hangs up on everybody.
    pub fn hang_up(&self) {
        self.shared.cut.send_modify(|n| *n += 1);
    }

    /// How often somebody signed in, and how often in clear text.
    pub fn sign_ins(&self) -> (u64, u64) {
        let state = self.shared.state();
        (state.sign_ins, state.clear_sign_ins)
    }

    /// Waits until so many idle.
    pub async fn until_idling(&self, count: usize) {
        let _ = self.shared.idling.subscribe().wait_for(|n| *n == count).await;
    }
}

/// Counts who idles, also when the connection breaks.
struct Idling<'a>(&'a Shared);

impl<'a> Idling<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.idling.send_modify(|n| *n += 1);
        Self(shared)
    }
}

impl Drop for Idling<'_> {
    fn drop(&mut self) {
        self.0.idling.send_modify(|n| *n -= 1);
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut plain = BufStream::new(stream);
    plain.write_all(b"* OK IMAP4rev1 ready\r\n").await?;
    plain.flush().await?;
    if talk(&mut plain, shared, false).await? {
        let mut secure = BufStream::new(shared.tls.accept(plain.into_inner()).await?);
        talk(&mut secure, shared, true).await?;
    }
    Ok(())
}

async fn say<S: Channel>(stream: &mut BufStream<S>, text: impl AsRef<[u8]>) -> io::Result<()> {
    stream.write_all(text.as_ref()).await?;
    stream.flush().await
}

/// Serves until the end; true when the client wants TLS now.
async fn talk<S: Channel>(stream: &mut BufStream<S>, shared: &Shared, secure: bool) -> io::Result<bool> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let line = line.trim_end();
        let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
        let upper = command.to_ascii_uppercase();
        let mut answer: Vec<u8> = Vec::new();
        if upper.starts_with("STARTTLS") && shared.options.start_tls && !secure {
            say(stream, format!("{tag} OK go\r\n")).await?;
            return Ok(true);
        } else if upper.starts_with("CAPABILITY") {
            answer = offers(shared.options, secure).into();
        } else if upper.starts_with("LOGIN") {
            if let Some(no) = sign_in(shared, command, secure) {
                say(stream, format!("{tag} {no}\r\n")).await?;
                continue;
            }
        } else if upper.starts_with("SELECT") {
            let count = shared.state().mails.len();
            answer =
                format!("* {count} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n* OK [UIDVALIDITY 1] ok\r\n").into();
        } else if upper.starts_with("UID SEARCH") {
            let state = shared.state();
            let unseen = state.mails.iter().enumerate().filter(|(_, m)| !m.seen).map(|(n, _)| format!(" {}", n + 1));
            answer = format!("* SEARCH{}\r\n", unseen.collect::<String>()).into();
        } else if upper.starts_with("UID FETCH") {
            match fetched(shared, command) {
                Fetched::Whole(text) => answer = text,
                Fetched::Half(text) => {
                    say(stream, text).await?;
                    stream.shutdown().await?;
                    return Ok(false);
                }
                Fetched::Silence(text) => {
                    say(stream, text).await?;
                    std::future::pending::<()>().await;
                }
            }
        } else if upper.starts_with("UID STORE") {
            if let Some(number) = number_in(command) {
                shared.state().mails[number - 1].seen = true;
            }
        } else if upper.starts_with("IDLE") && shared.options.idle {
            idle(stream, shared).await?;
        } else if !["NOOP", "CLOSE", "LOGOUT"].iter().any(|known| upper.starts_with(known)) {
            say(stream, format!("{tag} BAD what?\r\n")).await?;
            continue;
        }
        answer.extend_from_slice(format!("{tag} OK done\r\n").as_bytes());
        say(stream, answer).await?;
    }
}

fn offers(options: ImapOptions, secure: bool) -> String {
    let mut offers = "* CAPABILITY IMAP4rev1".to_owned();
    if options.start_tls && !secure {
        offers.push_str(" STARTTLS LOGINDISABLED");
    }
    if options.idle {
        offers.push_str(" IDLE");
    }
    offers + "\r\n"
}

/// Why nobody may come in, if so.
fn sign_in(shared: &Shared, command: &str, secure: bool) -> Option<&'static str> {
    let mut state = shared.state();
    state.clear_sign_ins += u64::from(!secure);
    if shared.options.start_tls && !secure {
        return Some("NO [PRIVACYREQUIRED] not in clear text");
    }
    if !command.contains(PASSWORD) {
        return Some("NO [AUTHENTICATIONFAILED] wrong password");
    }
    state.sign_ins += 1;
    None
}

fn number_in(command: &str) -> Option<usize> {
    command.split_whitespace().nth(2)?.parse().ok().filter(|n| *n > 0)
}

enum Fetched {
    Whole(Vec<u8>),
    /// As far as the middle, then the line is cut.
    Half(Vec<u8>),
    /// As far as the middle, then nothing.
    Silence(Vec<u8>),
}

fn fetched(shared: &Shared, command: &str) -> Fetched {
    let state = shared.state();
    let Some((number, mail)) = number_in(command).and_then(|n| Some((n, state.mails.get(n - 1)?))) else {
        return Fetched::Whole(Vec::new());
    };
    let mut text = format!("* {number} FETCH (UID {number} BODY[]<0> {{{}}}\r\n", mail.text.len()).into_bytes();
    let half = text.len() + mail.text.len() / 2;
    text.extend_from_slice(&mail.text);
    text.extend_from_slice(b")\r\n");
    if state.stops_at == Some(number) {
        text.truncate(half);
        return Fetched::Half(text);
    }
    if state.falls_silent_at == Some(number) {
        text.truncate(half);
        return Fetched::Silence(text);
    }
    Fetched::Whole(text)
}

/// Tells of new mails until the client has had enough.
async fn idle<S: Channel>(stream: &mut BufStream<S>, shared: &Shared) -> io::Result<()> {
    let mut mails = shared.mails.subscribe();
    mails.mark_unchanged();
    say(stream, "+ idling\r\n").await?;
    let _idling = Idling::begin(shared);
    let mut line = Vec::new();
    loop {
        // What was read of a line stays in it when news come first.
        let count = tokio::select! {
            read = stream.read_until(b'\n', &mut line) => return read.map(|_| ()),
            changed = mails.changed() => {
                changed.map_err(io::Error::other)?;
                *mails.borrow_and_update()
            }
        };
        say(stream, format!("* {count} EXISTS\r\n")).await?;
    }
}
