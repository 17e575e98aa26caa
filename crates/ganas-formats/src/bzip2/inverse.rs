//! The inverse of the Burrows-Wheeler transform.
//!
//! Every entry holds a byte of the content and the place of the next entry, so decoding follows a path through memory
//! that no cache can foresee. The path is cut in places, and many of its parts are followed at a time, each waiting for
//! memory while the others go on.

/// Entries: those of a block and the ends of parts; a power of two lets places be masked.
const SIZE: usize = 1 << 20;
/// The bits of an entry that hold the byte; those above hold the place of the next one.
const BYTE_BITS: u32 = 8;
/// Parts that are followed at a time: as many as hide how long memory takes.
const LANES: usize = 16;
/// Entries that each lane follows before it is looked at.
const STEPS: usize = 32;
/// Parts of a path; more than lanes, because their lengths differ.
const PARTS: usize = 320;
/// A path shorter than this stays in the nearest cache.
const SHORT: usize = 4096;
/// The mean length of the parts of a path that has fewer.
const SHORTEST_PART: usize = 512;
/// The end of the first part; those of the others follow.
const FIRST_END: u32 = 900_000;
const _: () = assert!(FIRST_END as usize + PARTS <= SIZE);

/// A block that is being decoded.
pub(super) struct Transform {
    /// The transformed bytes.
    bytes: Box<[u8; SIZE]>,
    length: usize,
    counts: [u32; 256],
    entries: Box<[u32; SIZE]>,
    parts: Vec<Part>,
}

/// A part of the path.
#[derive(Default)]
struct Part {
    /// Its first entry.
    begin: u32,
    /// The part that follows.
    next: usize,
    bytes: Vec<u8>,
}

impl Default for Transform {
    fn default() -> Self {
        Self {
            bytes: zeros(),
            length: 0,
            counts: [0; 256],
            entries: zeros(),
            parts: Vec::new(),
        }
    }
}

fn zeros<T: Clone + Default>() -> Box<[T; SIZE]> {
    let zeros = vec![T::default(); SIZE].into_boxed_slice();
    let zeros = zeros.try_into().ok();
    zeros.expect("invariant: the slice has the size of the array")
}

impl Transform {
    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.counts.fill(0);
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Adds a byte; the caller adds no more than a block may have.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.length % SIZE] = byte;
        self.length += 1;
        self.counts[usize::from(byte)] += 1;
    }

    /// Adds a byte several times.
    #[inline]
    pub(super) fn push_run(&mut self, byte: u8, run: usize) {
        // Most runs are short, and a call would take longer.
        const SHORT_RUN: usize = 8;
        let rest = &mut self.bytes[self.length % SIZE..];
        match rest.first_chunk_mut() {
            Some(first) if run <= SHORT_RUN => *first = [byte; SHORT_RUN],
            _ => rest[..run].fill(byte),
        }
        self.length += run;
        self.counts[usize::from(byte)] += u32::try_from(run).expect("a run is within a block");
    }

    /// Adds the content to `text`; `origin` is the entry that comes first.
    pub(super) fn invert(&mut self, origin: usize, text: &mut Vec<u8>) {
        self.link();
        let length = self.length;
        if length < SHORT {
            let mut place = as_place(origin);
            for _ in 0..length {
                place = follow(&self.entries, place, text);
            }
            return;
        }
        let first = low_byte(self.entries[origin]);
        self.begin_parts(origin);
        self.follow_parts();
        self.join_parts(first, text);
    }

    /// Has every entry point to the next one.
    ///
    /// Equal bytes take consecutive entries. From both ends at a time: each place depends on the one before it with the
    /// same byte, and bytes repeat themselves much in a transformed block, so one end would wait for its own writes.
    fn link(&mut self) {
        let (mut first, mut last) = ([0u32; 256], [0u32; 256]);
        let mut sum = 0;
        for ((first, last), count) in first.iter_mut().zip(&mut last).zip(&self.counts) {
            *first = sum;
            sum += count;
            // One more than the last, as there may be none.
            *last = sum;
        }
        let mut links = Links {
            entries: &mut self.entries,
            first,
            last,
        };
        let half = self.length / 2 / CHUNK * CHUNK;
        let (low, rest) = self.bytes[..self.length].split_at(half);
        let (middle, high) = rest.split_at(rest.len() - half);
        let (mut next_low, mut next_high) = (0, as_place(self.length));
        let (low, high) = (low.as_chunks().0, high.as_chunks().0);
        for (low, high) in low.iter().zip(high.iter().rev()) {
            links.ascend(low, next_low);
            next_low += as_place(CHUNK);
            next_high -= as_place(CHUNK);
            links.descend(high, next_high);
        }
        for (byte, next) in middle.iter().zip(next_low..) {
            links.add_first(*byte, next);
        }
    }

    /// Cuts the path after the origin, and after other entries in even distances.
    ///
    /// An entry after which it is cut points to the end of a part, which points to itself, so that a lane can go on
    /// there without being asked.
    fn begin_parts(&mut self, origin: usize) {
        let n_parts = (self.length / SHORTEST_PART).min(PARTS);
        let length = self.length;
        let others = (1..n_parts).map(|part| part * length / n_parts);
        let mut n_begun = 0;
        self.parts.resize_with(n_parts, Part::default);
        for place in std::iter::once(origin).chain(others) {
            let linked = &mut self.entries[place];
            let next = *linked >> BYTE_BITS;
            if next >= FIRST_END {
                // The origin is one of the others.
                continue;
            }
            let end = FIRST_END + as_place(n_begun);
            *linked = entry(low_byte(*linked), end);
            self.entries[end as usize] = entry(0, end);
            let part = &mut self.parts[n_begun];
            part.begin = next;
            part.bytes.clear();
            n_begun += 1;
        }
        self.parts.truncate(n_begun);
    }

    /// Follows every part up to the entry after which another one begins.
    fn follow_parts(&mut self) {
        let entries = &*self.entries;
        // The part that each lane follows, and where it is.
        let mut followed = [0; LANES];
        let mut places = [FIRST_END; LANES];
        let mut steps = [[0; STEPS]; LANES];
        let (mut n_lanes, mut n_begun) = (0, 0);
        loop {
            while n_lanes < LANES && n_begun < self.parts.len() {
                followed[n_lanes] = n_begun;
                places[n_lanes] = self.parts[n_begun].begin;
                n_lanes += 1;
                n_begun += 1;
            }
            if n_lanes == 0 {
                return;
            }
            let before = places;
            follow_lanes(entries, &mut places, &mut steps);
            // Backwards, because the last lane takes the place of one that has ended.
            for lane in (0..n_lanes).rev() {
                let part = &mut self.parts[followed[lane]];
                if places[lane] < FIRST_END {
                    part.bytes.extend_from_slice(&steps[lane]);
                    continue;
                }
                let mut place = before[lane];
                while place < FIRST_END {
                    place = follow(entries, place, &mut part.bytes);
                }
                part.next = (place - FIRST_END) as usize;
                n_lanes -= 1;
                followed.swap(lane, n_lanes);
                places.swap(lane, n_lanes);
            }
        }
    }

    /// Joins the parts in the order of the path, from after the origin, whose byte is `first`.
    fn join_parts(&mut self, first: u8, text: &mut Vec<u8>) {
        let start = text.len();
        let end = start + self.length;
        text.reserve(self.length + 1);
        text.push(first);
        let mut part = &self.parts[0];
        loop {
            text.extend_from_slice(&part.bytes);
            if part.next == 0 {
                break;
            }
            part = &self.parts[part.next];
        }
        // The byte of the origin once more.
        text.pop();
        // Where the content repeats itself, the path is a circle that is followed several times.
        let period = text.len() - start;
        while text.len() < end {
            let more = period.min(end - text.len());
            text.extend_from_within(start..start + more);
        }
    }
}

