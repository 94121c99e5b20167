//! A mail server for tests: speaks real SMTP, takes everything, counts, and misbehaves on demand.
//!
//! It counts a message when its end has arrived, before it answers: exactly what a real server may do
//! when the connection breaks before the answer. [`Faults`] can be changed while it runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What the server offers.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// Offer PIPELINING.
    pub pipelining: bool,
    /// Offer STARTTLS, with a certificate made on the spot.
    pub start_tls: bool,
    /// TLS from the first byte.
    pub tls: bool,
    /// Demand this user and password.
    pub auth: Option<(String, String)>,
    /// Offer AUTH LOGIN only.
    pub login_only: bool,
    /// The largest message it takes.
    pub size: Option<usize>,
    /// Offer SMTPUTF8.
    pub utf8: bool,
    /// Keep the messages, not only count them.
    pub keep: bool,
    /// How it misbehaves.
    pub faults: Faults,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            pipelining: true,
            start_tls: false,
            tls: false,
            auth: None,
            login_only: false,
            size: None,
            utf8: true,
            keep: true,
            faults: Faults::default(),
        }
    }
}

/// How the server misbehaves.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Wait before each reply.
    pub delay: Duration,
    /// Answer `RCPT` for these addresses with this line.
    pub recipients: BTreeMap<String, String>,
    /// Answer the first `RCPT` for each address with this line, and take the next.
    pub greylists: Option<String>,
    /// Answer every n-th `RCPT` with this line.
    pub every_nth_recipient: Option<(u64, String)>,
    /// Answer the end of every n-th message with this line, without counting it.
    pub every_nth_message: Option<(u64, String)>,
    /// Close the connection right after the n-th, 2n-th … message has arrived, without an answer.
    pub drop_after_every_nth: Option<u64>,
    /// Say goodbye (421) after so many messages of a connection.
    pub close_after: Option<u64>,
    /// Never answer this command again (`EHLO`, `MAIL`, `RCPT`, `DATA`, `.`).
    pub hang_at: Option<String>,
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// The `Message-ID` header, with its brackets.
    pub message_id: String,
    /// The message, dots restored; empty unless kept.
    pub data: Vec<u8>,
}

#[derive(Default)]
struct State {
    faults: Faults,
    caught: Vec<Caught>,
    total: u64,
    per_recipient: BTreeMap<String, u64>,
    per_message_id: BTreeMap<String, u64>,
    recipients_seen: u64,
    /// Those that were asked to come again.
    greylisted: BTreeSet<String>,
    messages_seen: u64,
    connections: u64,
    open: u64,
    most_open: u64,
}

struct Shared {
    options: SinkOptions,
    state: Mutex<State>,
    changed: Notify,
    tls: Option<TlsAcceptor>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running sink; it stops when it is dropped.
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpSink {
    /// Starts with everything friendly.
    pub async fn start() -> io::Result<Self> {
        Self::with(SinkOptions::default()).await
    }

    /// Starts.
    pub async fn with(options: SinkOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let tls = if options.tls || options.start_tls { Some(acceptor()?) } else { None };
        let state = State { faults: options.faults.clone(), ..State::default() };
        let shared = Arc::new(Shared { options, state: Mutex::new(state), changed: Notify::new(), tls });
        let accepting = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                tokio::spawn(async move {
                    {
                        let mut state = shared.state();
                        state.connections += 1;
                        state.open += 1;
                        state.most_open = state.most_open.max(state.open);
                    }
                    // A client that goes away is nothing to report.
                    let _ = serve(stream, &shared).await;
                    shared.state().open -= 1;
                });
            }
        });
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as the product's configuration wants it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Changes how it misbehaves.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.state().faults = faults;
    }

    /// Everything that arrived, in order.
    pub fn caught(&self) -> Vec<Caught> {
        self.shared.state().caught.clone()
    }

    /// How many messages arrived.
    pub fn total(&self) -> u64 {
        self.shared.state().total
    }

    /// How many connections were made, and how many were open at once at most.
    pub fn connections(&self) -> (u64, u64) {
        let state = self.shared.state();
        (state.connections, state.most_open)
    }

    /// How many messages each recipient got.
    pub fn per_recipient(&self) -> BTreeMap<String, u64> {
        self.shared.state().per_recipient.clone()
    }

    /// How many recipients were offered, taken or not.
    pub fn offered(&self) -> u64 {
        self.shared.state().recipients_seen
    }

    /// How often each Message-ID arrived.
    pub fn per_message_id(&self) -> BTreeMap<String, u64> {
        self.shared.state().per_message_id.clone()
    }

    /// Waits until at least so many messages have arrived.
    pub async fn wait_for(&self, total: u64) {
        loop {
            let changed = self.shared.changed.notified();
            if self.total() >= total {
                return;
            }
            changed.await;
        }
    }
}

