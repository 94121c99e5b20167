//! Asking servers of others over HTTP: webhooks, files for imports, interfaces of providers.
//!
//! Names are looked up by our own resolver, which gives the connection judged addresses only, so that no name can lead
//! to another machine than the one that was looked at. Redirects are judged like the first address. Proxies of the
//! environment are not asked: they would look up names unjudged.

mod guard;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hg_app::outgoing::{Ask, Method, Told, Unanswered, Web};
use reqwest::header::{HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use guard::Guard;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// A connection that waits for the next question.
const IDLE: Duration = Duration::from_secs(30);

/// The way into the web, with connections that are used again.
pub struct WebClient {
    /// Reaches the public web.
    public: Client,
    /// Reaches one's own network too.
    private: Client,
}

impl WebClient {
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, String> {
        Ok(Self { public: client(false)?, private: client(true)? })
    }

    async fn answer(&self, ask: &Ask) -> Result<Response, Unanswered> {
        let mut url = address(&ask.url)?;
        let mut left = ask.redirects;
        loop {
            guard::judge(&url, ask.private)?;
            let response = self.one(ask, url.clone()).await?;
            let elsewhere = response.status().is_redirection().then(|| response.headers().get(LOCATION)).flatten();
            let Some(to) = elsewhere.filter(|_| ask.redirects > 0 && ask.method == Method::Get) else { return Ok(response) };
            if left == 0 {
                return Err(Unanswered::Refused("The server leads from one address to the next without end.".to_owned()));
            }
            left -= 1;
            let to = String::from_utf8_lossy(to.as_bytes());
            let next = url.join(&to);
            let next = next.map_err(|e| Unanswered::Refused(format!("The server leads to “{to}”, which is no address: {e}.")))?;
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Unanswered::Refused(format!(
                    "The server leads from https to {next}, where everybody could read along."
                )));
            }
            // What belongs to one server is not told another.
            if next.host() != url.host() && ask.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
                return Err(Unanswered::Refused(format!("The server leads to {next}, which may not learn the password.")));
            }
            url = next;
        }
    }

    async fn one(&self, ask: &Ask, url: Url) -> Result<Response, Unanswered> {
        let client = if ask.private { &self.private } else { &self.public };
        let mut request = client.request(method(ask.method), url.clone()).timeout(ask.timeout);
        for (name, value) in &ask.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let name =
                name.map_err(|_| Unanswered::Refused("The name of a header has characters that none may have.".to_owned()))?;
            let value = HeaderValue::from_str(value);
            let value =
                value.map_err(|_| Unanswered::Refused(format!("The value of {name} has characters that no header may have.")))?;
            request = request.header(name, value);
        }
        if !ask.body.is_empty() {
            request = request.body(ask.body.clone());
        }
        request.send().await.map_err(|error| said(&url, &error))
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn address(text: &str) -> Result<Url, Unanswered> {
    let url = Url::parse(text).map_err(|e| Unanswered::Refused(format!("“{text}” is no address: {e}.")))?;
    match url.scheme() {
        "https" | "http" if url.has_host() => Ok(url),
        other => Err(Unanswered::Refused(format!("Servers are asked through https or http, not {other}."))),
    }
}

fn client(private: bool) -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Guard { private })
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent("Honeyguide")
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .build()
        .map_err(|e| chain(&e))
}

/// An error with what lies below it: the uppermost says the least.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text = cause.to_string();
        below = cause.source();
    }
    text
}

fn said(url: &Url, error: &reqwest::Error) -> Unanswered {
    let host = url.host_str().unwrap_or_default();
    let why = chain(error);
    if let Some(refused) = guard::refusal(error) {
        return Unanswered::Refused(refused);
    }
    if error.is_builder() {
        return Unanswered::Refused(format!("The question cannot be asked: {why}."));
    }
    if error.is_connect() {
        return Unanswered::Unreachable(format!("The server {host} cannot be reached: {why}."));
    }
    if error.is_timeout() {
        return Unanswered::Broken(format!("The server {host} takes too long."));
    }
    Unanswered::Broken(format!("The connection to {host} broke: {why}."))
}

fn head(response: &Response) -> Told {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    Told { status: response.status().as_u16(), headers, body: Vec::new() }
}

fn too_long(ask: &Ask) -> Unanswered {
    Unanswered::Broken(format!("The answer is longer than {} KB.", ask.longest / 1024))
}

#[async_trait]
impl Web for WebClient {
    async fn ask(&self, ask: Ask) -> Result<Told, Unanswered> {
        let mut response = self.answer(&ask).await?;
        let mut told = head(&response);
        let url = response.url().clone();
        while let Some(part) = response.chunk().await.map_err(|e| said(&url, &e))? {
            if (told.body.len() + part.len()) as u64 > ask.longest {
                return Err(too_long(&ask));
            }
            told.body.extend_from_slice(&part);
        }
        Ok(told)
    }

    async fn fetch(&self, ask: Ask, to: &Path) -> Result<Told, Unanswered> {
        let mut response = self.answer(&ask).await?;
        let told = head(&response);
        if !told.is_success() {
            return Ok(told);
        }
        if response.content_length().is_some_and(|length| length > ask.longest) {
            return Err(too_long(&ask));
        }
        let url = response.url().clone();
        let kept = |e: std::io::Error| Unanswered::Broken(format!("The file cannot be kept: {e}."));
        let mut file = File::create(to).await.map_err(kept)?;
        let mut left = ask.longest;
        while let Some(part) = response.chunk().await.map_err(|e| said(&url, &e))? {
            left = left.checked_sub(part.len() as u64).ok_or_else(|| too_long(&ask))?;
            file.write_all(&part).await.map_err(kept)?;
        }
        file.sync_all().await.map_err(kept)?;
        Ok(told)
    }
}
