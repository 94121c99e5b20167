//! Every statement about sender domains and keys.

use std::collections::HashMap;

use hg_core::deliverability::Algorithm;
use hg_core::ids::{SenderDomainId, SenderKeyId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use super::model::{KeyState, SenderDomain, SenderKey, Stored};
use crate::error::{Error, Result};

/// A key with its secret, for whoever signs.
pub(super) struct SealedKey {
    pub id: SenderKeyId,
    pub domain: String,
    pub selector: String,
    pub algorithm: Algorithm,
    pub sealed: String,
}

impl SealedKey {
    pub fn about(&self) -> String {
        about(&self.domain, &self.selector)
    }
}

/// The name under which a private key is encrypted.
pub(super) fn about(domain: &str, selector: &str) -> String {
    format!("the key {selector} of {domain}")
}

/// The keys that sign, in a fixed order: the modern one first.
pub(super) fn active_keys(tx: &mut Tx<'_>) -> Result<Vec<SealedKey>> {
    let text = "SELECT k.id, d.name, k.selector, k.algorithm, k.private_key FROM sender_keys k \
                JOIN sender_domains d ON d.id = k.domain_id AND d.deleted_at IS NULL \
                WHERE k.state = 'active' ORDER BY d.name, k.algorithm, k.id";
    let read = |r: &Row<'_>| {
        Ok(SealedKey {
            id: r.get(0)?,
            domain: r.get(1)?,
            selector: r.get(2)?,
            algorithm: Algorithm::of_key(&r.get::<String>(3)?).unwrap_or(Algorithm::Rsa),
            sealed: r.get(4)?,
        })
    };
    Ok(tx.all(text, read)?)
}

const DOMAIN: &str = "SELECT id, version, created_at, updated_at, name, checked_at, findings FROM sender_domains";

/// A domain without its lines, and what was found.
pub(super) type Found = (SenderDomain, Vec<Stored>);

fn read_domain(r: &Row<'_>) -> hg_store::Result<Found> {
    let domain = SenderDomain {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        name: r.get(4)?,
        checked_at: r.get(5)?,
        keys: Vec::new(),
        records: Vec::new(),
    };
    let findings: Option<serde_json::Value> = r.get(6)?;
    Ok((domain, findings.and_then(|f| serde_json::from_value(f).ok()).unwrap_or_default()))
}

/// All domains by name, with their keys.
pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<Found>> {
    let mut domains = tx.all(format!("{DOMAIN} WHERE deleted_at IS NULL ORDER BY name"), read_domain)?;
    let ids: Vec<i64> = domains.iter().map(|d| d.0.id.0).collect();
    let mut keys = keys_of(tx, &ids)?;
    for (domain, _) in &mut domains {
        domain.keys = keys.remove(&domain.id).unwrap_or_default();
    }
    Ok(domains)
}

pub(super) fn one(tx: &mut Tx<'_>, id: SenderDomainId) -> Result<Found> {
    let found = tx.opt(Sql::new(format!("{DOMAIN} WHERE id = $1 AND deleted_at IS NULL")).bind(id), read_domain)?;
    let (mut domain, findings) = found.ok_or_else(|| Error::not_found("sender domain", id))?;
    domain.keys = keys_of(tx, &[id.0])?.remove(&id).unwrap_or_default();
    Ok((domain, findings))
}

fn keys_of(tx: &mut Tx<'_>, domains: &[i64]) -> Result<HashMap<SenderDomainId, Vec<SenderKey>>> {
    let text = "SELECT domain_id, id, selector, algorithm, public_key, state, state_at, created_at FROM sender_keys \
                WHERE domain_id @in($1) ORDER BY id DESC";
    let rows = tx.all(Sql::new(text).bind(domains), |r| {
        let key = SenderKey {
            id: r.get(1)?,
            selector: r.get(2)?,
            algorithm: Algorithm::of_key(&r.get::<String>(3)?).unwrap_or(Algorithm::Rsa),
            public_key: r.get(4)?,
            state: KeyState::of_key(&r.get::<String>(5)?),
            state_at: r.get(6)?,
            created_at: r.get(7)?,
        };
        Ok((r.get::<SenderDomainId>(0)?, key))
    })?;
    let mut keys: HashMap<SenderDomainId, Vec<SenderKey>> = HashMap::new();
    for (domain, key) in rows {
        keys.entry(domain).or_default().push(key);
    }
    Ok(keys)
}

pub(super) fn set_state(tx: &mut Tx<'_>, now: Timestamp, key: SenderKeyId, state: KeyState) -> Result<()> {
    let sql = Sql::new("UPDATE sender_keys SET state = $2, state_at = $3 WHERE id = $1");
    tx.exec(sql.bind(key).bind(state.key()).bind(now))?;
    Ok(())
}

/// Lets a key sign in place of those of its kind before it.
pub(super) fn activate(tx: &mut Tx<'_>, now: Timestamp, domain: &SenderDomain, key: &SenderKey) -> Result<()> {
    for old in domain.keys.iter().filter(|k| k.state == KeyState::Active && k.algorithm == key.algorithm && k.id != key.id) {
        set_state(tx, now, old.id, KeyState::Retired)?;
    }
    set_state(tx, now, key.id, KeyState::Active)
}

pub(super) struct NewKey {
    pub selector: String,
    pub algorithm: Algorithm,
    pub public: String,
    pub sealed: String,
}

pub(super) fn insert_key(tx: &mut Tx<'_>, now: Timestamp, domain: SenderDomainId, key: &NewKey) -> Result<()> {
    tx.exec(
        Sql::new(
            "INSERT INTO sender_keys (created_at, domain_id, selector, algorithm, public_key, private_key, state, state_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $1)",
        )
        .bind(now)
        .bind(domain)
        .bind(&key.selector)
        .bind(key.algorithm.key())
        .bind(&key.public)
        .bind(&key.sealed)
        .bind(KeyState::Waiting.key()),
    )?;
    Ok(())
}
