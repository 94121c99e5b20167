//! Values that go into statements and come out of rows.

use hg_core::time::Timestamp;

use crate::error::StoreError;

/// A value bound to a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A value of a row, borrowed from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl Value {
    /// The same, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Int(n) => ValueRef::Int(*n),
            Value::Real(x) => ValueRef::Real(*x),
            Value::Text(t) => ValueRef::Text(t),
            Value::Bytes(b) => ValueRef::Bytes(b),
        }
    }
}

impl ValueRef<'_> {
    pub fn to_owned(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Int(n) => Value::Int(n),
            ValueRef::Real(x) => Value::Real(x),
            ValueRef::Text(t) => Value::Text(t.to_owned()),
            ValueRef::Bytes(b) => Value::Bytes(b.to_vec()),
        }
    }
}

/// What can be bound to a parameter. Booleans are stored as 0 and 1.
pub trait ToValue {
    fn to_value(self) -> Value;
}

macro_rules! to_value {
    ($($t:ty: |$x:ident| $e:expr;)*) => {$(
        impl ToValue for $t {
            fn to_value(self) -> Value { let $x = self; $e }
        }
    )*};
}

to_value! {
    Value: |v| v;
    &Value: |v| v.clone();
    i64: |n| Value::Int(n);
    i32: |n| Value::Int(n.into());
    u32: |n| Value::Int(n.into());
    bool: |b| Value::Int(b.into());
    f64: |x| Value::Real(x);
    String: |t| Value::Text(t);
    &String: |t| Value::Text(t.clone());
    &str: |t| Value::Text(t.to_owned());
    Vec<u8>: |b| Value::Bytes(b);
    &[u8]: |b| Value::Bytes(b.to_vec());
    &[i64]: |ids| Value::Text(id_list(ids.iter().copied()));
    Timestamp: |t| Value::Int(t.0);
    serde_json::Value: |j| Value::Text(j.to_string());
    &serde_json::Value: |j| Value::Text(j.to_string());
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(self) -> Value {
        self.map_or(Value::Null, ToValue::to_value)
    }
}

/// Ids as the text that `@in($n)` takes: a JSON list.
pub fn id_list(ids: impl IntoIterator<Item = i64>) -> String {
    use std::fmt::Write;
    let mut out = String::from("[");
    for (i, id) in ids.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let _ = write!(out, "{id}");
    }
    out.push(']');
    out
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// What is wanted, for the error message.
    const WANTED: &'static str;
    fn from_value(value: ValueRef<'_>) -> Option<Self>;
}

macro_rules! from_value {
    ($($t:ty, $wanted:literal: $($p:pat => $e:expr),+;)*) => {$(
        impl FromValue for $t {
            const WANTED: &'static str = $wanted;
            fn from_value(value: ValueRef<'_>) -> Option<Self> {
                match value { $($p => $e,)+ _ => None }
            }
        }
    )*};
}

from_value! {
    i64, "number": ValueRef::Int(n) => Some(n);
    u32, "number from 0 to 2^32": ValueRef::Int(n) => u32::try_from(n).ok();
    bool, "yes or no": ValueRef::Int(n) => Some(n != 0);
    f64, "decimal number": ValueRef::Real(x) => Some(x), ValueRef::Int(n) => Some(n as f64);
    String, "text": ValueRef::Text(t) => Some(t.to_owned());
    Vec<u8>, "byte string": ValueRef::Bytes(b) => Some(b.to_vec());
    Timestamp, "instant": ValueRef::Int(n) => Some(Timestamp(n));
    serde_json::Value, "JSON text": ValueRef::Text(t) => serde_json::from_str(t).ok();
}

impl FromValue for Value {
    const WANTED: &'static str = "value";
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        Some(value.to_owned())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    const WANTED: &'static str = T::WANTED;
    fn from_value(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl ToValue for hg_core::ids::$id {
            fn to_value(self) -> Value { Value::Int(self.0) }
        }
        impl FromValue for hg_core::ids::$id {
            const WANTED: &'static str = "id";
            fn from_value(value: ValueRef<'_>) -> Option<Self> {
                match value { ValueRef::Int(n) => Some(Self(n)), _ => None }
            }
        }
    )*};
}

ids! { ContactId CompanyId CompanySegmentId UserId FieldId TagId SegmentId EmailId SendId RedirectId PageId FormId SubmissionId CampaignId StepId LogId JobId ImportId DeviceId EventId NoteId CategoryId StageId PointActionId PointGroupId PointTriggerId TriggerEventId SenderDomainId SenderKeyId MediaId AttachmentId BlockId CommentId }

pub(crate) fn read<T: FromValue>(value: ValueRef<'_>, column: usize) -> Result<T, StoreError> {
    T::from_value(value).ok_or(StoreError::Type { column, wanted: T::WANTED })
}
