//! A visitor's browser: asks the public doors of the same process, keeps cookies, follows redirects, fills in forms.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use hg_app::Result;
use tower::ServiceExt;

use crate::open;

/// Answers larger than this are no pages of ours.
const LARGEST: usize = 4 * 1024 * 1024;

/// What came back in the end.
pub struct Page {
    pub status: StatusCode,
    pub html: String,
    /// The address it was found at, below the site.
    pub path: String,
}

pub struct Browser {
    doors: Router,
    site: String,
    agent: &'static str,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(doors: Router, site: &str, agent: &'static str) -> Self {
        Self { doors, site: site.to_owned(), agent, cookies: BTreeMap::new() }
    }

    /// Opens an address of the site; others are not ours to visit.
    pub async fn open(&mut self, address: &str) -> Result<Page> {
        self.go(Method::GET, address, None, None).await
    }

    /// Sends in the first form of a page with these answers; hidden fields keep what the page put there.
    pub async fn send_form(&mut self, page: &Page, answers: &[(&str, &str)]) -> Result<Page> {
        let action = attribute_of(&page.html, "<form", "action").unwrap_or_else(|| "/form/submit".into());
        let mut fields = hidden_fields(&page.html);
        for (alias, answer) in answers {
            fields.retain(|(name, _)| name != &format!("mauticform[{alias}]"));
            fields.push((format!("mauticform[{alias}]"), (*answer).to_owned()));
        }
        let body = fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect::<Vec<_>>().join("&");
        let from = format!("{}{}", self.site, page.path);
        self.go(Method::POST, &action, Some(body), Some(from)).await
    }

    async fn go(&mut self, method: Method, address: &str, body: Option<String>, referer: Option<String>) -> Result<Page> {
        let (mut method, mut body) = (method, body);
        let mut path = self.path(address);
        for _ in 0..5 {
            let mut request = Request::builder()
                .method(method.clone())
                .uri(&path)
                .header(header::USER_AGENT, self.agent)
                .header(header::ACCEPT, "text/html,application/xhtml+xml")
                .header(header::ACCEPT_LANGUAGE, "en");
            if !self.cookies.is_empty() {
                let jar = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
                request = request.header(header::COOKIE, jar);
            }
            if let Some(from) = &referer {
                request = request.header(header::REFERER, from);
            }
            if body.is_some() {
                request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            }
            let request =
                request.body(Body::from(body.clone().unwrap_or_default())).map_err(|e| open::plain(format!("{path}: {e}")))?;
            let response = self.doors.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            for cookie in response.headers().get_all(header::SET_COOKIE) {
                let pair = cookie.to_str().ok().and_then(|c| c.split(';').next()).and_then(|p| p.split_once('='));
                if let Some((name, value)) = pair {
                    self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
                }
            }
            let status = response.status();
            let next = response.headers().get(header::LOCATION).and_then(|l| l.to_str().ok()).map(str::to_owned);
            if let Some(next) = next.filter(|_| status.is_redirection()) {
                // Pages of other sites are not visited from here.
                if next.starts_with("http") && !next.starts_with(&self.site) {
                    return Ok(Page { status, html: String::new(), path });
                }
                path = self.path(&next);
                method = Method::GET;
                body = None;
                continue;
            }
            let bytes = to_bytes(response.into_body(), LARGEST).await.map_err(|e| open::plain(format!("{path}: {e}")))?;
            return Ok(Page { status, html: String::from_utf8_lossy(&bytes).into_owned(), path });
        }
        Err(open::plain(format!("{path} leads in a circle")))
    }

    fn path(&self, address: &str) -> String {
        let address = address.replace("&amp;", "&");
        let path = address.strip_prefix(&self.site).unwrap_or(&address);
        let path = path.split('#').next().unwrap_or("/");
        if path.is_empty() { "/".into() } else { path.to_owned() }
    }
}

/// Every address in the attribute of a mail or page that begins so.
pub fn addresses(html: &str, attribute: &str, start: &str) -> Vec<String> {
    let opening = format!("{attribute}=\"{start}");
    html.match_indices(&opening)
        .filter_map(|(at, _)| html[at + attribute.len() + 2..].split('"').next())
        .map(str::to_owned)
        .collect()
}

fn attribute_of(html: &str, tag: &str, name: &str) -> Option<String> {
    let at = html.find(tag)?;
    let inner = html[at..].split('>').next()?;
    attribute(inner, name)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[at..].split('"').next().map(|v| v.replace("&amp;", "&").replace("&quot;", "\""))
}

fn hidden_fields(html: &str) -> Vec<(String, String)> {
    html.match_indices("<input")
        .filter_map(|(at, _)| html[at..].split('>').next())
        .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())))
        .collect()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_hidden_fields_are_found() {
        let html = r#"<a href="http://h/r/1?ct=a&amp;b=2">x</a><img src="http://h/email/k.gif"><form action="/form/submit?formId=1"><input type="hidden" name="mauticform[formId]" value="1"><input type="text" name="mauticform[q]"></form>"#;
        assert_eq!(addresses(html, "href", "http://h/r/"), ["http://h/r/1?ct=a&amp;b=2"]);
        assert_eq!(addresses(html, "src", "http://h/email/"), ["http://h/email/k.gif"]);
        assert_eq!(hidden_fields(html), [("mauticform[formId]".to_owned(), "1".to_owned())]);
        assert_eq!(attribute_of(html, "<form", "action").as_deref(), Some("/form/submit?formId=1"));
        assert_eq!(encode("a b+ü"), "a+b%2B%C3%BC");
    }
}
