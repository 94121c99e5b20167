//! Keys of a PATCH that may be absent, null, or there.

use hg_app::Error;
use hg_core::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// `None`: the key is absent and nothing changes; `Some(None)`: it is null; `Some(Some(_))`: it has a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Maybe<T>(pub Option<Option<T>>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(d).map(|v| Self(Some(v)))
    }
}

/// Reads an instant of the body; empty is none.
pub fn instant(pointer: &str, text: Option<String>) -> Result<Option<Timestamp>, Error> {
    match text.filter(|t| !t.trim().is_empty()) {
        None => Ok(None),
        Some(text) => Timestamp::parse(&text).map(Some).map_err(|e| Error::field(pointer, "instant", format!("{e}."))),
    }
}
