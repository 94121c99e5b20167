//! A server in a test, and a client that keeps cookies and follows no redirect.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hg_app::Workspace;
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server of its own on a free port.
#[derive(Clone)]
pub struct TestWeb {
    pub url: String,
    client: Client,
    headers: HashMap<String, String>,
    basic: Option<(String, String)>,
    _server: Arc<Server>,
}

struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text))
    }
}

/// A client to be set up. The client of the product brings its own cryptography; this one takes what is installed, and
/// the first to do so wins.
pub fn browser() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

impl TestWeb {
    pub async fn start(ws: &Workspace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|e| panic!("{e}"));
        let address = listener.local_addr().unwrap_or_else(|e| panic!("{e}"));
        let app = hg_web::router(ws.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { _server: Arc::new(Server(server)), ..Self::at(format!("http://{address}")) }
    }

    /// A client of a server that runs elsewhere.
    pub fn at(url: String) -> Self {
        let client = browser().cookie_store(true).redirect(redirect::Policy::none()).build().unwrap_or_else(|e| panic!("{e}"));
        Self { url, client, headers: HashMap::new(), basic: None, _server: Arc::new(Server(tokio::spawn(async {}))) }
    }

    /// The same server seen by somebody else: no cookies yet.
    pub fn another_browser(&self) -> Self {
        let fresh = Self::at(self.url.clone());
        Self { client: fresh.client, headers: HashMap::new(), basic: None, ..self.clone() }
    }

    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(name.into(), value.into());
        other
    }

    #[must_use]
    pub fn with_csrf(&self, token: &str) -> Self {
        self.with_header("x-csrf-token", token)
    }

    #[must_use]
    pub fn with_basic(&self, email: &str, password: &str) -> Self {
        Self { basic: Some((email.into(), password.into())), ..self.clone() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match &self.basic {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.unwrap_or_else(|e| panic!("{e}"));
        let status = response.status().as_u16();
        let headers =
            response.headers().iter().map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect();
        let bytes = response.bytes().await.unwrap_or_else(|e| panic!("{e}")).to_vec();
        Reply { status, headers, text: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn head(&self, path: &str) -> Reply {
        self.send(self.request(Method::HEAD, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Posts a form (`application/x-www-form-urlencoded`).
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// Posts a file as a browser's form does.
    pub async fn upload(&self, path: &str, field: &str, file_name: &str, content: Vec<u8>) -> Reply {
        let part = reqwest::multipart::Part::bytes(content).file_name(file_name.to_owned());
        let form = reqwest::multipart::Form::new().part(field.to_owned(), part);
        self.send(self.request(Method::POST, path).multipart(form)).await
    }

    pub async fn post_raw(&self, path: &str, content_type: &str, body: &[u8]) -> Reply {
        self.send(self.request(Method::POST, path).header("content-type", content_type).body(body.to_vec())).await
    }
}
