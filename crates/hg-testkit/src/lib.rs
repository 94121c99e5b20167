//! hg-testkit
