//! Variants of an email: who gets which, and when one of them may be called the better one.
//!
//! **Who gets which** is a hash of the family and the contact, cut by the weights. It needs no memory, never drifts, gives
//! the same answer to parallel workers, after a crash, and when a message is planned twice.
//!
//! **The better one.** Looking at a test every day and stopping when one variant is ahead finds a winner in almost every
//! test, differences or not. The intervals here hold at every look at once. They rest on the responses alone: if two
//! variants are equally good, each new response comes from the first with the chance `n1 / (n1 + n2)`, however many people
//! respond and however late. How strongly the responses speak against a share θ is the likelihood of what was seen under a
//! beta mixture over all shares, divided by its likelihood under θ. Under the true θ that ratio is a martingale from 1, so
//! it ever reaches 1/α with a chance of at most α; the shares where it is below 1/α are the interval.

/// How sure a winner must be: the chance of naming one where there is no difference, over the whole test.
pub const ALPHA: f64 = 0.05;
/// How many responses the mixture is worth.
const PRIOR: f64 = 20.0;

/// What a test counts as a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Opened.
    Opens,
    /// Clicked.
    Clicks,
}

impl Criterion {
    /// The key of the API.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Clicks => "clicks",
        }
    }

    /// Reads a key, also those of older programs.
    pub fn of(key: &str) -> Option<Self> {
        match key {
            "opens" | "email.openrate" => Some(Self::Opens),
            "clicks" | "email.clickthrough" => Some(Self::Clicks),
            _ => None,
        }
    }
}

/// The members of a family between whom a contact's share decides: the children's numbers and weights in percent.
pub fn pick_variant(family: i64, contact: i64, weights: &[(i64, i64)]) -> Option<i64> {
    let place = bucket(family, contact, 1);
    let mut upper = 0;
    for (id, weight) in weights {
        upper += u64::try_from((*weight).clamp(0, 100)).unwrap_or(0) * 100;
        if place < upper {
            return Some(*id);
        }
    }
    None
}

/// Whether a contact takes part in the test of a family of which `share` percent are tested.
pub fn takes_part(family: i64, contact: i64, share: i64) -> bool {
    bucket(family, contact, 2) < u64::try_from(share.clamp(0, 100)).unwrap_or(0) * 100
}

/// A place from 0 to 9,999 that looks random and is always the same.
fn bucket(family: i64, contact: i64, salt: u64) -> u64 {
    let mut x = (family as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (contact as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
        ^ salt.wrapping_mul(0x1656_67B1_9E37_79F9);
    for _ in 0..2 {
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 31;
    }
    x % 10_000
}

/// The translation for a reader's language: the exact one, else the first of the same language, else none.
pub fn pick_translation<'a, T>(wanted: &str, own: &str, others: &'a [(String, T)]) -> Option<&'a T> {
    let wanted = plain(wanted);
    if wanted.is_empty() || wanted == plain(own) {
        return None;
    }
    if let Some((_, found)) = others.iter().find(|(language, _)| plain(language) == wanted) {
        return Some(found);
    }
    let head = |language: &str| plain(language).chars().take(2).collect::<String>();
    if head(own) == head(&wanted) {
        return None;
    }
    others.iter().find(|(language, _)| head(language) == head(&wanted)).map(|(_, found)| found)
}

fn plain(language: &str) -> String {
    language.trim().to_ascii_lowercase().replace('-', "_")
}

/// What was counted of one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arm {
    /// Messages that went out.
    pub sent: i64,
    /// People of these who responded.
    pub responses: i64,
}

impl Arm {
    /// The share that responded.
    pub fn rate(self) -> f64 {
        if self.sent == 0 { 0.0 } else { self.responses as f64 / self.sent as f64 }
    }
}

/// How much better one variant does than another: a ratio of rates with its interval, which holds at every look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lift {
    /// The best guess; none without responses of both.
    pub ratio: Option<f64>,
    /// From here.
    pub low: f64,
    /// To here; infinite while nothing speaks against it.
    pub high: f64,
}

/// Compares two variants with the chance `alpha` of ever missing the truth.
pub fn lift(a: Arm, b: Arm, alpha: f64) -> Lift {
    let (x, y) = (a.responses.max(0) as f64, b.responses.max(0) as f64);
    if a.sent <= 0 || b.sent <= 0 || x + y == 0.0 {
        return Lift { ratio: None, low: 0.0, high: f64::INFINITY };
    }
    let fair = a.sent as f64 / (a.sent + b.sent) as f64;
    let (p, q) = (PRIOR * fair, PRIOR * (1.0 - fair));
    let mixture = ln_beta(p + x, q + y) - ln_beta(p, q);
    let limit = (1.0 / alpha).ln();
    let against = |share: f64| mixture - x * share.ln() - y * (1.0 - share).ln() - limit;
    let seen = (x / (x + y)).clamp(1e-12, 1.0 - 1e-12);
    let (low, high) = (edge(&against, 1e-12, seen), edge(&against, 1.0 - 1e-12, seen));
    let ratio_of = |share: f64| share / (1.0 - share) * (1.0 - fair) / fair;
    Lift {
        ratio: (x > 0.0 && y > 0.0).then(|| ratio_of(seen)),
        low: if x == 0.0 { 0.0 } else { ratio_of(low) },
        high: if y == 0.0 { f64::INFINITY } else { ratio_of(high) },
    }
}

/// Where the evidence passes the limit between the far end and what was seen.
fn edge(against: &dyn Fn(f64) -> f64, far: f64, seen: f64) -> f64 {
    let (mut out, mut inside) = (far, seen);
    if against(far) < 0.0 {
        return far;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(out, inside);
        if against(middle) < 0.0 { inside = middle } else { out = middle }
    }
    inside
}

/// The variant that is better than every other one, if the figures say so at this and every other look.
pub fn winner(arms: &[Arm]) -> Option<usize> {
    let pairs = arms.len() * arms.len().saturating_sub(1) / 2;
    if pairs == 0 {
        return None;
    }
    let alpha = ALPHA / pairs as f64;
    (0..arms.len())
        .find(|best| (0..arms.len()).filter(|other| other != best).all(|other| lift(arms[*best], arms[other], alpha).low > 1.0))
}

/// The variant with the best rate so far; none while nobody responded.
pub fn leader(arms: &[Arm]) -> Option<usize> {
    let best = arms.iter().enumerate().filter(|(_, arm)| arm.sent > 0).max_by(|(_, a), (_, b)| a.rate().total_cmp(&b.rate()))?;
    (best.1.responses > 0).then_some(best.0)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// Stirling's series, after stepping up to where it is exact to twelve digits.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut steps) = (x, 0.0);
    while x < 10.0 {
        steps -= x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    steps + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}
