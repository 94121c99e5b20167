//! Bytes to and from the server, and replies out of bytes.

use std::{future::Future, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::{Reply, SmtpConfig, SmtpError, tls};

/// No honest server says more in one reply.
const LONGEST_REPLY: usize = 64 * 1024;

enum Channel {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Between plain and TLS, or after a failure.
    Gone,
}

pub(super) struct Stream {
    channel: Channel,
    buffer: Vec<u8>,
    used: usize,
}

impl Stream {
    pub(super) async fn connect(config: &SmtpConfig) -> Result<Self, SmtpError> {
        let stream = TcpStream::connect((config.host.as_str(), config.port)).await?;
        // Without this the end of a message would wait for the acknowledgement of its beginning.
        stream.set_nodelay(true)?;
        Ok(Self { channel: Channel::Plain(stream), buffer: Vec::new(), used: 0 })
    }

    pub(super) async fn start_tls(&mut self, config: &SmtpConfig) -> Result<(), SmtpError> {
        // Whatever was said before TLS must not be believed afterwards.
        if self.used < self.buffer.len() {
            return Err(SmtpError::Tls("the server said something before the connection was secure".into()));
        }
        match std::mem::replace(&mut self.channel, Channel::Gone) {
            Channel::Plain(stream) => {
                self.channel = Channel::Tls(Box::new(tls::secure(stream, config).await?));
                Ok(())
            }
            other => {
                self.channel = other;
                Ok(())
            }
        }
    }

    pub(super) fn is_secure(&self) -> bool {
        matches!(self.channel, Channel::Tls(_))
    }

    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), SmtpError> {
        within(limit, async {
            match &mut self.channel {
                Channel::Plain(stream) => stream.write_all(bytes).await,
                Channel::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Channel::Gone => Err(io::ErrorKind::NotConnected.into()),
            }
        })
        .await
    }

    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Reply, SmtpError> {
        let mut lines = Vec::new();
        let mut total = 0;
        loop {
            let line = within(limit, self.line()).await?;
            total += line.len();
            if total > LONGEST_REPLY {
                return Err(SmtpError::NotSmtp("an endless reply".into()));
            }
            let Some((code, more, text)) = Reply::line(&line) else {
                return Err(SmtpError::NotSmtp(line.chars().take(80).collect()));
            };
            lines.push(text.to_owned());
            if !more {
                return Ok(Reply::of(code, lines));
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer[self.used..].iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&self.buffer[self.used..self.used + end]).trim_end().to_owned();
                self.used += end + 1;
                if self.used == self.buffer.len() {
                    self.buffer.clear();
                    self.used = 0;
                }
                return Ok(line);
            }
            if self.buffer.len() - self.used > LONGEST_REPLY {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an endless line"));
            }
            let read = match &mut self.channel {
                Channel::Plain(stream) => stream.read_buf(&mut self.buffer).await?,
                Channel::Tls(stream) => stream.read_buf(&mut self.buffer).await?,
                Channel::Gone => 0,
            };
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, SmtpError> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(SmtpError::Io),
        Err(_) => Err(SmtpError::Timeout(limit.as_secs())),
    }
}
