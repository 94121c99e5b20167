//! The words that a plain search looks at (`contacts.md` §8.1), folded and kept together.
//!
//! Names, addresses, companies and social names differ from contact to contact: they stand one after the other in one
//! piece of memory for each chunk of ids, which is searched as fast as memory can be read. Places repeat: each contact
//! keeps the number of hers.

use std::collections::HashMap;

use hg_core::contacts::FieldCatalogue;
use hg_core::segments::{Operator, TextTest};
use hg_core::text::{fold, fold_into};
use hg_store::{Flow, Sql, Tx, Value, ValueRef};
use memchr::memmem;
use roaring::RoaringBitmap;

use super::Place;
use super::people::Changed;
use crate::error::Result;
use crate::ranges::{RANGE, each_range};
use crate::workspace::Workspace;

/// Stands before each text; in no text itself.
const BEFORE: u8 = 1;
/// Folded columns of every contact, in the order in which they stand in a record.
const FOLDED: [&str; 3] = ["name_fold", "email_fold", "company_fold"];
const SOCIAL: [&str; 6] = ["facebook", "foursquare", "instagram", "linkedin", "skype", "twitter"];
const PLACES: [&str; 4] = ["city", "state", "zipcode", "country"];

/// Records that changed are kept apart until there are this many of them.
const MOST_APART: usize = 50_000;

/// The columns that a plain search looks at, those of fields that are still there.
pub(super) fn columns_of(catalogue: &FieldCatalogue) -> Vec<String> {
    let there = |alias: &&str| catalogue.get(alias).is_some_and(|f| f.column.as_deref() == Some(*alias));
    let fields = SOCIAL.iter().chain(&PLACES).copied().filter(|alias| there(alias));
    FOLDED.iter().copied().chain(fields).map(str::to_owned).collect()
}

/// The records of a chunk of ids.
#[derive(Default)]
struct Chunk {
    text: Vec<u8>,
    /// Where each record begins, and whose it is.
    starts: Vec<(u32, u32)>,
    /// For each place column: the number of the text of each record, in the order of `starts`.
    places: Vec<Vec<u32>>,
}

/// A column whose texts repeat.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Words {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// A record as it is compared: every text folded, each with [`BEFORE`] in front.
type Record = Vec<u8>;

/// The texts of everybody.
pub(super) struct Texts {
    columns: Vec<String>,
    words: Vec<Words>,
    chunks: HashMap<i64, Chunk>,
    /// Records that changed after their chunk was read; empty for who is gone.
    apart: HashMap<u32, Record>,
}

/// What a range gave: ids with their records, and the place texts that occur.
struct Part {
    chunk: i64,
    text: Vec<u8>,
    starts: Vec<(u32, u32)>,
    words: Vec<Words>,
    places: Vec<Vec<u32>>,
}

impl Texts {
    pub async fn read(ws: &Workspace, columns: Vec<String>) -> Result<Self> {
        let own = columns.iter().filter(|c| !PLACES.contains(&c.as_str())).count();
        let mut texts = Self {
            words: (own..columns.len()).map(|_| Words::default()).collect(),
            columns: columns.clone(),
            chunks: HashMap::new(),
            apart: HashMap::new(),
        };
        let statement = format!(
            "SELECT id, {} FROM contacts WHERE id >= $1 AND id < $2 AND deleted_at IS NULL ORDER BY id",
            columns.join(", ")
        );
        let read = move |tx: &mut Tx<'_>, from: i64, to: i64| part(tx, &statement, own, columns.len(), from, to);
        each_range(&ws.db, None, read, |part| texts.add(part)).await?;
        Ok(texts)
    }