pub(crate) fn acceptor() -> io::Result<TlsAcceptor> {
    let made =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

pub(crate) trait Channel: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Channel for T {}

async fn serve(stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if shared.options.tls
        && let Some(tls) = &shared.tls
    {
        let stream = tls.accept(stream).await?;
        return Session::new(shared, true).run(&mut BufStream::new(stream), true).await.map(|_| ());
    }
    let mut plain = BufStream::new(stream);
    if Session::new(shared, false).run(&mut plain, true).await? {
        return Ok(());
    }
    let Some(tls) = &shared.tls else { return Ok(()) };
    let stream = tls.accept(plain.into_inner()).await?;
    Session::new(shared, true).run(&mut BufStream::new(stream), false).await.map(|_| ())
}

struct Session<'a> {
    shared: &'a Arc<Shared>,
    secure: bool,
    signed_in: bool,
    from: Option<String>,
    to: Vec<String>,
    messages: u64,
}

/// What to do after a command.
enum Next {
    Go,
    Close,
    StartTls,
}

impl<'a> Session<'a> {
    fn new(shared: &'a Arc<Shared>, secure: bool) -> Self {
        Self { shared, secure, signed_in: shared.options.auth.is_none(), from: None, to: Vec::new(), messages: 0 }
    }

    /// Serves until the end; false when the client wants TLS now.
    async fn run<S: Channel>(&mut self, stream: &mut BufStream<S>, greet: bool) -> io::Result<bool> {
        if greet {
            self.say(stream, "CONNECT", "220 sink.test ESMTP").await?;
        }
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(true);
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match self.command(stream, &line).await? {
                Next::Go => {}
                Next::Close => return Ok(true),
                Next::StartTls => return Ok(false),
            }
        }
    }

    async fn command<S: Channel>(&mut self, stream: &mut BufStream<S>, line: &str) -> io::Result<Next> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" | "HELO" => {
                let offers = self.offers();
                self.say(stream, "EHLO", &offers).await?;
            }
            "STARTTLS" if self.shared.tls.is_some() && !self.secure => {
                self.say(stream, "STARTTLS", "220 2.0.0 go").await?;
                return Ok(Next::StartTls);
            }
            "AUTH" => self.auth(stream, line).await?,
            "MAIL" if !self.signed_in => self.say(stream, "MAIL", "530 5.7.0 sign in first").await?,
            "MAIL" => self.mail(stream, line).await?,
            "RCPT" => self.rcpt(stream, line).await?,
            "DATA" if self.from.is_none() => self.say(stream, "DATA", "503 5.5.1 MAIL first").await?,
            "DATA" if self.to.is_empty() => self.say(stream, "DATA", "554 5.5.1 no valid recipients").await?,
            "DATA" => return self.data(stream).await,
            "RSET" => {
                self.forget();
                self.say(stream, "RSET", "250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.say(stream, "NOOP", "250 2.0.0 yes").await?,
            "QUIT" => {
                self.say(stream, "QUIT", "221 2.0.0 bye").await?;
                return Ok(Next::Close);
            }
            _ => self.say(stream, &verb, "500 5.5.2 what?").await?,
        }
        Ok(Next::Go)
    }

    fn offers(&self) -> String {
        let options = &self.shared.options;
        let mut lines = vec!["sink.test".to_owned(), "8BITMIME".into(), "ENHANCEDSTATUSCODES".into()];
        if options.pipelining {
            lines.push("PIPELINING".into());
        }
        if options.start_tls && !self.secure {
            lines.push("STARTTLS".into());
        }
        if options.auth.is_some() {
            lines.push(if options.login_only { "AUTH LOGIN" } else { "AUTH PLAIN LOGIN" }.into());
        }
        if let Some(size) = options.size {
            lines.push(format!("SIZE {size}"));
        }
        if options.utf8 {
            lines.push("SMTPUTF8".into());
        }
        let last = lines.len() - 1;
        lines
            .iter()
            .enumerate()
            .map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }))
            .collect::<Vec<_>>()
            .join("\r\n")
    }

    async fn auth<S: Channel>(&mut self, stream: &mut BufStream<S>, line: &str) -> io::Result<()> {
        let mut words = line.split_whitespace().skip(1);
        let given = match (words.next().map(str::to_ascii_uppercase).as_deref(), words.next()) {
            (Some("PLAIN"), Some(secret)) => {
                let plain = String::from_utf8(STANDARD.decode(secret).unwrap_or_default()).unwrap_or_default();
                let mut parts = plain.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            (Some("LOGIN"), _) => {
                self.say(stream, "AUTH", "334 VXNlcm5hbWU6").await?;
                let user = read_secret(stream).await?;
                self.say(stream, "AUTH", "334 UGFzc3dvcmQ6").await?;
                Some((user, read_secret(stream).await?))
            }
            _ => None,
        };
        self.signed_in = given.is_some() && given == self.shared.options.auth;
        self.say(stream, "AUTH", if self.signed_in { "235 2.7.0 welcome" } else { "535 5.7.8 wrong" }).await
    }

    async fn mail<S: Channel>(&mut self, stream: &mut BufStream<S>, line: &str) -> io::Result<()> {
        self.forget();
        self.from = Some(address_in(line));
        self.say(stream, "MAIL", "250 2.1.0 fine").await
    }

    async fn rcpt<S: Channel>(&mut self, stream: &mut BufStream<S>, line: &str) -> io::Result<()> {
        let address = address_in(line);
        let refusal = {
            let mut state = self.shared.state();
            state.recipients_seen += 1;
            let seen = state.recipients_seen;
            let nth =
                state.faults.every_nth_recipient.as_ref().filter(|(n, _)| seen.is_multiple_of(*n)).map(|(_, line)| line.clone());
            let grey = state.faults.greylists.clone().filter(|_| state.greylisted.insert(address.clone()));
            state.faults.recipients.get(&address).cloned().or(nth).or(grey)
        };
        match refusal {
            Some(line) => self.say(stream, "RCPT", &line).await,
            None => {
                self.to.push(address);
                self.say(stream, "RCPT", "250 2.1.5 fine").await
            }
        }
    }

    async fn data<S: Channel>(&mut self, stream: &mut BufStream<S>) -> io::Result<Next> {
        self.say(stream, "DATA", "354 go ahead").await?;
        let mut data = Vec::new();
        loop {
            let start = data.len();
            if stream.read_until(b'\n', &mut data).await? == 0 {
                return Ok(Next::Close);
            }
            match &data[start..] {
                b".\r\n" => {
                    data.truncate(start);
                    break;
                }
                [b'.', ..] => {
                    data.remove(start);
                }
                _ => {}
            }
        }
        let (answer, drop_it) = self.take(data);
        if drop_it {
            return Ok(Next::Close);
        }
        self.say(stream, ".", &answer).await?;
        self.messages += 1;
        let closing = self.shared.state().faults.close_after;
        if closing.is_some_and(|most| self.messages >= most) {
            stream.flush().await?;
            return Ok(Next::Close);
        }
        Ok(Next::Go)
    }

    /// Counts a message; what to answer, and whether to break off without an answer.
    fn take(&mut self, data: Vec<u8>) -> (String, bool) {
        let mut state = self.shared.state();
        state.messages_seen += 1;
        let seen = state.messages_seen;
        let refusal =
            state.faults.every_nth_message.as_ref().filter(|(n, _)| seen.is_multiple_of(*n)).map(|(_, line)| line.clone());
        if let Some(line) = refusal {
            drop(state);
            self.forget();
            return (line, false);
        }
        let message_id = message_id(&data);
        state.total += 1;
        *state.per_message_id.entry(message_id.clone()).or_default() += 1;
        for recipient in &self.to {
            *state.per_recipient.entry(recipient.clone()).or_default() += 1;
        }
        if self.shared.options.keep {
            let from = self.from.clone().unwrap_or_default();
            state.caught.push(Caught { from, to: self.to.clone(), message_id, data });
        }
        let drop_it = state.faults.drop_after_every_nth.is_some_and(|n| seen.is_multiple_of(n));
        let answer = format!("250 2.0.0 queued as {}", state.total);
        drop(state);
        self.shared.changed.notify_waiters();
        self.forget();
        (answer, drop_it)
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// Answers, after the delay; never, if it is to hang here.
    async fn say<S: Channel>(&self, stream: &mut BufStream<S>, at: &str, line: &str) -> io::Result<()> {
        let (delay, hangs) = {
            let state = self.shared.state();
            (state.faults.delay, state.faults.hang_at.as_deref() == Some(at))
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        if !delay.is_zero() {
            // What was answered so far goes out first, as from a slow server.
            stream.flush().await?;
            tokio::time::sleep(delay).await;
        }
        stream.write_all(line.as_bytes()).await?;
        stream.write_all(b"\r\n").await?;
        // Replies to pipelined commands leave together.
        if stream_is_drained(stream) { stream.flush().await } else { Ok(()) }
    }
}

/// Whether all that the client has sent so far has been looked at.
fn stream_is_drained<S: Channel>(stream: &mut BufStream<S>) -> bool {
    use std::{
        pin::Pin,
        task::{Context, Poll, Waker},
    };
    let mut context = Context::from_waker(Waker::noop());
    match tokio::io::AsyncBufRead::poll_fill_buf(Pin::new(stream), &mut context) {
        Poll::Ready(Ok(more)) => more.is_empty(),
        _ => true,
    }
}

async fn read_secret<S: Channel>(stream: &mut BufStream<S>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(String::from_utf8(STANDARD.decode(line.trim()).unwrap_or_default()).unwrap_or_default())
}

fn address_in(line: &str) -> String {
    let open = line.find('<').map_or(line.len(), |at| at + 1);
    let close = line[open..].find('>').map_or(line.len(), |at| open + at);
    line[open..close].to_owned()
}

fn message_id(data: &[u8]) -> String {
    let head = data.windows(4).position(|window| window == b"\r\n\r\n").map_or(data, |end| &data[..end]);
    String::from_utf8_lossy(head)
        .lines()
        .find_map(|line| {
            line.get(..11).filter(|name| name.eq_ignore_ascii_case("message-id:")).map(|_| line[11..].trim().to_owned())
        })
        .unwrap_or_default()
}
