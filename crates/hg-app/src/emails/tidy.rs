//! HTML from Word, cleaned on wish; what the author wrote is changed by nobody else.

use hg_core::emails::{Tidied, tidy_word};

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// As long as the source of an email may be.
const LONGEST: usize = 2 * 1024 * 1024;

/// Cleans HTML that Word or Outlook wrote. Nothing is stored.
pub fn tidy(cx: &Cx, source: &str) -> Result<Tidied> {
    cx.may(Action::Edit(Area::Emails))?;
    if source.len() > LONGEST {
        return Err(Error::field("/source", "too-long", "2 MB of HTML fit here. Take it over in parts."));
    }
    Ok(tidy_word(source))
}