    fn add(&mut self, part: Part) {
        let mut places = part.places;
        for ((words, theirs), numbers) in self.words.iter_mut().zip(&part.words).zip(&mut places) {
            let ours: Vec<u32> = theirs.texts.iter().map(|text| words.number(text)).collect();
            for number in numbers {
                *number = ours.get(*number as usize).copied().unwrap_or(u32::MAX);
            }
        }
        self.chunks.insert(part.chunk, Chunk { text: part.text, starts: part.starts, places });
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether so much changed that reading everything again is better.
    pub fn is_untidy(&self) -> bool {
        self.apart.len() > MOST_APART
    }

    pub fn take(&mut self, changed: &[u32], rows: &HashMap<u32, Changed>) {
        for id in changed {
            let mut record = Record::new();
            if let Some(row) = rows.get(id).filter(|r| r.alive) {
                for column in &self.columns {
                    let text = match row.values.get(column) {
                        Some(Value::Text(text)) => fold(text),
                        _ => String::new(),
                    };
                    put(&mut record, &text);
                }
            }
            self.apart.insert(*id, record);
        }
    }

    /// The contacts in whose texts a folded word stands.
    pub fn find(&self, word: &str, place: Place) -> RoaringBitmap {
        let needle = Needle::of(word, place);
        if needle.bytes.is_empty() {
            // Nothing but wildcards.
            return self.everybody();
        }
        let matching: Vec<Option<RoaringBitmap>> = self.words.iter().map(|w| needle.words(w)).collect();
        let chunks: Vec<&Chunk> = self.chunks.values().collect();
        let look = |chunks: &[&Chunk]| {
            let mut found = RoaringBitmap::new();
            for chunk in chunks {
                found |= needle.look(chunk, &matching);
            }
            found
        };
        // Memory is read faster by two.
        let (one, other) = chunks.split_at(chunks.len() / 2);
        let mut found = if one.is_empty() {
            look(other)
        } else {
            std::thread::scope(|scope| {
                let beside = scope.spawn(|| look(one));
                let found = look(other);
                beside.join().unwrap_or_else(|_| look(one)) | found
            })
        };
        for (id, record) in &self.apart {
            if needle.meets(record) {
                found.insert(*id)
            } else {
                found.remove(*id)
            };
        }
        found
    }
}

impl Texts {
    fn everybody(&self) -> RoaringBitmap {
        let mut all: RoaringBitmap = self.chunks.values().flat_map(|c| c.starts.iter().map(|(_, id)| *id)).collect();
        for (id, record) in &self.apart {
            if record.is_empty() {
                all.remove(*id)
            } else {
                all.insert(*id)
            };
        }
        all
    }
}

fn put(record: &mut Record, folded: &str) {
    record.push(BEFORE);
    record.extend(folded.bytes().map(|b| if b == BEFORE { b' ' } else { b }));
}

fn part(tx: &mut Tx<'_>, statement: &str, own: usize, columns: usize, from: i64, to: i64) -> Result<Part> {
    let mut part = Part {
        chunk: from / RANGE,
        text: Vec::new(),
        starts: Vec::new(),
        words: (own..columns).map(|_| Words::default()).collect(),
        places: vec![Vec::new(); columns - own],
    };
    let mut folded = String::new();
    tx.each(Sql::new(statement).bind(from).bind(to), |r| {
        let start = u32::try_from(part.text.len()).unwrap_or(u32::MAX);
        part.starts.push((start, r.get(0)?));
        for i in 0..columns {
            match r.value(i + 1)? {
                ValueRef::Text(text) => fold_into(text, &mut folded),
                _ => folded.clear(),
            }
            if i < own {
                put(&mut part.text, &folded);
            } else {
                let number = part.words[i - own].number(&folded);
                part.places[i - own].push(number);
            }
        }
        Ok(Flow::Next)
    })?;
    part.text.shrink_to_fit();
    Ok(part)
}

/// What is looked for.
struct Needle {
    bytes: Vec<u8>,
    place: Place,
    /// The whole pattern when there is a `%` in it: `bytes` is then its longest piece, wherever it stands.
    pattern: Option<TextTest>,
}

impl Needle {
    fn of(word: &str, place: Place) -> Self {
        if word.contains('%') {
            return Self::of_pattern(word, place);
        }
        let mut bytes = Vec::new();
        if matches!(place, Place::Whole | Place::EmailStarts | Place::CompanyStarts | Place::EmailIs | Place::CompanyIs) {
            bytes.push(BEFORE);
        }
        bytes.extend(word.bytes());
        Self { bytes, place, pattern: None }
    }

