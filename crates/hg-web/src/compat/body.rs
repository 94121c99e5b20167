//! Bodies in the three encodings that clients use (`api.md` §2.1): JSON, form with PHP brackets, multipart.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::CompatError;

/// Most items that brackets may make of one body; more is a mistake or an attack.
const MOST_KEYS: usize = 20_000;
const MOST_DEPTH: usize = 12;
/// Items of one batch (`api_batch_max_limit`).
pub const BATCH_LIMIT: usize = 200;

/// A body as a JSON object, whatever it was sent as. `None` when nothing was sent.
pub struct AnyBody(pub Option<Value>);

impl AnyBody {
    /// The object; 400 when nothing readable was sent, so that a wrong content type wipes nothing.
    pub fn object(self) -> Result<Map<String, Value>, CompatError> {
        match self.0 {
            Some(Value::Object(map)) => Ok(map),
            _ => Err(CompatError::bad("The body is empty or cannot be read. Send JSON, or a form.")),
        }
    }

    /// The list of a batch, with the keys of its items (positions, or the keys of an object).
    pub fn batch(self) -> Result<Vec<(String, Value)>, CompatError> {
        match self.0 {
            Some(Value::Array(items)) => Ok(items.into_iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect()),
            Some(Value::Object(items)) => Ok(items.into_iter().collect()),
            _ => Err(CompatError::bad("The body is empty or cannot be read. Send a list.")),
        }
    }

    /// The same; 400 when there are too many.
    pub fn limited_batch(self) -> Result<Vec<(String, Value)>, CompatError> {
        let items = self.batch()?;
        if items.len() > BATCH_LIMIT {
            return Err(CompatError::bad(format!("A max of {BATCH_LIMIT} entities are supported at a time.")));
        }
        Ok(items)
    }
}

impl<S: Send + Sync> FromRequest<S> for AnyBody {
    type Rejection = CompatError;

    async fn from_request(request: Request, state: &S) -> Result<Self, CompatError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("").to_ascii_lowercase();
        if kind.starts_with("multipart/form-data") {
            return multipart(request, state).await.map(|v| Self(Some(v)));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|e| CompatError::new(e.status(), e.body_text()))?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        if kind.starts_with("application/x-www-form-urlencoded") && !matches!(bytes.first(), Some(b'{' | b'[')) {
            return pairs(url::form_urlencoded::parse(&bytes).into_owned()).map(|v| Self(Some(v)));
        }
        serde_json::from_slice(&bytes)
            .map(|v| Self(Some(v)))
            .map_err(|e| CompatError::bad(format!("The JSON cannot be read: {e}")))
    }
}

async fn multipart<S: Send + Sync>(request: Request, state: &S) -> Result<Value, CompatError> {
    let mut form = Multipart::from_request(request, state).await.map_err(|e| CompatError::bad(e.body_text()))?;
    let mut out = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|e| CompatError::bad(e.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let text = field.text().await.map_err(|e| CompatError::bad(e.body_text()))?;
        out.push((name, text));
    }
    pairs(out.into_iter())
}

/// `a[b][0]=c` into nested objects and lists.
pub fn pairs(pairs: impl Iterator<Item = (String, String)>) -> Result<Value, CompatError> {
    let mut root = Value::Object(Map::new());
    for (n, (name, text)) in pairs.enumerate() {
        if n >= MOST_KEYS {
            return Err(CompatError::bad("The form has too many fields."));
        }
        let path = segments(&name);
        if path.len() > MOST_DEPTH {
            return Err(CompatError::bad("A field's name is nested too deeply."));
        }
        put(&mut root, &path, text);
    }
    lists(&mut root);
    Ok(root)
}

fn segments(name: &str) -> Vec<&str> {
    let Some(open) = name.find('[') else { return vec![name] };
    let mut out = vec![&name[..open]];
    let mut rest = &name[open..];
    while let Some(inner) = rest.strip_prefix('[') {
        let Some(close) = inner.find(']') else { break };
        out.push(&inner[..close]);
        rest = &inner[close + 1..];
    }
    out
}

fn put(at: &mut Value, path: &[&str], text: String) {
    let Some((first, rest)) = path.split_first() else {
        *at = Value::String(text);
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Value::Object(map) = at else { return };
    let key = if first.is_empty() { map.len().to_string() } else { (*first).to_owned() };
    put(map.entry(key).or_insert(Value::Null), rest, text);
}

/// Objects whose keys are 0, 1, 2 … are lists.
fn lists(value: &mut Value) {
    let Value::Object(map) = value else { return };
    map.values_mut().for_each(lists);
    if !map.is_empty() && map.keys().enumerate().all(|(i, k)| *k == i.to_string()) {
        let items = std::mem::take(map).into_iter().map(|(_, v)| v).collect();
        *value = Value::Array(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        pairs(url::form_urlencoded::parse(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn brackets_become_objects_and_lists() {
        assert_eq!(
            read("a=1&b[c]=2&b[d][0]=x&b[d][1]=y&tags[]=p&tags[]=q"),
            json!({"a":"1","b":{"c":"2","d":["x","y"]},"tags":["p","q"]})
        );
        assert_eq!(read("m[5]=five"), json!({"m":{"5":"five"}}));
    }

    #[test]
    fn too_deep_and_broken_names_do_no_harm() {
        assert!(pairs([(format!("a{}", "[x]".repeat(50)), String::new())].into_iter()).is_err());
        assert_eq!(read("a[b=1"), json!({"a":"1"}));
    }
}
