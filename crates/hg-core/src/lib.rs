//! hg-core