    fn of_pattern(word: &str, place: Place) -> Self {
        let longest: Vec<u8> = word.split('%').max_by_key(|piece| piece.len()).unwrap_or_default().bytes().collect();
        let word = word.replace('\\', "\\\\").replace('_', "\\_");
        let whole = match place {
            Place::Anywhere => format!("%{word}%"),
            Place::Whole | Place::NameIs | Place::EmailIs | Place::CompanyIs => word,
            _ => format!("{word}%"),
        };
        Self { bytes: longest, place, pattern: TextTest::of(Operator::Like, &whole).ok() }
    }

    /// Which of the repeated texts fit; `None` when they are not asked about.
    fn words(&self, words: &Words) -> Option<RoaringBitmap> {
        let fits = |text: &str| match self.place {
            _ if self.pattern.is_some() => self.fits_pattern(text),
            Place::Anywhere => memmem::find(text.as_bytes(), &self.bytes).is_some(),
            Place::Whole => text.as_bytes() == &self.bytes[1..],
            _ => false,
        };
        if !matches!(self.place, Place::Anywhere | Place::Whole) {
            return None;
        }
        let numbers = words.texts.iter().enumerate().filter(|(_, text)| fits(text)).filter_map(|(i, _)| u32::try_from(i).ok());
        Some(numbers.collect())
    }

    /// The contacts of a chunk who are found, by their own texts or by texts that repeat.
    fn look(&self, chunk: &Chunk, matching: &[Option<RoaringBitmap>]) -> RoaringBitmap {
        let mut ids = Vec::new();
        self.search(chunk, &mut |id| ids.push(id));
        let mut found = RoaringBitmap::from_sorted_iter(ids).unwrap_or_default();
        for (numbers, wanted) in chunk.places.iter().zip(matching) {
            let Some(wanted) = wanted.as_ref().filter(|w| !w.is_empty()) else { continue };
            let met = chunk.starts.iter().zip(numbers).filter(|(_, number)| wanted.contains(**number));
            found |= RoaringBitmap::from_sorted_iter(met.map(|((_, id), _)| *id)).unwrap_or_default();
        }
        found
    }

    /// Calls `met` with the contacts of a chunk in whose own texts it stands, in order.
    fn search(&self, chunk: &Chunk, met: &mut dyn FnMut(u32)) {
        let mut at = 0;
        let mut record = 0;
        let finder = memmem::Finder::new(&self.bytes);
        while let Some(offset) = chunk.text.get(at..).and_then(|rest| finder.find(rest)) {
            let position = at + offset;
            let next = record + behind(chunk.starts.get(record..).unwrap_or_default(), position);
            record = next;
            let Some((start, id)) = next.checked_sub(1).and_then(|i| chunk.starts.get(i)).copied() else { break };
            let end = chunk.starts.get(next).map_or(chunk.text.len(), |(start, _)| *start as usize);
            let record = chunk.text.get(start as usize..end).unwrap_or_default();
            if self.stands(record, position - start as usize) {
                met(id);
                at = end;
            } else {
                at = position + 1;
            }
        }
    }

    fn fits_pattern(&self, text: &str) -> bool {
        self.pattern.as_ref().is_some_and(|test| test.passes(Some(text), &mut String::new()))
    }

    fn meets(&self, record: &[u8]) -> bool {
        memmem::find_iter(record, &self.bytes).any(|position| self.stands(record, position))
    }

