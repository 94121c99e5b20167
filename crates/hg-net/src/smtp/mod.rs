//! An SMTP client of our own: few round trips, many messages a connection, and a hand-over in two halves.
//!
//! [`Connection::offer`] goes as far as the server's "go ahead" (354): up to there nothing has left the
//! house and everything may be tried again. Then the caller writes down that the message is being handed
//! over, and only then [`Connection::deliver`] sends the body with its end. What comes back is the
//! server's answer, or nothing: then the message is `unknown` and never sent again by itself. So a crash
//! leaves at most one unknown message for each open connection.
//!
//! PIPELINING, STARTTLS and TLS, AUTH PLAIN and LOGIN, SIZE, 8BITMIME, SMTPUTF8 and enhanced status
//! codes are used when the server offers them. Every reply has a time limit.

mod client;
mod config;
mod error;
mod reply;
mod stream;
mod tls;
mod transport;

pub use client::{Accepted, Connection, Envelope};
pub(crate) use config::decoded;
pub use config::{ConfigError, Security, SmtpConfig, Timeouts};
pub use error::{DeliverError, OfferError, SmtpError};
pub use reply::{EnhancedCode, Reply};
pub(crate) use tls::client_config;
pub use transport::SmtpTransport;
