//! SQLite's write-ahead log, read to see whether it is what was written.
//!
//! A header of 32 bytes, then frames: a header of 24 bytes and a page. Each frame has a checksum over all before it. SQLite
//! takes a frame whose checksum is wrong, and all after it, for what a crash has left behind, and ignores it without a
//! word; a byte that has changed looks the same to it. Here the two are told apart: a frame that was written in part
//! differs in sectors, one that was damaged later in a byte or a word.

/// Both with the lowest bit for the order of bytes in which checksums are computed.
const MAGIC: u32 = 0x377f_0682;
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// How much of a header, and of that of a frame, the checksum is over.
const HEADER_SUMMED: usize = 24;
const FRAME_SUMMED: usize = 8;

/// The word of a frame that says whether a transaction ends with it.
const SIZE_WORD: usize = 1;

/// What a log holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Log<'a> {
    /// Nothing that SQLite would apply.
    Empty,
    /// The numbers and contents of the pages of committed transactions, in the order of writing.
    Pages(Vec<(u32, &'a [u8])>),
    /// It was changed after it was written; the text says where.
    Damaged(String),
}

/// Where a frame was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    /// In this word of what the checksum is over.
    Word(usize),
    Checksum,
}

/// The two sums that are a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sums(u32, u32);

/// Reads a log.
pub(super) fn read(bytes: &[u8]) -> Log<'_> {
    let Some((header, frames)) = bytes.split_at_checked(HEADER) else {
        return Log::Empty;
    };
    // A header that was never written: the file system has made the file longer before a crash.
    if bytes.iter().all(|byte| *byte == 0) {
        return Log::Empty;
    }
    let big_endian = word(header, 0) == MAGIC | 1;
    let stored = Sums(word(header, 6), word(header, 7));
    let mut sums = Sums(0, 0).over(&header[..HEADER_SUMMED], big_endian);
    if word(header, 0) & !1 != MAGIC || sums != stored {
        return Log::Damaged("its header has another checksum".to_owned());
    }
    let Ok(page_size @ 512..=65_536) = usize::try_from(word(header, 2)) else {
        return Log::Damaged("its header has an impossible page size".to_owned());
    };
    let salts = [word(header, 4), word(header, 5)];
    let (mut committed, mut pending) = (Vec::new(), Vec::new());
    let frames = || frames.chunks_exact(FRAME_HEADER + page_size);
    for (n, frame) in frames().enumerate() {
        let (head, page) = frame.split_at(FRAME_HEADER);
        let stored = Sums(word(head, 4), word(head, 5));
        let own = sums
            .over(&head[..FRAME_SUMMED], big_endian)
            .over(page, big_endian);
        let is_of_log = [word(head, 2), word(head, 3)] == salts;
        if !is_of_log || own != stored {
            // The checksum of a frame goes on from all before it, so a frame of an earlier use of the file cannot have it.
            let is_damaged = if is_of_log {
                // A page that is changed twice in a transaction is written over, and its checksum stays wrong until the
                // transaction is committed.
                let is_committed = frames()
                    .skip(n)
                    .any(|f| word(f, 1) != 0 && [word(f, 2), word(f, 3)] == salts);
                let changed = own.changed_word(stored, (FRAME_SUMMED + page_size) / 8);
                match changed {
                    Some(Changed::Word(SIZE_WORD)) => true,
                    Some(_) => is_committed,
                    None => false,
                }
            } else {
                own == stored
            };
            if is_damaged {
                return Log::Damaged(format!("its frame {n} was changed after it was written"));
            }
            break;
        }
        sums = own;
        pending.push((word(head, 0), page));
        // The size of the database: only the last frame of a transaction has it.
        if word(head, 1) != 0 {
            committed.append(&mut pending);
        }
    }
    if committed.is_empty() {
        Log::Empty
    } else {
        Log::Pages(committed)
    }
}

impl Sums {
    /// The sums after more bytes, a multiple of 8 of them.
    fn over(self, bytes: &[u8], big_endian: bool) -> Self {
        let read = if big_endian {
            u32::from_be_bytes
        } else {
            u32::from_le_bytes
        };
        let (words, _) = bytes.as_chunks::<4>();
        let (pairs, _) = words.as_chunks::<2>();
        pairs.iter().fold(self, |Self(a, b), [first, second]| {
            let a = a.wrapping_add(read(*first)).wrapping_add(b);
            Self(a, b.wrapping_add(read(*second)).wrapping_add(a))
        })
    }

    /// The word whose change makes these sums the others, in so many pairs of words or in the checksum itself; none when
    /// no change of one word does.
    ///
    /// A change of δ in the first word of a pair adds δ to both sums, one in the second adds it to the second sum; each pair
    /// after it adds the second sum to the first, and then the first to the second. All of it is linear, modulo 2³².
    fn changed_word(self, other: Self, n_pairs: usize) -> Option<Changed> {
        let first = self.0.wrapping_sub(other.0);
        let second = self.1.wrapping_sub(other.1);
        let mut factors = [(1_u32, 1_u32), (0, 1)];
        for pair in (0..n_pairs).rev() {
            for (n, (a, b)) in factors.into_iter().enumerate() {
                // Neighbours among the Fibonacci numbers: one of the two is odd.
                let change = if a & 1 == 1 {
                    first.wrapping_mul(inverse(a))
                } else {
                    second.wrapping_mul(inverse(b))
                };
                if change.wrapping_mul(a) == first && change.wrapping_mul(b) == second {
                    return Some(Changed::Word(2 * pair + n));
                }
            }
            factors = factors.map(|(a, b)| {
                let a = a.wrapping_add(b);
                (a, b.wrapping_add(a))
            });
        }
        (first == 0 || second == 0).then_some(Changed::Checksum)
    }
}

/// The inverse of an odd number modulo 2³², by Newton's method: each step doubles the number of right bits.
fn inverse(odd: u32) -> u32 {
    (0..5).fold(odd, |inverse, _| {
        inverse.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(inverse)))
    })
}

/// A word of a header.
fn word(header: &[u8], n: usize) -> u32 {
    let (words, _) = header.as_chunks::<4>();
    u32::from_be_bytes(words[n])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_word_is_found_wherever_it_is() {
        let bytes: Vec<u8> = (0..4104_u32).map(|n| (n * n % 251) as u8).collect();
        let start = Sums(123_456, 0xffff_fff0);
        for big_endian in [false, true] {
            let written = start.over(&bytes, big_endian);
            for at in (0..bytes.len()).step_by(5) {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                let read = start.over(&changed, big_endian);
                let found = read.changed_word(written, 513);
                // A change of high bits may be that of several words; it is a change of one in any case.
                assert!(found.is_some(), "{at}");
                if at % 4 == if big_endian { 3 } else { 0 } {
                    assert_eq!(found, Some(Changed::Word(at / 4)), "{at}");
                }
            }
            // Half a page of something else is not.
            let mut torn = bytes.clone();
            torn[2048..].fill(7);
            assert_eq!(
                start.over(&torn, big_endian).changed_word(written, 513),
                None
            );
        }
    }

    #[test]
    fn short_and_empty_logs_have_nothing() {
        for n in [0, 1, 31] {
            assert_eq!(read(&vec![9; n]), Log::Empty);
        }
        assert_eq!(read(&[0; 5000]), Log::Empty);
        assert!(matches!(read(&[9; 5000]), Log::Damaged(_)));
    }
}
