//! Reading contact lists out of files that other programs wrote.
//!
//! Nothing is taken for granted: the [`Encoding`] and the delimiter are found out from the beginning of the file
//! ([`sniff`]), the mapping of columns to fields is guessed from the head line ([`guess_mapping`]) and can be
//! changed, and each row is read on its own ([`Mapping::read_row`]): a broken row is rejected with a reason and
//! never takes its neighbours along. Files are read as streams ([`Decoder`]), so that their size does not matter.

mod decode;
mod mapping;
mod row;
mod sniff;

pub use decode::{Decoder, Encoding};
pub use mapping::{
    Column, Mapping, MappingError, Object, Policy, Target, guess_company_mapping, guess_mapping, special_targets,
    special_targets_of_companies,
};
pub use row::{NewRow, Rejected};
pub use sniff::{SniffError, Sniffed, sniff};
