//! Who belongs to a segment, and why.
//!
//! A segment is a tree of conditions, a [`Filter`], as people draw it in the builder and as the API
//! carries it. [`Plan::of`] checks it against the fields of the workspace and takes it apart into
//! *leaves*: each leaf is one question about a contact with a plain yes or no, so that "and", "or" and
//! "not" are ordinary algebra and NULL is nobody's business but the leaf's. There are two kinds:
//! a [`Question::Column`] looks at a value of the contact itself (all of them are answered in one shared
//! scan), a [`Question::Related`] at rows that hang on the contact: tags, consents, mails, clicks, hits.
//!
//! The same plan answers for one contact, from [`Facts`], and for all of them, when the storage layer
//! brings one bitmap per leaf to [`Plan::combine`]. Relative dates become instants when a plan is set to
//! a [`Moment`] by [`Plan::at`]: one `now` for a whole evaluation.

mod behaviour;
mod build;
mod catalogue;
mod compat;
mod dates;
mod eval;
mod explain;
mod filter;
mod kinds;
mod leaf;
mod of_companies;
mod operator;
mod piece;
mod plan;
mod share;
mod text_test;
#[cfg(test)]
mod vectors;

pub use catalogue::{FilterField, PRIMARY, Subject, canonical_name, catalogue, find_field};
pub use compat::{from_flat, to_flat};
pub use dates::Window;
pub use eval::{Columns, Facts, RelatedRow, Scratch, StoredValue, Value};
pub use explain::Explained;
pub use filter::{Condition, Filter, FilterError, Match, Rule};
pub use kinds::{FieldKind, ValueKind};
pub use leaf::{Bounds, ColumnRef, ColumnTest, DateTest, Leaf, NumberTest, Quantifier, Question, Relation, RowTest, TextColumn};
pub use of_companies::company_catalogue;
pub use operator::Operator;
pub use piece::{PIECE_IDS, Piece};
pub use plan::{Dependencies, Moment, Node, Plan};
pub use text_test::TextTest;
