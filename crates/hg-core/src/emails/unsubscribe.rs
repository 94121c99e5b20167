//! The proof inside an unsubscribe link: whoever got the mail may act on its address, nobody else.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The secret part of an unsubscribe link: 64 hexadecimal digits, made from the address in lower case.
/// It goes on working after everything about the message has been deleted.
pub fn unsubscribe_secret(key: &[u8], address: &str) -> String {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(address.trim().to_lowercase().as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the secret was made by us for this address.
pub fn verify_unsubscribe_secret(key: &[u8], address: &str, secret: &str) -> bool {
    unsubscribe_secret(key, address).as_bytes().ct_eq(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_the_address_it_was_made_for() {
        let secret = unsubscribe_secret(b"key", "Ada@X.io");
        assert_eq!(secret.len(), 64);
        assert!(verify_unsubscribe_secret(b"key", "ada@x.io", &secret));
        assert!(!verify_unsubscribe_secret(b"key", "bob@x.io", &secret));
        assert!(!verify_unsubscribe_secret(b"other", "ada@x.io", &secret));
        assert!(!verify_unsubscribe_secret(b"key", "ada@x.io", &secret[..63]));
    }
}
