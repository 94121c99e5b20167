//! The port through which the workspace asks servers of others: webhooks, files for imports, providers' interfaces.
//!
//! Whoever gives an address may be a stranger, so the adapter refuses addresses of private networks unless the settings
//! allow them (`Outgoing::allow_private_addresses`), also behind redirects.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::cx::Cx;

/// How a server is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete].into_iter().find(|m| m.key().eq_ignore_ascii_case(key))
    }
}

/// One question to a server. `https` and `http` only.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For everything from the connection to the last byte.
    pub timeout: Duration,
    /// Follow so many redirects (only GET is repeated elsewhere); 0: a redirect is the answer.
    pub redirects: usize,
    /// An answer longer than this many bytes is an error.
    pub longest: u64,
    /// Servers of private networks may be asked. Addresses of the machine's own management never are.
    pub private: bool,
}

impl Ask {
    /// A question with ten seconds, no redirects and at most 1 MB of answer.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(10),
            redirects: 0,
            longest: 1024 * 1024,
            private: false,
        }
    }

    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// As the workspace's settings say about private networks.
    #[must_use]
    pub fn as_allowed(mut self, cx: &Cx) -> Self {
        self.private = cx.ws.settings().outgoing.allow_private_addresses;
        self
    }
}

/// What a server said.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty when the answer went to a file.
    pub body: Vec<u8>,
}

impl Told {
    /// A header's first value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Unanswered {
    /// The question itself is not allowed or makes no sense: asking again does not help.
    #[error("{0}")]
    Refused(String),
    /// Nothing was sent: no such server, no connection, no trusted certificate.
    #[error("{0}")]
    Unreachable(String),
    /// Something was sent, and no whole answer came: whether the server acted, nobody knows.
    #[error("{0}")]
    Broken(String),
}

/// Asks servers of others.
#[async_trait]
pub trait Web: Send + Sync + 'static {
    async fn ask(&self, ask: Ask) -> Result<Told, Unanswered>;

    /// The same, with the body of a successful answer going to a file. Another answer's body is dropped.
    async fn fetch(&self, ask: Ask, to: &Path) -> Result<Told, Unanswered>;
}

/// The way out of a workspace, put in place with `set_part`.
pub struct Outgoing(pub Arc<dyn Web>);

/// The workspace's way out; without one (console commands that only look) nothing is asked.
pub fn web(cx: &Cx) -> Result<Arc<dyn Web>, Unanswered> {
    let part = cx.ws.get_part::<Outgoing>();
    part.map(|p| Arc::clone(&p.0)).ok_or_else(|| Unanswered::Refused("This command asks no other servers.".to_owned()))
}
