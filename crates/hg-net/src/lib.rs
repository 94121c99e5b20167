//! hg-net
