//! People who sign in: accounts with a role, passwords (argon2id), sessions, lock-out, Basic sign-in for the APIs.
//!
//! A session is a random token of which only the hash is stored; each has a CSRF token of its own. Five wrong
//! passwords within a quarter of an hour lock the account and the address they came from for as long. At most two
//! password checks run at once, so that a flood of sign-ins cannot take the machine; verified Basic credentials are
//! remembered for five minutes under a keyed hash.

mod model;
mod password;
mod service;
mod sign_in;
mod store;

pub use model::{NewUser, SessionInfo, Setup, User, UserError, UserPatch};
pub use service::{
    change_password, create, delete, end_every_session, ensure_first_administrator, get, list, needs_setup, owners, set_up,
    update,
};
pub use sign_in::{authenticate_basic, sign_in, sign_out, who};
pub use store::{checked_owner, names};
