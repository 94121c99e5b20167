//! Saved blocks inside the source of an email. A linked one stands in it whole, between `<hg-block id="7" name="Footer">`
//! and `</hg-block>`: what is compiled, sent and kept needs nothing else, and what stands between is replaced when the
//! block changes. The tags themselves are never sent.

use std::borrow::Cow;

const OPEN: &str = "<hg-block";
const CLOSE: &str = "</hg-block>";

/// One linked block in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link<'a> {
    /// None: the tag names no block.
    id: Option<i64>,
    inner: &'a str,
    /// Where its opening tag begins, and what follows its closing tag.
    from: usize,
    to: usize,
}

/// The linked blocks of a source, in their order; what has no end is no link.
fn links(source: &str) -> Vec<Link<'_>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(open) = source[at..].find(OPEN).map(|open| at + open) {
        let Some(inside) = source[open..].find('>').map(|end| open + end + 1) else { break };
        let Some(close) = source[inside..].find(CLOSE).map(|close| inside + close) else { break };
        let to = close + CLOSE.len();
        found.push(Link { id: id_of(&source[open..inside]), inner: &source[inside..close], from: open, to });
        at = to;
    }
    found
}

fn id_of(tag: &str) -> Option<i64> {
    let value = tag.split("id=").nth(1)?.trim_start_matches(['"', '\'']);
    let digits = &value[..value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len())];
    digits.parse().ok().filter(|id| *id > 0)
}

/// Ids of the blocks that a source is linked to, each once.
pub fn linked_blocks(source: &str) -> Vec<i64> {
    let mut ids: Vec<i64> = links(source).into_iter().filter_map(|link| link.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// A block as it stands in a source that is linked to it.
pub fn linked(id: i64, name: &str, block: &str) -> String {
    let name = name.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    format!("{OPEN} id=\"{id}\" name=\"{name}\">{block}{CLOSE}")
}

/// Writes every linked block anew: as `now` says, or as it stands where it says nothing.
pub fn with_blocks(source: &str, now: impl Fn(i64) -> Option<String>) -> String {
    rewritten(source, |link, whole| link.id.and_then(&now).map_or(Cow::Borrowed(whole), Cow::Owned))
}

/// The source without its link to a block: what stood in it stays as a copy.
pub fn unlinked(source: &str, id: i64) -> String {
    rewritten(source, |link, whole| Cow::Borrowed(if link.id == Some(id) { link.inner } else { whole }))
}

/// The source as it is compiled: the blocks without the tags around them.
pub fn without_links(source: &str) -> Cow<'_, str> {
    if source.contains(OPEN) { Cow::Owned(rewritten(source, |link, _| Cow::Borrowed(link.inner))) } else { Cow::Borrowed(source) }
}

fn rewritten<'a>(source: &'a str, with: impl Fn(&Link<'a>, &'a str) -> Cow<'a, str>) -> String {
    let (mut out, mut at) = (String::with_capacity(source.len()), 0);
    for link in links(source) {
        out.push_str(&source[at..link.from]);
        out.push_str(&with(&link, &source[link.from..link.to]));
        at = link.to;
    }
    out.push_str(&source[at..]);
    out
}

/// Where a block can stand in a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockPlace {
    /// Below another section.
    Section,
    /// In a column.
    Column,
}

/// Reads from an MJML block where it stands.
pub fn place_of(mjml: &str) -> BlockPlace {
    let start = mjml.trim_start().to_ascii_lowercase();
    let section = ["<mj-section", "<mj-wrapper", "<mj-hero"].iter().any(|tag| start.starts_with(tag));
    if section { BlockPlace::Section } else { BlockPlace::Column }
}

/// A block as the only thing of a document, to see whether it can be sent.
pub fn alone(mjml: &str) -> String {
    let body = match place_of(mjml) {
        BlockPlace::Section => mjml.to_owned(),
        BlockPlace::Column => format!("<mj-section><mj-column>{mjml}</mj-column></mj-section>"),
    };
    format!("<mjml><mj-body>{body}</mj-body></mjml>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_block_is_replaced_wherever_it_stands_and_nothing_else_is() {
        let source = format!("a{}b{}c<hg-block>d</hg-block>", linked(7, "Foot", "old"), linked(8, "x", "other"));
        assert_eq!(linked_blocks(&source), [7, 8]);
        let now = with_blocks(&source, |id| (id == 7).then(|| linked(7, "Foot & hand", "new")));
        assert_eq!(
            now,
            "a<hg-block id=\"7\" name=\"Foot &amp; hand\">new</hg-block>b<hg-block id=\"8\" name=\"x\">other</hg-block>c<hg-block>d</hg-block>"
        );
        assert_eq!(without_links(&now), "anewbothercd");
    }

    #[test]
    fn unlinking_keeps_a_copy() {
        let source = format!("{}{}", linked(7, "Foot", "foot"), linked(8, "x", "other"));
        assert_eq!(unlinked(&source, 7), format!("foot{}", linked(8, "x", "other")));
    }

    #[test]
    fn what_is_no_link_stays_letter_by_letter() {
        for source in ["<hg-block id=\"7\">never ends", "<hg-block id=\"7\"", "plain", "é<p>a</p>"] {
            assert_eq!(with_blocks(source, |_| Some(String::new())), source);
            assert_eq!(without_links(source), source);
        }
        assert!(linked_blocks("<hg-block id='x'>a</hg-block><hg-block id=\"-1\">b</hg-block>").is_empty());
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let source = linked(7, "a\"><script>", "b");
        assert_eq!(without_links(&source), "b");
        assert!(!source.contains("<script>"));
    }

    #[test]
    fn sections_stand_below_each_other_and_the_rest_in_columns() {
        assert_eq!(place_of("\n <mj-Section>"), BlockPlace::Section);
        assert_eq!(place_of("<mj-text>a</mj-text>"), BlockPlace::Column);
    }
}
