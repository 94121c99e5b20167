//! What must not lie readable in the database: keys, passwords of mailboxes. Encrypted with a key made from the
//! workspace's secret key, so that a copy of the database alone tells nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// The way of writing; another one would begin with another letter.
const MARK: &str = "a:";

fn key(ws: &Workspace) -> Result<LessSafeKey> {
    let broken = |_| Error::internal("the secret key cannot be used");
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&ws.site.secret_key)
        .map_err(|_| Error::internal("the secret key cannot be used"))?;
    mac.update(b"honeyguide secrets 1");
    UnboundKey::new(&CHACHA20_POLY1305, &mac.finalize().into_bytes()).map(LessSafeKey::new).map_err(broken)
}

/// Encrypts. `about` names what it belongs to; it cannot be read under another name.
pub fn seal(ws: &Workspace, about: &str, plain: &[u8]) -> Result<String> {
    let mut nonce = [0; NONCE_LEN];
    ws.chance.fill(&mut nonce);
    let mut bytes = plain.to_vec();
    key(ws)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about.as_bytes()), &mut bytes)
        .map_err(|_| Error::internal("a secret cannot be encrypted"))?;
    Ok(format!("{MARK}{}", STANDARD_NO_PAD.encode([nonce.as_slice(), &bytes].concat())))
}

/// Decrypts what [`seal`] made in this workspace.
pub fn open(ws: &Workspace, about: &str, sealed: &str) -> Result<Vec<u8>> {
    let lost = || {
        Error::unavailable(format!(
            "The stored secret of {about} cannot be read. Was the workspace's secret key changed? Bring the old one back, or enter the secret again."
        ))
    };
    let text = sealed.strip_prefix(MARK).ok_or_else(lost)?;
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| lost())?;
    let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or_else(lost)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| lost())?;
    let mut rest = rest.to_vec();
    let plain = key(ws)?.open_in_place(nonce, Aad::from(about.as_bytes()), &mut rest).map_err(|_| lost())?;
    Ok(plain.to_vec())
}
