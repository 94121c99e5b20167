//! HTML that Word or Outlook wrote, without what only they read: conditional comments, islands of XML, tags and
//! namespaces of Office, `mso-` styles, `Mso` classes, empty spans. Words, links, tables and images stay as they are,
//! paragraphs that Word draws as lists become lists. One pass; what it takes grows with the length of the text alone.

mod attributes;
mod cleaner;
mod css;
mod lists;
mod scan;
#[cfg(test)]
mod tests;

use serde::Serialize;

/// What was taken out, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rubbish {
    /// Comments that only some programs read.
    pub comments: usize,
    /// Islands of XML.
    pub islands: usize,
    /// Tags of Office, such as `<o:p>`, and what its head says about itself.
    pub tags: usize,
    /// Declarations of styles that only Word reads.
    pub styles: usize,
    /// Rules of style sheets for Word's own classes.
    pub rules: usize,
    /// Word's classes.
    pub classes: usize,
    /// Namespaces and other attributes of Office.
    pub attributes: usize,
    /// Spans that say nothing.
    pub spans: usize,
    /// Paragraphs that became items of lists.
    pub items: usize,
}

/// What is left, and what was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tidied {
    pub html: String,
    pub taken: Rubbish,
}

/// Cleans HTML from Word or Outlook. Anything else comes back as it was, but for comments that only Outlook reads and
/// spans that say nothing.
///
/// ```
/// use hg_core::emails::tidy_word;
/// let done = tidy_word("<p class=MsoNormal style='mso-pagination:none'>Hi <span><b>Ann</b></span><o:p></o:p></p>");
/// assert_eq!(done.html, "<p>Hi <b>Ann</b></p>");
/// ```
pub fn tidy_word(html: &str) -> Tidied {
    cleaner::clean(html)
}

/// Whether HTML comes from Word or Outlook. What mail designers write for Outlook does not.
pub fn looks_like_word(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    ["class=mso", "class=\"mso", "class='mso", "<o:p", "urn:schemas-microsoft-com:office:word", "content=\"microsoft word"]
        .iter()
        .any(|sign| lower.contains(sign))
}
