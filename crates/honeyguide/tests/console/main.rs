//! The commands of the real binary, on both databases, most of them beside a running server.

mod backup;
mod explain;
mod exports;
mod house;
