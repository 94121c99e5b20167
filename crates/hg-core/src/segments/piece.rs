//! A piece of a membership: 4,096 contact ids, as it is stored and changed.
//!
//! Small enough that one contact who joins rewrites half a kilobyte at most, large enough that a million contacts are
//! a few hundred rows.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

/// So many ids are in a piece.
pub const PIECE_IDS: u32 = 4096;
const WORDS: usize = 64;
const BYTES: usize = 512;

/// Which of the 4,096 ids of a piece are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece(Box<[u64; WORDS]>);

impl Default for Piece {
    fn default() -> Self {
        Self(Box::new([0; WORDS]))
    }
}

/// How the bytes of a stored piece are meant: the shortest is taken.
mod form {
    /// The ids that are in, two bytes each.
    pub const FEW: u8 = 0;
    /// The ids that are out, two bytes each.
    pub const ALL_BUT: u8 = 1;
    /// A bit for each id.
    pub const BITS: u8 = 2;
}

impl Piece {
    /// The number of the piece that an id is in.
    pub fn number(id: u32) -> i64 {
        i64::from(id / PIECE_IDS)
    }

    /// The ids of a bitmap, piece by piece, without the empty ones.
    pub fn split(people: &RoaringBitmap) -> BTreeMap<i64, Piece> {
        let mut pieces = BTreeMap::new();
        let mut current: Option<(i64, Piece)> = None;
        for id in people {
            let number = Self::number(id);
            if current.as_ref().is_none_or(|(n, _)| *n != number) {
                pieces.extend(current.replace((number, Piece::default())));
            }
            if let Some((_, piece)) = &mut current {
                piece.set(id, true);
            }
        }
        pieces.extend(current);
        pieces
    }

    /// The pieces of a bitmap as it was stored before: serialised as roaring bitmaps are.
    ///
    /// # Errors
    /// When the bytes are no such bitmap.
    pub fn split_serialised(bytes: &[u8]) -> Result<BTreeMap<i64, Piece>, String> {
        RoaringBitmap::deserialize_from(bytes).map(|people| Self::split(&people)).map_err(|e| e.to_string())
    }

    pub fn contains(&self, id: u32) -> bool {
        let (word, bit) = place(id);
        self.0[word] & bit != 0
    }

    /// Puts an id in or takes it out; whether that changed anything.
    pub fn set(&mut self, id: u32, member: bool) -> bool {
        let (word, bit) = place(id);
        let before = self.0[word];
        self.0[word] = if member { before | bit } else { before & !bit };
        self.0[word] != before
    }

    pub fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Those who are in both.
    #[must_use]
    pub fn and(&self, other: &Piece) -> Piece {
        self.each(other, |mine, theirs| mine & theirs)
    }

    /// Those who are in either.
    #[must_use]
    pub fn or(&self, other: &Piece) -> Piece {
        self.each(other, |mine, theirs| mine | theirs)
    }

    /// Those who are here and not there.
    #[must_use]
    pub fn but(&self, other: &Piece) -> Piece {
        self.each(other, |mine, theirs| mine & !theirs)
    }

    fn each(&self, other: &Piece, of: impl Fn(u64, u64) -> u64) -> Piece {
        let mut made = Piece::default();
        for ((made, mine), theirs) in made.0.iter_mut().zip(self.0.iter()).zip(other.0.iter()) {
            *made = of(*mine, *theirs);
        }
        made
    }

    /// The ids as a bitmap, given the piece's number.
    pub fn ids(&self, number: i64) -> RoaringBitmap {
        let first = u32::try_from(number).ok().and_then(|n| n.checked_mul(PIECE_IDS));
        first.map_or_else(RoaringBitmap::new, |first| RoaringBitmap::from_lsb0_bytes(first, &self.bytes()))
    }

