//! argon2id, two at a time.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hg_core::ids::Chance;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use super::model::UserError;
use crate::error::{Error, Result};

/// Memory in KiB, passes, lanes: the second recommended option of RFC 9106 cut to 19 MiB (OWASP), so that two at once
/// fit the memory budget of a small server.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const LEAST_CHARACTERS: usize = 10;

/// At most two hashes are computed at once.
pub(super) struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(2))
    }
}

/// Refuses what everybody would guess.
pub(super) fn check_strength(password: &str, email: &str) -> Result<(), UserError> {
    const COMMON: [&str; 12] = [
        "password",
        "passwort",
        "honeyguide",
        "1234567890",
        "qwertyuiop",
        "letmein",
        "iloveyou",
        "administrator",
        "welcome",
        "changeme",
        "0123456789",
        "abcdefghij",
    ];
    let lower = password.to_lowercase();
    let weak = password.chars().count() < LEAST_CHARACTERS
        || lower == email.to_lowercase()
        || COMMON
            .iter()
            .any(|c| lower.trim_end_matches(|ch: char| ch.is_ascii_digit() || ch.is_ascii_punctuation()) == *c || lower == *c)
        || lower.chars().all(|c| lower.starts_with(c));
    if weak { Err(UserError::WeakPassword { least: LEAST_CHARACTERS }) } else { Ok(()) }
}

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
pub(super) async fn hash(gate: &Gate, chance: &dyn Chance, password: &str) -> Result<String> {
    let mut salt = [0u8; SALT_BYTES];
    chance.fill(&mut salt);
    let out = derive(gate, password.to_owned(), salt.to_vec(), (MEMORY_KIB, PASSES, LANES)).await?;
    Ok(format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(out)
    ))
}

/// Whether the password is the one that was hashed.
pub(super) async fn verify(gate: &Gate, password: &str, stored: &str) -> Result<bool> {
    let Some((cost, salt, wanted)) = parse(stored) else { return Ok(false) };
    let out = derive(gate, password.to_owned(), salt, cost).await?;
    Ok(out.ct_eq(&wanted).into())
}

/// Costs the same time as a real check, so that nobody can tell unknown addresses from wrong passwords.
pub(super) async fn pretend(gate: &Gate, password: &str) -> Result<()> {
    derive(gate, password.to_owned(), vec![0; SALT_BYTES], (MEMORY_KIB, PASSES, LANES)).await.map(drop)
}

type Cost = (u32, u32, u32);

fn parse(stored: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut cost = parts.next()?.split(',').map(|p| p.split_once('=').and_then(|(_, n)| n.parse::<u32>().ok()));
    let cost = (cost.next()??, cost.next()??, cost.next()??);
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    Some((cost, salt, hash))
}

async fn derive(gate: &Gate, password: String, salt: Vec<u8>, (m, t, p): Cost) -> Result<Vec<u8>> {
    let _turn = gate.0.acquire().await.map_err(|e| Error::internal(e.to_string()))?;
    let run = move || {
        let params = Params::new(m, t, p, Some(HASH_BYTES)).map_err(|e| Error::internal(e.to_string()))?;
        let mut out = vec![0u8; HASH_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &salt, &mut out)
            .map_err(|e| Error::internal(e.to_string()))?;
        Ok(out)
    };
    tokio::task::spawn_blocking(run).await.map_err(|e| Error::internal(e.to_string()))?
}
