//! What can go wrong, sorted by what the caller may do about it.

use super::Reply;

/// The connection, before or between messages.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The server cannot be reached, or hung up.
    #[error("the mail server cannot be reached: {0}")]
    Io(#[from] std::io::Error),
    /// No answer in time.
    #[error("the mail server did not answer within {0} seconds")]
    Timeout(u64),
    /// The server says no.
    #[error("the mail server refused: {}", .0.text())]
    Refused(Reply),
    /// It speaks something else.
    #[error("this is no mail server: it said “{0}”")]
    NotSmtp(String),
    /// TLS was wanted and is not to be had, or its certificate is not good.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The credentials cannot be used.
    #[error("the mail server does not offer a way to sign in that we know")]
    NoAuth,
}

/// A message that was not handed over; it may be tried again unless the answer is permanent.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The server said no to this message; the connection can be used for the next one.
    #[error("{}", .0.text())]
    Refused(Reply),
    /// This message can never go to this server.
    #[error("{0}")]
    Impossible(String),
    /// The connection is gone.
    #[error(transparent)]
    Broken(#[from] SmtpError),
}

/// What happened after the body went out.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The server said no: the message is certainly not delivered.
    #[error("{}", .0.text())]
    Refused(Reply),
    /// No answer: the server may have taken the message or not.
    #[error("the answer was never seen: {0}")]
    Unknown(SmtpError),
}
