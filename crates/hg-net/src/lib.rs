//! Adapters for the outside world: everything that opens a socket outward.
//!
//! # How to add an adapter
//! The port (a trait) lives in `hg-app` next to the use cases that need it; here is one folder per
//! protocol that implements it. Adapters decide nothing: they speak a protocol and sort what comes back
//! into the few outcomes that the port knows.

pub mod apis;
pub mod dns;
pub mod imap;
pub mod smtp;
pub mod web;
