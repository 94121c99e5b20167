//! How text is compared everywhere in the product.
//!
//! Filters and searches promise that neither case nor accents nor trailing blanks count. Databases
//! disagree about each of these, so the promise is kept here, by one function: two texts are equal
//! when their [`fold`]ed forms are equal. Unique identifiers are stricter: an e-mail address is
//! trimmed, composed and lower-cased and its domain is written in ASCII, but its accents count.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The form of a text in which case, accents and trailing blanks are gone.
///
/// ```
/// use hg_core::text::fold;
/// assert_eq!(fold("Plzeň "), "plzen");
/// assert_eq!(fold("STRASSE"), fold("straße"));
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// As [`fold`], into a buffer that the caller keeps: a scan over a million contacts allocates once.
pub fn fold_into(text: &str, folded: &mut String) {
    folded.clear();
    if text.is_ascii() {
        folded.push_str(text);
        folded.make_ascii_lowercase();
    } else {
        let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
        for upper in bare.flat_map(char::to_uppercase) {
            folded.extend(upper.to_lowercase().filter(|c| !is_combining_mark(*c)));
        }
    }
    folded.truncate(folded.trim_end().len());
}

/// Whether two texts are the same to a person, without allocating for the plain case.
pub fn same(text: &str, folded: &str, buffer: &mut String) -> bool {
    if text.is_ascii() {
        return text.trim_end().eq_ignore_ascii_case(folded);
    }
    fold_into(text, buffer);
    buffer == folded
}

/// Removes accents but keeps case: what a regular expression is written with.
pub fn without_marks(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).collect()
}

/// Letters, digits and a separator, the way aliases of segments and fields are made from names.
///
/// ```
/// use hg_core::text::slug;
/// assert_eq!(slug("Été à Plzeň!", '-'), "ete-a-plzen");
/// ```
pub fn slug(text: &str, separator: char) -> String {
    let mut slug = String::new();
    for c in fold(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with(separator) {
            slug.push(separator);
        }
    }
    slug.truncate(slug.trim_end_matches(separator).len());
    slug
}

/// What is wrong with an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    #[error("an e-mail address needs exactly one @")]
    NoAt,
    #[error("the part before the @ is not allowed in an e-mail address")]
    Local,
    #[error("the part after the @ is not a domain name")]
    Domain,
    #[error("an e-mail address has at most 254 characters")]
    TooLong,
}

/// An e-mail address that can exist: as it is written, and the key that makes it unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    written: String,
    key: String,
}

impl Email {
    /// Checks and normalises an address.
    ///
    /// ```
    /// use hg_core::text::Email;
    /// let email = Email::parse(" Ada@Exämple.ORG ").unwrap();
    /// assert_eq!(email.written(), "Ada@Exämple.ORG");
    /// assert_eq!(email.key(), "ada@xn--exmple-cua.org");
    /// ```
    pub fn parse(text: &str) -> Result<Email, EmailError> {
        let text = text.trim();
        let written: String = if text.is_ascii() { text.to_owned() } else { text.nfc().collect() };
        if written.len() > 254 {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = written.rsplit_once('@').ok_or(EmailError::NoAt)?;
        if local.contains('@') {
            return Err(EmailError::NoAt);
        }
        if !is_local_part(local) {
            return Err(EmailError::Local);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::Domain)?;
        if !is_mail_domain(&domain) {
            return Err(EmailError::Domain);
        }
        let key = format!("{}@{domain}", local.to_lowercase());
        Ok(Email { written, key })
    }

    /// The address as the person wrote it, without blanks around it.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The form that is compared: two addresses with one key are one address.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The domain in ASCII.
    pub fn domain(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_local_part(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| {
            c.is_ascii_alphanumeric()
                || "!#$%&'*+/=?^_`{|}~.-".contains(c)
                || (!c.is_ascii() && !c.is_whitespace() && !c.is_control())
        })
}

fn is_mail_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let last = labels.last().copied().unwrap_or("");
    labels.len() >= 2
        && domain.len() <= 253
        && labels.iter().all(|label| !label.is_empty() && label.len() <= 63)
        && !last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neither_case_nor_accents_nor_trailing_blanks_count() {
        for (a, b) in [
            ("Praha", "PRAHA  "),
            ("Plzeň", "plzen"),
            ("Σίσυφος", "σισυφοσ"),
            ("ﬁn", "FIN"),
            ("ＡＢＣ", "abc"),
            ("İzmir", "izmir"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
        assert_ne!(fold(" a"), fold("a"), "leading blanks do count");
    }

    #[test]
    fn an_address_is_one_address_however_it_is_written() {
        let keys =
            ["ada@example.org", " ADA@EXAMPLE.ORG ", "Ada@Example.Org"].map(|t| Email::parse(t).unwrap().key().to_string());
        assert!(keys.iter().all(|key| key == "ada@example.org"), "{keys:?}");
        assert_ne!(Email::parse("jose@example.org").unwrap().key(), Email::parse("josé@example.org").unwrap().key());
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (text, error) in [
            ("ada", EmailError::NoAt),
            ("a@b@c.org", EmailError::NoAt),
            ("@example.org", EmailError::Local),
            ("a b@example.org", EmailError::Local),
            (".a@example.org", EmailError::Local),
            ("a..b@example.org", EmailError::Local),
            ("ada@localhost", EmailError::Domain),
            ("ada@-x.org", EmailError::Domain),
            ("ada@exa mple.org", EmailError::Domain),
            ("ada@1.2.3.4", EmailError::Domain),
        ] {
            assert_eq!(Email::parse(text).map(|e| e.key), Err(error), "{text}");
        }
        let long = format!("{}@example.org", "x".repeat(250));
        assert_eq!(Email::parse(&long).map(|e| e.key), Err(EmailError::TooLong));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }

        #[test]
        fn comparing_without_a_buffer_agrees_with_folding(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            let mut buffer = String::new();
            prop_assert_eq!(same(&a, &fold(&b), &mut buffer), fold(&a) == fold(&b));
        }
    }
}