    /// Whether a place in a record is one that is asked for.
    fn stands(&self, record: &[u8], position: usize) -> bool {
        let column = || record.get(..position).unwrap_or_default().iter().filter(|b| **b == BEFORE).count();
        let before = position.checked_sub(1).and_then(|p| record.get(p)).copied();
        let after = record.get(position + self.bytes.len()).copied();
        if self.pattern.is_some() {
            let wanted = match self.place {
                Place::NameStarts | Place::NameIs => 0..1,
                Place::EmailStarts | Place::EmailIs => 1..2,
                Place::CompanyStarts | Place::CompanyIs => 2..3,
                _ => 0..usize::MAX,
            };
            let mut texts = record.split(|b| *b == BEFORE).skip(1).enumerate().filter(|(i, _)| wanted.contains(i));
            return texts.any(|(_, text)| std::str::from_utf8(text).is_ok_and(|text| self.fits_pattern(text)));
        }
        match self.place {
            Place::Anywhere => true,
            Place::Whole => after.is_none_or(|b| b == BEFORE),
            Place::NameStarts => column() == 1 && before.is_none_or(|b| b == BEFORE || b == b' '),
            Place::EmailStarts => column() == 1,
            Place::CompanyStarts => column() == 2,
            Place::NameIs => {
                let ends = |b: Option<u8>| b.is_none_or(|b| b == BEFORE || b == b' ');
                // A first or a last name is where the whole name begins or ends.
                let edge = before.is_none_or(|b| b == BEFORE) || after.is_none_or(|b| b == BEFORE);
                column() == 1 && edge && ends(before) && ends(after)
            }
            Place::EmailIs => column() == 1 && after.is_none_or(|b| b == BEFORE),
            Place::CompanyIs => column() == 2 && after.is_none_or(|b| b == BEFORE),
        }
    }
}

/// How many records begin at or before a position. The one that is looked for is mostly near: the steps grow.
fn behind(starts: &[(u32, u32)], position: usize) -> usize {
    let before = |at: usize| starts.get(at).is_some_and(|(start, _)| *start as usize <= position);
    let mut step = 1;
    while before(step) {
        step *= 2;
    }
    let (low, high) = (step / 2, step.min(starts.len()));
    low + starts.get(low..high).unwrap_or_default().partition_point(|(start, _)| *start as usize <= position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_a_position_is_found_near_and_far() {
        let starts: Vec<(u32, u32)> = (0..1_000).map(|n| (n * 10, n)).collect();
        for position in 0..10_000 {
            assert_eq!(behind(&starts, position), position / 10 + 1, "{position}");
        }
        assert_eq!(behind(&starts[5..], 9), 0);
        assert_eq!(behind(&[], 9), 0);
    }

    fn chunk(records: &[(u32, &[&str])]) -> Chunk {
        let mut chunk = Chunk::default();
        for (id, texts) in records {
            chunk.starts.push((u32::try_from(chunk.text.len()).unwrap(), *id));
            for text in *texts {
                put(&mut chunk.text, &fold(text));
            }
        }
        chunk
    }

    fn found(word: &str, place: Place) -> Vec<u32> {
        let people = chunk(&[
            (3, &["Ada Lovelace", "ada@example.org", "Engines"]),
            (7, &["Zoë Ada", "zoe@ada.example", "Lovelace & Co"]),
            (9, &["", "engines@example.org", ""]),
        ]);
        let mut ids = Vec::new();
        Needle::of(&fold(word), place).search(&people, &mut |id| ids.push(id));
        ids
    }

    #[test]
    fn a_word_is_found_where_it_is_asked_for_and_nowhere_else() {
        assert_eq!(found("ada", Place::Anywhere), [3, 7]);
        assert_eq!(found("ZOE", Place::Anywhere), [7]);
        assert_eq!(found("lace eng", Place::Anywhere), [] as [u32; 0], "texts do not run into each other");
        assert_eq!(found("love", Place::NameStarts), [3]);
        assert_eq!(found("engines", Place::EmailStarts), [9]);
        assert_eq!(found("engines", Place::CompanyStarts), [3]);
        assert_eq!(found("love", Place::CompanyStarts), [7]);
        assert_eq!(found("engines", Place::Whole), [3]);
        assert_eq!(found("a%e", Place::NameStarts), [3]);
        assert_eq!(found("ada%example", Place::EmailStarts), [3]);
        assert_eq!(found("z%ex", Place::Anywhere), [7]);
    }
}
