//! Sending through the interfaces of providers, where SMTP is not to be had or not wanted.
//!
//! One file a provider: it makes the question ([`Api::ask`]) and reads the answer ([`Api::judge`]). What is the same for
//! all is here: an answer that never came leaves the message unknown, one that says "too much" lets the provider rest as
//! long as it asks for, and one about the account is no fault of the message.

mod address;
mod brevo;
mod letter;
mod mailgun;
mod mailjet;
mod postmark;
mod resend;
mod sendgrid;
mod ses;
mod signature;
mod sparkpost;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use hg_app::outgoing::{Ask, Told, Unanswered, Web};
use hg_app::sending::{Channel, Envelope, Refusal, Transport, TransportError, Undelivered};
use hg_core::time::{Millis, SharedClock, Timestamp};
use serde_json::Value as Json;

pub use address::{ApiAddress, smtp_address};
use letter::Letter;

/// How long a provider rests that does not say so itself.
const REST: Millis = Millis::seconds(30);
/// And at most, whatever it says.
const LONGEST_REST: Millis = Millis::hours(1);

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Taken,
    /// No to this message.
    Refused(Refusal),
    /// No to everything now: too much, or something about the account.
    Rest(String),
    Unknown(String),
}

impl Verdict {
    fn never(text: impl Into<String>) -> Self {
        Self::Refused(Refusal { permanent: true, blames_address: false, text: text.into() })
    }

    fn dead_address(text: impl Into<String>) -> Self {
        Self::Refused(Refusal { permanent: true, blames_address: true, text: text.into() })
    }
}

/// A provider's way to take one message.
trait Api: Send + Sync + 'static {
    /// The server, for people and for the SPF record.
    fn host(&self) -> String;
    /// The question that hands the message over; or why it cannot be asked.
    fn ask(&self, letter: &Letter<'_>, now: Timestamp) -> Result<Ask, String>;
    /// What the answer means, where it differs from what most say.
    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict>;
}

/// An answer's body as JSON, with the words in it for people.
struct Said {
    body: Json,
    words: String,
}

impl Said {
    fn of(told: &Told) -> Self {
        let body: Json = serde_json::from_slice(&told.body).unwrap_or_default();
        let found = [
            "/message",
            "/Message",
            "/errors/0/description",
            "/errors/0/message",
            "/Messages/0/Errors/0/ErrorMessage",
            "/ErrorMessage",
            "/error",
        ]
        .iter()
        .find_map(|path| body.pointer(path).and_then(Json::as_str));
        let text = found.map_or_else(|| told.text().chars().take(300).collect(), str::to_owned);
        Self { words: format!("{} {}", told.status, text.trim()).trim().to_owned(), body }
    }

    fn number(&self, path: &str) -> Option<i64> {
        self.body.pointer(path).and_then(Json::as_i64)
    }

    fn text(&self, path: &str) -> &str {
        self.body.pointer(path).and_then(Json::as_str).unwrap_or_default()
    }
}

/// What most providers mean. An error of the server's own leaves open how far it came, except 503, which says that it did
/// not begin.
fn usual(status: u16, words: &str) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        401 | 402 | 404 | 407 | 408 | 429 | 503 | 300..=399 => Verdict::Rest(words.to_owned()),
        403 => Verdict::Refused(Refusal { permanent: false, blames_address: false, text: words.to_owned() }),
        400..=499 => Verdict::never(words),
        _ => Verdict::Unknown(words.to_owned()),
    }
}

/// The interface of a provider as a transport.
pub struct ApiTransport {
    line: Line,
}

#[derive(Clone)]
struct Line {
    api: Arc<dyn Api>,
    address: Arc<ApiAddress>,
    web: Arc<dyn Web>,
    clock: SharedClock,
    rests_until: Arc<AtomicI64>,
}

impl ApiTransport {
    /// Nothing is asked before the first message.
    pub fn new(address: ApiAddress, web: Arc<dyn Web>, clock: SharedClock) -> Self {
        let api = address.api();
        Self { line: Line { api, address: Arc::new(address), web, clock, rests_until: Arc::default() } }
    }
}

impl Line {
    fn is_awake(&self) -> Result<(), TransportError> {
        let until = Timestamp(self.rests_until.load(Ordering::SeqCst));
        if self.clock.now() < until {
            let name = self.api.host();
            return Err(TransportError::Unreachable(format!("{name} takes nothing before {}", until.rfc3339())));
        }
        Ok(())
    }

    /// As long as the provider asks for.
    fn rest(&self, told: Option<&Told>) {
        let now = self.clock.now();
        let asked = told.and_then(|t| t.header("retry-after")).map(str::trim);
        let seconds = asked.and_then(|text| text.parse::<i64>().ok());
        let wait = seconds.map_or(REST, |seconds| Millis::seconds(seconds.clamp(1, 86_400)));
        self.rests_until.fetch_max(now.plus(wait.min(LONGEST_REST)).0, Ordering::SeqCst);
    }

    async fn hand_over(&self, envelope: &Envelope, message: &[u8]) -> Result<(), Undelivered> {
        let refused = |text: String| Undelivered::Refused(Refusal { permanent: true, blames_address: false, text });
        let letter = Letter::read(envelope, message).ok_or_else(|| refused("the message cannot be read".into()))?;
        let ask = self.api.ask(&letter, self.clock.now()).map_err(refused)?;
        let ask = Ask { timeout: self.address.timeout, private: self.address.endpoint.is_some(), ..ask };
        let told = match self.web.ask(ask).await {
            Ok(told) => told,
            Err(Unanswered::Broken(why)) => return Err(Undelivered::Unknown(why)),
            Err(Unanswered::Refused(why) | Unanswered::Unreachable(why)) => {
                self.rest(None);
                return Err(Undelivered::NotTaken(why));
            }
        };
        let said = Said::of(&told);
        match self.api.judge(&told, &said).unwrap_or_else(|| usual(told.status, &said.words)) {
            Verdict::Taken => Ok(()),
            Verdict::Refused(refusal) => Err(Undelivered::Refused(refusal)),
            Verdict::Rest(why) => {
                self.rest(Some(&told));
                Err(Undelivered::NotTaken(why))
            }
            Verdict::Unknown(why) => {
                self.rest(Some(&told));
                Err(Undelivered::Unknown(why))
            }
        }
    }
}

struct ApiChannel {
    line: Line,
    envelope: Option<Envelope>,
}

#[async_trait]
impl Channel for ApiChannel {
    /// There is one question only: the "go ahead" is that the provider does not rest.
    async fn offer(&mut self, envelope: &Envelope, _: &[u8]) -> Result<(), TransportError> {
        self.line.is_awake()?;
        self.envelope = Some(envelope.clone());
        Ok(())
    }

    async fn deliver(&mut self, message: &[u8]) -> Result<(), Undelivered> {
        match self.envelope.take() {
            Some(envelope) => self.line.hand_over(&envelope, message).await,
            None => Err(Undelivered::NotTaken("nothing was offered".into())),
        }
    }

    fn is_usable(&self) -> bool {
        true
    }

    /// The connections below are not ours to know.
    fn is_used(&self) -> bool {
        false
    }

    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

#[async_trait]
impl Transport for ApiTransport {
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        self.line.is_awake()?;
        Ok(Box::new(ApiChannel { line: self.line.clone(), envelope: None }))
    }

    async fn release(&self, _: Box<dyn Channel>) {}

    fn describe(&self) -> String {
        format!("{}:443", self.line.api.host())
    }
}
