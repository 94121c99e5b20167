//! Companies: what is known about them, and which contacts belong to which.
//!
//! A company is one row with a column for each of its fields, as a contact is. Contacts belong to any number of companies;
//! one of them is the primary one, whose name stands in the contact's field `company`. Whatever door that text comes
//! through, [`save::write`](crate::contacts) asks [`employer`] for the company of that name, which is made when
//! nobody knows it. A change that concerns many contacts (a new name, a deletion, a merge) is written for the first of them at
//! once and for the others by [`FollowJob`], piece by piece; every contact reached is queued, so that her segments follow.

mod adopt;
mod employer;
mod error;
mod export;
mod follow;
mod imported;
mod links;
mod list;
mod log;
mod model;
mod row;
mod save;
mod search;
mod service;
mod tags;

pub use adopt::AdoptJob;
pub(crate) use employer::{Names, employ, employer_values};
pub use error::CompanyProblem;
pub(crate) use export::{export_columns, export_rows};
pub use export::{export_page, export_start};
pub use follow::FollowJob;
pub(crate) use follow::sorted;
pub(crate) use imported::{delete_made, fill, put_back};
pub(crate) use links::{absorb, leave, link_many_in, links_in, unlink_many_in};
pub use links::{contacts_of, link, links_of, make_primary, replace_links, replace_links_in, score_companies_of, unlink};
pub use list::list;
pub use log::{CompanyMoment, moments};
pub use model::{Company, CompanyInput, CompanyLink, CompanyMember};
pub(crate) use row::load_many;
pub(crate) use save::{Change, find_by_unique};
pub(crate) use service::write_in;
pub use service::{change_score, create, create_twin, delete, delete_many, get, load, merge, restore, survivor, update};
