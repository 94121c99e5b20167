//! One connection to a mail server.

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::time::timeout;

use super::{DeliverError, OfferError, Reply, Security, SmtpConfig, SmtpError, stream::Stream};

/// Who a message is from and to, as the server needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where failures are reported to; may be empty.
    pub sender: String,
    /// The one recipient.
    pub recipient: String,
}

/// The server took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its words, which often name the message in its queue.
    pub reply: Reply,
}

/// What the server said it can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Abilities {
    pipelining: bool,
    start_tls: bool,
    eight_bit: bool,
    utf8: bool,
    /// Largest message; 0 when it does not say.
    size: Option<u64>,
    auth: Vec<String>,
}

/// An open connection.
pub struct Connection {
    stream: Stream,
    config: SmtpConfig,
    abilities: Abilities,
    sent: u32,
    usable: bool,
    /// The commands of the next message, to go out with the end of the present one.
    next: Option<String>,
    /// Those that went out so; nobody has read the answers.
    asked: Option<String>,
}

impl Connection {
    /// Connects, greets, secures and signs in.
    pub async fn open(config: &SmtpConfig) -> Result<Self, SmtpError> {
        let limit = config.timeouts.connect;
        match timeout(limit, Self::establish(config)).await {
            Ok(connection) => connection,
            Err(_) => Err(SmtpError::Timeout(limit.as_secs())),
        }
    }

    async fn establish(config: &SmtpConfig) -> Result<Self, SmtpError> {
        let mut stream = Stream::connect(config).await?;
        if config.security == Security::Tls {
            stream.start_tls(config).await?;
        }
        let mut connection = Self {
            stream,
            config: config.clone(),
            abilities: Abilities::default(),
            sent: 0,
            usable: true,
            next: None,
            asked: None,
        };
        let greeting = connection.stream.reply(config.timeouts.reply).await?;
        positive(greeting)?;
        connection.hello().await?;
        connection.secure_if_wanted().await?;
        connection.sign_in().await?;
        Ok(connection)
    }

    async fn hello(&mut self) -> Result<(), SmtpError> {
        let hello = format!("EHLO {}\r\n", self.config.hello);
        let reply = self.command(&hello).await?;
        if reply.is_positive() {
            self.abilities = abilities(&reply);
            return Ok(());
        }
        let hello = format!("HELO {}\r\n", self.config.hello);
        positive(self.command(&hello).await?).map(|_| ())
    }

    async fn secure_if_wanted(&mut self) -> Result<(), SmtpError> {
        let wanted = matches!(self.config.security, Security::StartTls | Security::Opportunistic);
        if !wanted || self.stream.is_secure() {
            return Ok(());
        }
        if !self.abilities.start_tls {
            if self.config.security == Security::StartTls {
                return Err(SmtpError::Tls("the server does not offer STARTTLS".into()));
            }
            return Ok(());
        }
        positive(self.command("STARTTLS\r\n").await?)?;
        let config = self.config.clone();
        self.stream.start_tls(&config).await?;
        self.hello().await
    }

    async fn sign_in(&mut self) -> Result<(), SmtpError> {
        let Some((user, password)) = self.config.credentials.clone() else { return Ok(()) };
        let offers = |way: &str| self.abilities.auth.iter().any(|offered| offered.eq_ignore_ascii_case(way));
        if offers("PLAIN") {
            let secret = STANDARD.encode(format!("\0{user}\0{password}"));
            return positive(self.command(&format!("AUTH PLAIN {secret}\r\n")).await?).map(|_| ());
        }
        if offers("LOGIN") {
            positive(self.command("AUTH LOGIN\r\n").await?)?;
            positive(self.command(&format!("{}\r\n", STANDARD.encode(&user))).await?)?;
            return positive(self.command(&format!("{}\r\n", STANDARD.encode(&password))).await?).map(|_| ());
        }
        Err(SmtpError::NoAuth)
    }

