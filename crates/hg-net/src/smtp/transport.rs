//! The port of `hg-app` for mail, through SMTP.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hg_app::sending::{self, Channel, Refusal, Transport, TransportError, Undelivered};

use super::{Connection, DeliverError, Envelope, OfferError, Reply, SmtpConfig};

/// Connections that wait for the next message; more are closed.
const MOST_IDLE: usize = 32;

/// A mail server as a transport; connections are used again.
pub struct SmtpTransport {
    config: SmtpConfig,
    idle: Mutex<Vec<SmtpChannel>>,
    /// After so many messages this server has hung up: none is announced there.
    hangs_up_after: Arc<AtomicU32>,
}

impl SmtpTransport {
    /// Nothing is connected before the first message.
    pub fn new(config: SmtpConfig) -> Self {
        Self { config, idle: Mutex::default(), hangs_up_after: Arc::new(AtomicU32::new(u32::MAX)) }
    }
}

struct SmtpChannel {
    connection: Connection,
    /// How many messages it carried.
    carried: u32,
    hangs_up_after: Arc<AtomicU32>,
}

fn refusal(reply: &Reply) -> Refusal {
    Refusal { permanent: reply.is_permanent(), blames_address: reply.blames_address(), text: reply.text() }
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn offer(&mut self, envelope: &sending::Envelope, message: &[u8]) -> Result<(), TransportError> {
        let envelope = Envelope { sender: envelope.sender.clone(), recipient: envelope.recipient.clone() };
        let promised = self.connection.is_promised();
        let offered = self.connection.offer(&envelope, message).await;
        if promised && matches!(&offered, Err(OfferError::Broken(_))) {
            self.hangs_up_after.fetch_min(self.carried, Ordering::Relaxed);
        }
        offered.map_err(|error| match error {
            OfferError::Refused(reply) => TransportError::Refused(refusal(&reply)),
            OfferError::Impossible(text) => TransportError::Refused(Refusal { permanent: true, blames_address: false, text }),
            OfferError::Broken(error) => TransportError::Unreachable(error.to_string()),
        })
    }

    fn announce(&mut self, envelope: &sending::Envelope, message: &[u8]) {
        let envelope = Envelope { sender: envelope.sender.clone(), recipient: envelope.recipient.clone() };
        if self.carried + 1 < self.hangs_up_after.load(Ordering::Relaxed) {
            self.connection.announce(&envelope, message);
        }
    }

    async fn deliver(&mut self, message: &[u8]) -> Result<(), Undelivered> {
        self.carried += 1;
        match self.connection.deliver(message).await {
            Ok(_) => Ok(()),
            Err(DeliverError::Refused(reply)) => Err(Undelivered::Refused(refusal(&reply))),
            Err(DeliverError::Unknown(error)) => Err(Undelivered::Unknown(error.to_string())),
        }
    }

    fn is_usable(&self) -> bool {
        self.connection.is_usable()
    }

    fn is_used(&self) -> bool {
        self.carried > 0
    }

    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(channel) = waiting {
            return Ok(Box::new(channel));
        }
        let connection = Connection::open(&self.config).await.map_err(|e| TransportError::Unreachable(e.to_string()))?;
        Ok(Box::new(SmtpChannel { connection, carried: 0, hangs_up_after: Arc::clone(&self.hangs_up_after) }))
    }

    async fn release(&self, channel: Box<dyn Channel>) {
        let Ok(channel) = channel.as_any().downcast::<SmtpChannel>() else { return };
        let surplus = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if channel.is_usable() && !channel.connection.is_promised() && idle.len() < MOST_IDLE {
                idle.push(*channel);
                return;
            }
            channel
        };
        surplus.connection.close().await;
    }

    fn describe(&self) -> String {
        format!("{}:{}", self.config.host, self.config.port)
    }
}
