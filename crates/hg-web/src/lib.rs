//! hg-web
