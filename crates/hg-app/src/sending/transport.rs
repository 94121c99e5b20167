//! The port that mail leaves through. Adapters implement it; they decide nothing.

use std::sync::Arc;

use async_trait::async_trait;

/// Who a message is from and to, as a mail server needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub sender: String,
    pub recipient: String,
}

/// A server's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Trying again will not help.
    pub permanent: bool,
    /// The address itself can never take mail.
    pub blames_address: bool,
    /// The server's words.
    pub text: String,
}

/// Why a message could not be offered.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The server said no to this message.
    #[error("{}", .0.text)]
    Refused(Refusal),
    /// The server cannot be reached, or hung up; other messages would fare no better.
    #[error("{0}")]
    Unreachable(String),
}

/// What happened after the end of a message went out.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// The server said no: certainly not delivered.
    #[error("{}", .0.text)]
    Refused(Refusal),
    /// Certainly not taken, for a reason that is not the message's: it may go elsewhere at once, or here later.
    #[error("{0}")]
    NotTaken(String),
    /// No answer: delivered or not, nobody knows.
    #[error("{0}")]
    Unknown(String),
}

/// One open connection; one message at a time.
#[async_trait]
pub trait Channel: Send {
    /// Goes as far as the server's "go ahead". Nothing has left the house yet.
    async fn offer(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), TransportError>;
    /// Says which message comes after the one just offered, so that both can go in one step. Only a hint: `offer` is called
    /// for it like for any other, and answers as if nobody had spoken of it before.
    fn announce(&mut self, _envelope: &Envelope, _message: &[u8]) {}
    /// Sends the body with its end, and waits for the answer.
    async fn deliver(&mut self, message: &[u8]) -> Result<(), Undelivered>;
    /// Whether another message may be offered here.
    fn is_usable(&self) -> bool;
    /// Whether it carried a message before: then its end is no news, and a new one may do.
    fn is_used(&self) -> bool;
    /// For the adapter that made it, when it is given back.
    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}

/// Where mail leaves.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// An open connection, perhaps one that waited.
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError>;
    /// Gives a connection back for the next one.
    async fn release(&self, channel: Box<dyn Channel>);
    /// For display: host and port, never credentials.
    fn describe(&self) -> String;
}

/// The transport of a workspace, put in place with `set_part`. Without one the outbox catches everything.
pub struct MailTransport(pub Arc<dyn Transport>);
