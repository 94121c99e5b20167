//! What changed between two texts, line by line.

use serde::Serialize;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mark {
    /// It stayed.
    Same,
    /// It is gone.
    Removed,
    /// It is new.
    Added,
}

impl Mark {
    /// The word in the API.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Removed => "removed",
            Self::Added => "added",
        }
    }
}

/// More lines are not compared one by one: the old ones are gone, the new ones are new.
const MOST: usize = 1_500;

/// The lines of both texts in one order: those that are gone before those that took their place.
pub fn line_diff(before: &str, after: &str) -> Vec<(Mark, String)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let same = |lines: &[&str]| lines.iter().map(|line| (Mark::Same, (*line).to_owned())).collect::<Vec<_>>();
    let mut found = same(&old[..head]);
    found.extend(middle(left, right));
    found.extend(same(&old[old.len() - tail..]));
    found
}

fn middle(left: &[&str], right: &[&str]) -> Vec<(Mark, String)> {
    let marked = |mark: Mark, line: &&str| (mark, (*line).to_owned());
    if left.len() > MOST || right.len() > MOST {
        let gone = left.iter().map(|line| marked(Mark::Removed, line));
        return gone.chain(right.iter().map(|line| marked(Mark::Added, line))).collect();
    }
    // How many lines the rests have in common, from each place on.
    let mut common = vec![vec![0u16; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if left[i] == right[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            found.push(marked(Mark::Same, &left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            found.push(marked(Mark::Removed, &left[i]));
            i += 1;
        } else {
            found.push(marked(Mark::Added, &right[j]));
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> String {
        let sign = |mark| match mark {
            Mark::Same => ' ',
            Mark::Removed => '-',
            Mark::Added => '+',
        };
        line_diff(before, after).into_iter().map(|(mark, line)| format!("{}{line}", sign(mark))).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn a_changed_line_is_gone_and_new_between_those_that_stay() {
        assert_eq!(told("a\nb\nc", "a\nB\nc"), " a|-b|+B| c");
        assert_eq!(told("a\nb\nc\nd", "b\nc\nx\nd"), "-a| b| c|+x| d");
        assert_eq!(told("", "a"), "+a");
        assert_eq!(told("a", "a"), " a");
    }

    #[test]
    fn both_texts_can_be_read_out_of_the_difference() {
        for (before, after) in [("a\nb\na\nc", "c\na\na\nb"), ("x", ""), ("a\na\na", "a\na"), ("1\n2\n3", "3\n2\n1")] {
            let found = line_diff(before, after);
            let only = |wanted: Mark| {
                found
                    .iter()
                    .filter(|(mark, _)| *mark == Mark::Same || *mark == wanted)
                    .map(|(_, line)| line.as_str())
                    .collect::<Vec<_>>()
            };
            assert_eq!(only(Mark::Removed), before.lines().collect::<Vec<_>>());
            assert_eq!(only(Mark::Added), after.lines().collect::<Vec<_>>());
        }
    }

    #[test]
    fn very_long_texts_are_told_as_a_whole() {
        let long = |word: &str| (0..3_000).map(|n| format!("{word}{n}")).collect::<Vec<_>>().join("\n");
        assert_eq!(line_diff(&long("a"), &long("b")).len(), 6_000);
    }
}