    fn bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (eight, word) in bytes.chunks_exact_mut(8).zip(self.0.iter()) {
            eight.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The shortest bytes that say the same.
    pub fn encode(&self) -> Vec<u8> {
        let inside = usize::try_from(self.len()).unwrap_or(usize::MAX);
        let few = BYTES / 2;
        if inside < few {
            return self.listed(form::FEW, inside, |word| word);
        }
        if PIECE_IDS as usize - inside < few {
            return self.listed(form::ALL_BUT, PIECE_IDS as usize - inside, |word| !word);
        }
        let mut bytes = Vec::with_capacity(1 + BYTES);
        bytes.push(form::BITS);
        bytes.extend_from_slice(&self.bytes());
        bytes
    }

    fn listed(&self, form: u8, count: usize, of: impl Fn(u64) -> u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 2 * count);
        bytes.push(form);
        for (at, word) in (0_u16..).zip(self.0.iter()) {
            let mut rest = of(*word);
            while rest != 0 {
                let bit = u16::try_from(rest.trailing_zeros()).unwrap_or_default();
                bytes.extend_from_slice(&(at * 64 + bit).to_le_bytes());
                rest &= rest - 1;
            }
        }
        bytes
    }

    /// Reads what [`Piece::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are no stored piece.
    pub fn decode(bytes: &[u8]) -> Result<Piece, String> {
        let broken = || "a stored piece of a membership cannot be read".to_owned();
        let (form, rest) = bytes.split_first().ok_or_else(broken)?;
        let mut piece = Piece::default();
        match *form {
            form::BITS if rest.len() == BYTES => {
                for (word, eight) in piece.0.iter_mut().zip(rest.as_chunks::<8>().0) {
                    *word = u64::from_le_bytes(*eight);
                }
            }
            form @ (form::FEW | form::ALL_BUT) if rest.len().is_multiple_of(2) => {
                let listed_are_in = form == form::FEW;
                if !listed_are_in {
                    piece.0.fill(u64::MAX);
                }
                for two in rest.as_chunks::<2>().0 {
                    let id = u32::from(u16::from_le_bytes(*two));
                    if id >= PIECE_IDS {
                        return Err(broken());
                    }
                    piece.set(id, listed_are_in);
                }
            }
            _ => return Err(broken()),
        }
        Ok(piece)
    }
}

fn place(id: u32) -> (usize, u64) {
    let within = id % PIECE_IDS;
    ((within / 64) as usize, 1 << (within % 64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(people: &RoaringBitmap) -> RoaringBitmap {
        let pieces = Piece::split(people);
        let read = pieces.iter().map(|(n, piece)| Piece::decode(&piece.encode()).unwrap().ids(*n));
        read.fold(RoaringBitmap::new(), |all, part| all | part)
    }

    #[test]
    fn full_empty_half_and_nearly_full_pieces_are_stored_short_and_read_back() {
        let every = |step: usize| (8192_u32..12_288).step_by(step).collect::<RoaringBitmap>();
        let mut all_but_one = every(1);
        all_but_one.remove(9_000);
        for (people, longest) in [
            (RoaringBitmap::new(), 0),
            (every(1), 1),
            (all_but_one, 3),
            (every(2), 513),
            (every(1000), 1 + 2 * 5),
            ([u32::MAX, 0].into_iter().collect(), 3),
        ] {
            assert_eq!(stored(&people), people);
            let bytes = Piece::split(&people).values().map(|p| p.encode().len()).max().unwrap_or(0);
            assert!(bytes <= longest, "{bytes} bytes for {} ids", people.len());
        }
    }

    #[test]
    fn bytes_that_nobody_wrote_are_refused() {
        for bytes in [&[][..], &[7], &[2, 0], &[0, 1], &[0, 0, 16], &[1, 255, 255]] {
            assert!(Piece::decode(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_what_bitmaps_do(mine in prop::collection::vec(0_u32..20_000, 0..3_000), theirs in prop::collection::vec(0_u32..20_000, 0..3_000)) {
            let (a, b): (RoaringBitmap, RoaringBitmap) = (mine.into_iter().collect(), theirs.into_iter().collect());
            prop_assert_eq!(&stored(&a), &a);
            let (left, right) = (Piece::split(&a), Piece::split(&b));
            let none = Piece::default();
            for number in 0..5 {
                let (l, r) = (left.get(&number).unwrap_or(&none), right.get(&number).unwrap_or(&none));
                let range = none.but(&none).ids(number) | RoaringBitmap::from_iter(number as u32 * PIECE_IDS..(number as u32 + 1) * PIECE_IDS);
                prop_assert_eq!(l.and(r).ids(number), &(&a & &b) & &range);
                prop_assert_eq!(l.or(r).ids(number), &(&a | &b) & &range);
                prop_assert_eq!(l.but(r).ids(number), &(&a - &b) & &range);
                prop_assert_eq!(l.len(), (&a & &range).len());
            }
        }
    }
}