    /// First half: as far as the server's "go ahead". Nothing has been handed over yet.
    pub async fn offer(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), OfferError> {
        let mail = self.mail_command(envelope, message)?;
        let rcpt = format!("RCPT TO:<{}>\r\n", envelope.recipient);
        let limit = self.config.timeouts.reply;
        if !self.abilities.pipelining {
            for command in [mail.as_str(), rcpt.as_str(), "DATA\r\n"] {
                let reply = self.command(command).await.map_err(|error| self.broken(error))?;
                if !reply.is_positive() {
                    return Err(self.refused(reply).await);
                }
            }
            return Ok(());
        }
        let all = format!("{mail}{rcpt}DATA\r\n");
        let asked = self.asked.take();
        if asked.as_ref().is_some_and(|asked| *asked != all) {
            // The server waits for another message, and takes whatever comes for that one.
            self.usable = false;
            return Err(OfferError::Broken(SmtpError::NotSmtp("another message was announced here".into())));
        }
        let replies = async {
            if asked.is_none() {
                self.stream.write(all.as_bytes(), limit).await?;
            }
            let mail = self.stream.reply(limit).await?;
            let rcpt = self.stream.reply(limit).await?;
            let data = self.stream.reply(limit).await?;
            Ok::<_, SmtpError>((mail, rcpt, data))
        }
        .await;
        let (mail, rcpt, data) = replies.map_err(|error| self.broken(error))?;
        let refusal = [mail, rcpt].into_iter().find(|reply| !reply.is_positive());
        match (refusal, data.is_positive()) {
            (None, true) => Ok(()),
            (Some(refusal), false) => Err(self.refused(refusal).await),
            (None, false) => Err(self.refused(data).await),
            // The server would take a message for nobody; it gets an empty one and throws it away.
            (Some(refusal), true) => {
                let emptied = async {
                    self.stream.write(b".\r\n", limit).await?;
                    self.stream.reply(limit).await
                };
                if let Err(error) = emptied.await {
                    self.broken(error);
                }
                Err(self.refused(refusal).await)
            }
        }
    }

    /// Says which message will be offered after the present one. Where the server takes several commands at once, the next
    /// [`Self::deliver`] sends that offer along with the end of its message (RFC 2920 §3.1), which saves a way there and back.
    pub fn announce(&mut self, envelope: &Envelope, message: &[u8]) {
        if self.abilities.pipelining && self.sent + 1 < self.config.messages_per_connection {
            let mail = self.mail_command(envelope, message).ok();
            self.next = mail.map(|mail| format!("{mail}RCPT TO:<{}>\r\nDATA\r\n", envelope.recipient));
        }
    }

    /// Second half: body and end in one write, then the server's answer.
    pub async fn deliver(&mut self, message: &[u8]) -> Result<Accepted, DeliverError> {
        let mut body = stuffed(message);
        self.asked = self.next.take();
        if let Some(next) = &self.asked {
            body.extend_from_slice(next.as_bytes());
        }
        let limits = self.config.timeouts;
        let reply = async {
            self.stream.write(&body, limits.body).await?;
            self.stream.reply(limits.body).await
        }
        .await;
        match reply {
            Ok(reply) if reply.is_positive() => {
                self.sent += 1;
                Ok(Accepted { reply })
            }
            Ok(reply) => {
                self.usable &= reply.code != 421;
                Err(DeliverError::Refused(reply))
            }
            Err(error) => {
                self.usable = false;
                Err(DeliverError::Unknown(error))
            }
        }
    }

    /// Whether a message was announced here that has not been offered yet: only that one may come.
    pub fn is_promised(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether another message may be offered here.
    pub fn is_usable(&self) -> bool {
        self.usable && self.sent < self.config.messages_per_connection
    }

    /// Says goodbye; whether the server answers does not matter.
    pub async fn close(mut self) {
        // Where a message was announced, the farewell would be taken for its text.
        if self.usable && !self.is_promised() {
            let _ = self.command("QUIT\r\n").await;
        }
    }

    fn mail_command(&self, envelope: &Envelope, message: &[u8]) -> Result<String, OfferError> {
        for address in [&envelope.sender, &envelope.recipient] {
            if address.contains(['\r', '\n', '<', '>', ' ', '\0']) {
                return Err(OfferError::Impossible("the address holds characters that no server takes".into()));
            }
        }
        let mut command = format!("MAIL FROM:<{}>", envelope.sender);
        if let Some(most) = self.abilities.size {
            if most > 0 && message.len() as u64 > most {
                return Err(OfferError::Impossible(format!("the message has {} bytes, the server takes {most}", message.len())));
            }
            command.push_str(&format!(" SIZE={}", message.len()));
        }
        if self.abilities.eight_bit && !message.is_ascii() {
            command.push_str(" BODY=8BITMIME");
        }
        if !envelope.sender.is_ascii() || !envelope.recipient.is_ascii() {
            if !self.abilities.utf8 {
                return Err(OfferError::Impossible("the server does not take addresses with letters beyond ASCII".into()));
            }
            command.push_str(" SMTPUTF8");
        }
        command.push_str("\r\n");
        Ok(command)
    }

    async fn command(&mut self, command: &str) -> Result<Reply, SmtpError> {
        let limit = self.config.timeouts.reply;
        self.stream.write(command.as_bytes(), limit).await?;
        self.stream.reply(limit).await
    }

    fn broken(&mut self, error: SmtpError) -> OfferError {
        self.usable = false;
        OfferError::Broken(error)
    }

    /// After a refusal the server may still remember half a message: it is told to forget it.
    async fn refused(&mut self, reply: Reply) -> OfferError {
        if reply.code == 421 {
            self.usable = false;
        }
        if self.usable && !matches!(self.command("RSET\r\n").await, Ok(reset) if reset.is_positive()) {
            self.usable = false;
        }
        OfferError::Refused(reply)
    }
}

fn positive(reply: Reply) -> Result<Reply, SmtpError> {
    if reply.is_positive() { Ok(reply) } else { Err(SmtpError::Refused(reply)) }
}

fn abilities(reply: &Reply) -> Abilities {
    let mut found = Abilities::default();
    for line in reply.lines.iter().skip(1) {
        let mut words = line.split([' ', '=']);
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "PIPELINING" => found.pipelining = true,
            "STARTTLS" => found.start_tls = true,
            "8BITMIME" => found.eight_bit = true,
            "SMTPUTF8" => found.utf8 = true,
            "SIZE" => found.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
            "AUTH" => found.auth.extend(words.map(str::to_owned)),
            _ => {}
        }
    }
    found
}

