//! hg-app