/// Entries that are being linked.
struct Links<'a> {
    entries: &'a mut [u32; SIZE],
    /// For each byte, the first entry that is free, and the first after them that is not.
    first: [u32; 256],
    last: [u32; 256],
}

/// Bytes that are linked at a time, because many are equal.
const CHUNK: usize = 8;

impl Links<'_> {
    #[inline]
    fn add_first(&mut self, byte: u8, next: u32) {
        let place = &mut self.first[usize::from(byte)];
        self.entries[*place as usize % SIZE] = entry(byte, next);
        *place += 1;
    }

    #[inline]
    fn add_last(&mut self, byte: u8, next: u32) {
        let place = &mut self.last[usize::from(byte)];
        *place -= 1;
        self.entries[*place as usize % SIZE] = entry(byte, next);
    }

    /// Links bytes from the first on, and the places from `next` on to them.
    #[inline]
    fn ascend(&mut self, bytes: &[u8; CHUNK], next: u32) {
        if let Some(byte) = the_only(bytes) {
            let place = self.first[usize::from(byte)];
            self.fill(place, byte, next);
            self.first[usize::from(byte)] = place + as_place(CHUNK);
        } else {
            for (byte, next) in bytes.iter().zip(next..) {
                self.add_first(*byte, next);
            }
        }
    }

    /// Links bytes from the last on.
    #[inline]
    fn descend(&mut self, bytes: &[u8; CHUNK], next: u32) {
        if let Some(byte) = the_only(bytes) {
            let place = self.last[usize::from(byte)] - as_place(CHUNK);
            self.fill(place, byte, next);
            self.last[usize::from(byte)] = place;
        } else {
            let nexts = next..next + as_place(CHUNK);
            for (byte, next) in bytes.iter().zip(nexts).rev() {
                self.add_last(*byte, next);
            }
        }
    }

    #[inline]
    fn fill(&mut self, place: u32, byte: u8, next: u32) {
        let free = self.entries.get_mut(place as usize..);
        if let Some(free) = free.and_then(|free| free.first_chunk_mut::<CHUNK>()) {
            *free = std::array::from_fn(|k| entry(byte, next + as_place(k)));
        }
    }
}

/// The byte that all are.
#[inline]
fn the_only(bytes: &[u8; CHUNK]) -> Option<u8> {
    let [first, ..] = *bytes;
    (*bytes == [first; CHUNK]).then_some(first)
}

#[inline]
fn entry(byte: u8, next: u32) -> u32 {
    next << BYTE_BITS | u32::from(byte)
}

#[inline]
fn low_byte(entry: u32) -> u8 {
    let [byte, ..] = entry.to_le_bytes();
    byte
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a block has fewer than 2^20 entries"
)]
fn as_place(index: usize) -> u32 {
    index as u32
}

/// Takes the byte of an entry, and returns the place of the next one.
#[inline]
fn follow(entries: &[u32; SIZE], place: u32, bytes: &mut Vec<u8>) -> u32 {
    let entry = entries[place as usize % SIZE];
    bytes.push(low_byte(entry));
    entry >> BYTE_BITS
}

/// Follows all lanes for some steps, those without a part too.
fn follow_lanes(
    entries: &[u32; SIZE],
    places: &mut [u32; LANES],
    steps: &mut [[u8; STEPS]; LANES],
) {
    for step in 0..STEPS {
        for (place, steps) in places.iter_mut().zip(&mut *steps) {
            let entry = entries[*place as usize % SIZE];
            steps[step] = low_byte(entry);
            *place = entry >> BYTE_BITS;
        }
    }
}