/// The message as it travels: lines end in CR LF, a dot in front of a line is doubled, a lone dot ends it. What is
/// right already is copied in one piece, and nearly everything is.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 512);
    // Nearly every message is in order already, which one look over its bytes shows faster than a look at each line.
    if !matches!(message.first(), Some(b'.' | b'\n')) && message.ends_with(b"\r\n") && lines_are_in_order(message) {
        out.extend_from_slice(message);
        out.extend_from_slice(b".\r\n");
        return out;
    }
    let mut copied = 0;
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    for end in memchr::memchr_iter(b'\n', message) {
        if end == 0 || message[end - 1] != b'\r' {
            out.extend_from_slice(&message[copied..end]);
            out.extend_from_slice(b"\r\n");
            copied = end + 1;
        }
        if message.get(end + 1) == Some(&b'.') {
            out.extend_from_slice(&message[copied..=end]);
            out.push(b'.');
            copied = end + 1;
        }
    }
    out.extend_from_slice(&message[copied..]);
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// Whether every line ends in CR LF and none begins with a dot, but for the first. Plain slices and no way out of the loop, so
/// that many bytes are looked at at once.
fn lines_are_in_order(message: &[u8]) -> bool {
    let Some(after) = message.get(1..) else { return true };
    let wrong = message.iter().zip(after).fold(0, |wrong: u8, (before, byte)| {
        wrong | (u8::from(*byte == b'\n') & u8::from(*before != b'\r')) | (u8::from(*before == b'\n') & u8::from(*byte == b'.'))
    });
    wrong == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_line_ends_made_whole() {
        assert_eq!(stuffed(b"a\r\n.b\n..\nc"), b"a\r\n..b\r\n...\r\nc\r\n.\r\n");
        assert_eq!(stuffed(b""), b".\r\n");
        assert_eq!(stuffed(b".\n\n.x"), b"..\r\n\r\n..x\r\n.\r\n");
        assert_eq!(stuffed(b"a\n.\r\nb"), b"a\r\n..\r\nb\r\n.\r\n");
        // In order already, but for one thing each.
        assert_eq!(stuffed(b"a\r\nb.\r\n"), b"a\r\nb.\r\n.\r\n");
        assert_eq!(stuffed(b".a\r\n"), b"..a\r\n.\r\n");
        assert_eq!(stuffed(b"\na\r\n"), b"\r\na\r\n.\r\n");
        assert_eq!(stuffed(b"a\r\n.b\r\n"), b"a\r\n..b\r\n.\r\n");
        assert_eq!(stuffed(b"a\nb\r\n"), b"a\r\nb\r\n.\r\n");
    }

    #[test]
    fn what_a_server_can_do_is_read_from_its_greeting() {
        let lines = ["mail.x.io", "PIPELINING", "SIZE 35882577", "AUTH=LOGIN PLAIN", "8bitmime", "STARTTLS"];
        let found = abilities(&Reply::of(250, lines.map(String::from).into()));
        assert!(found.pipelining && found.eight_bit && found.start_tls && !found.utf8);
        assert_eq!(found.size, Some(35_882_577));
        assert_eq!(found.auth, ["LOGIN", "PLAIN"]);
    }
}
