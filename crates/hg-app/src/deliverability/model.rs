use hg_core::deliverability::{Algorithm, Finding};
use hg_core::ids::{SenderDomainId, SenderKeyId};
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A domain that mail is sent from.
#[derive(Debug, Clone, PartialEq)]
pub struct SenderDomain {
    pub id: SenderDomainId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub name: String,
    pub checked_at: Option<Timestamp>,
    pub keys: Vec<SenderKey>,
    /// The lines to paste, each with what was found.
    pub records: Vec<DnsRecord>,
}

/// Where a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    Waiting,
    Active,
    Retired,
}

impl KeyState {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    pub fn of_key(key: &str) -> Self {
        match key {
            "active" => Self::Active,
            "retired" => Self::Retired,
            _ => Self::Waiting,
        }
    }
}

/// A key that signs; its private half stays in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderKey {
    pub id: SenderKeyId,
    pub selector: String,
    pub algorithm: Algorithm,
    pub public_key: String,
    pub state: KeyState,
    pub state_at: Timestamp,
    pub created_at: Timestamp,
}

/// A line of the DNS that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsRecord {
    /// `spf`, `dkim`, `dmarc`, `return_path` or `tracking`.
    pub purpose: &'static str,
    pub name: String,
    /// `TXT`, `MX` or `A`.
    pub kind: &'static str,
    /// What to paste; empty where only somebody else can know it.
    pub value: String,
    pub finding: Finding,
    pub reason: String,
    /// What stands there.
    pub found: Vec<String>,
}

/// A finding as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub purpose: String,
    pub name: String,
    pub finding: String,
    pub reason: String,
    pub found: Vec<String>,
}
