//! Tokens: the places in an email, page or redirect that are filled in for each person.
//!
//! A text is parsed once into a [`Template`]: literal parts and [`Token`]s. Rendering then walks the
//! parts and asks a [`TokenFacts`] for the values, which costs about as much as copying the text.
//! The rules: names are found in any case, also percent-encoded as editors write them inside links;
//! a value is never looked at again for tokens; values are escaped for the place they go to, while
//! what the author wrote (defaults, surrounding text) is not; an unknown `{word}` stays as it is, so
//! that style sheets survive; a known token without a value becomes empty.
//!
//! Who calls it: `emails` for messages, `hg-app` for pages, redirects and sender names.

mod escape;
pub(crate) mod parse;
mod php_date;
mod relative;
mod render;
mod signature;

pub use escape::{decode_entities, encode_component, encode_form, escape_html, escaped_html, one_line, readable, strip_tags};
pub use jiff::Zoned;
pub use parse::{FieldModifier, OwnText, OwnUrl, Template, TodayFormat, Token, Warning};
pub use php_date::format_date;
pub use relative::shift_date;
pub use render::{DateFormats, Place, TokenFacts, Value, ValueKind};
pub use signature::{Owner, signature};
