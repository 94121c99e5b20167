//! Making keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_core::deliverability::Algorithm;
use hg_core::ids::Chance;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::{CryptoRng, Error as RngError, RngCore};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{RsaPrivateKey, RsaPublicKey};

use crate::error::{Error, Result};

/// What every mail server reads; longer ones do not fit into a DNS answer.
const RSA_BITS: usize = 2_048;

/// A new pair: the public half as it stands in the DNS, the private one as it is encrypted.
pub(super) struct Pair {
    pub public: String,
    pub private: Vec<u8>,
}

/// The product's chance, for whoever asks in another language.
struct Dice<'c>(&'c dyn Chance);

impl RngCore for Dice<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), RngError> {
        self.0.fill(dest);
        Ok(())
    }
}

impl CryptoRng for Dice<'_> {}

/// Makes a pair. RSA takes a second or two.
pub(super) fn make(algorithm: Algorithm, chance: &dyn Chance) -> Result<Pair> {
    match algorithm {
        Algorithm::Ed25519 => {
            let mut seed = [0; 32];
            chance.fill(&mut seed);
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|e| Error::internal(e.to_string()))?;
            Ok(Pair { public: STANDARD.encode(pair.public_key().as_ref()), private: seed.to_vec() })
        }
        Algorithm::Rsa => rsa_pair(chance).map_err(|e| Error::internal(format!("no RSA key could be made: {e}"))),
    }
}

fn rsa_pair(chance: &dyn Chance) -> Result<Pair, Box<dyn std::error::Error>> {
    let made = RsaPrivateKey::new(&mut Dice(chance), RSA_BITS)?;
    // Whoever signs with it wants the larger prime first.
    let mut primes = made.primes().to_vec();
    primes.sort();
    primes.reverse();
    let key = RsaPrivateKey::from_components(made.n().clone(), made.e().clone(), made.d().clone(), primes)?;
    let public = RsaPublicKey::from(&key).to_public_key_der()?;
    Ok(Pair { public: STANDARD.encode(public.as_bytes()), private: key.to_pkcs8_der()?.as_bytes().to_vec() })
}
