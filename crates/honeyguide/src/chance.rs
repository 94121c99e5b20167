//! The only source of real randomness of the product.

use hg_core::ids::Chance;

/// The operating system's generator.
pub struct SystemChance;

impl Chance for SystemChance {
    #[allow(clippy::disallowed_methods)]
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness nothing safe can be made: keys, tokens, salts.
        getrandom::fill(bytes).unwrap_or_else(|e| panic!("the operating system gives no randomness: {e}"));
    }
}
