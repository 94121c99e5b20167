//! Signing what leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hg_core::deliverability::{Algorithm, Signable, dkim};
use hg_core::time::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest, Sha256};

use super::store;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::secrets;

enum Key {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

/// Everything that signs, by domain.
#[derive(Default)]
pub(crate) struct Signers {
    ids: Vec<i64>,
    by_domain: HashMap<String, Vec<Signer>>,
}

/// The ones read last; keys never change, so their ids say whether they are still right.
#[derive(Default)]
struct Known(Mutex<Arc<Signers>>);

/// The keys that sign now.
pub(crate) async fn signers(cx: &Cx) -> Result<Arc<Signers>> {
    let known = cx.ws.part::<Known>();
    let before = known.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let active = cx.db().read(store::active_keys).await?;
    if active.iter().map(|k| k.id.0).eq(before.ids.iter().copied()) {
        return Ok(before);
    }
    let mut signers = Signers::default();
    for key in active {
        signers.ids.push(key.id.0);
        let opened = secrets::open(&cx.ws, &key.about(), &key.sealed).and_then(|private| match key.algorithm {
            Algorithm::Ed25519 => {
                Ed25519KeyPair::from_seed_unchecked(&private).map(Key::Ed25519).map_err(|e| Error::internal(e.to_string()))
            }
            Algorithm::Rsa => {
                RsaKeyPair::from_pkcs8(&private).map(|k| Key::Rsa(Box::new(k))).map_err(|e| Error::internal(e.to_string()))
            }
        });
        match opened {
            Ok(opened) => signers.by_domain.entry(key.domain.clone()).or_default().push(Signer {
                domain: key.domain,
                selector: key.selector,
                key: opened,
            }),
            // Mail without a signature is better than no mail.
            Err(error) => {
                tracing::error!(domain = %key.domain, selector = %key.selector, error = %error.detail, "A key cannot sign")
            }
        }
    }
    let signers = Arc::new(signers);
    *known.0.lock().unwrap_or_else(PoisonError::into_inner) = signers.clone();
    Ok(signers)
}

impl Signers {
    /// Puts the signatures of the sender's domain in front; of the domain above it, if it has none of its own.
    pub(crate) fn sign(&self, sender: &str, message: Vec<u8>, at: Timestamp) -> Vec<u8> {
        if self.by_domain.is_empty() {
            return message;
        }
        let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
        let mut name = domain.as_str();
        let found = loop {
            match (self.by_domain.get(name), name.split_once('.')) {
                (Some(signers), _) => break signers,
                (None, Some((_, above))) => name = above,
                (None, None) => return message,
            }
        };
        let Some(ready) = Signable::of(&message) else { return message };
        let mut signed = Vec::with_capacity(message.len() + 1_536);
        for signer in found {
            if let Some(header) = signer.header(&ready, at) {
                signed.extend_from_slice(header.as_bytes());
            }
        }
        signed.extend_from_slice(&message);
        signed
    }
}

impl Signer {
    fn header(&self, ready: &Signable, at: Timestamp) -> Option<String> {
        let (domain, selector) = (&self.domain, &self.selector);
        match &self.key {
            Key::Ed25519(pair) => {
                let (header, bytes) = ready.to_sign(domain, selector, Algorithm::Ed25519, at);
                Some(dkim::with_signature(header, pair.sign(&Sha256::digest(bytes)).as_ref()))
            }
            Key::Rsa(pair) => {
                let (header, bytes) = ready.to_sign(domain, selector, Algorithm::Rsa, at);
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &bytes, &mut signature).ok()?;
                Some(dkim::with_signature(header, &signature))
            }
        }
    }
}
