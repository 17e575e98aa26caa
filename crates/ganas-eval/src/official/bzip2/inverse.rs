//! The inverse of the Burrows-Wheeler transform.
//!
//! Every entry of the transformed block holds a byte of the content and the place of the next entry, so decoding follows
//! a path through memory that no cache can foresee. The path is cut at some entries, and several of its parts are
//! followed at a time, each waiting for memory while the others go on.

/// Entries: the largest block has 900,000, and a power of two lets places be masked.
const SIZE: usize = 1 << 20;
/// The bits of an entry: the byte, the place of the next one, and whether a part begins here.
const BYTE_BITS: u32 = 8;
const PLACE_MASK: u32 = (1 << 20) - 1;
const BEGINS: u32 = 1 << 31;
/// Parts that are followed at a time.
const LANES: usize = 16;
/// Entries that each lane follows before it is looked at.
const STEPS: usize = 64;
/// Parts of a path; more than lanes, because their lengths differ.
const PARTS: usize = 160;
/// A path shorter than this stays in the nearest cache.
const SHORT: usize = 4096;

/// A block that is being decoded.
pub(super) struct Transform {
    entries: Box<[u32; SIZE]>,
    length: usize,
    counts: [u32; 256],
    parts: Vec<Part>,
}

/// A part of the path.
struct Part {
    begin: u32,
    /// The entry that follows its last one, where another part begins.
    end: u32,
    bytes: Vec<u8>,
}

/// A part that is being followed.
#[derive(Clone, Copy, Default)]
struct Lane {
    part: usize,
    place: u32,
}

impl Default for Transform {
    fn default() -> Self {
        let entries = vec![0; SIZE].into_boxed_slice();
        Self {
            entries: entries.try_into().expect("it has the size of the array"),
            length: 0,
            counts: [0; 256],
            parts: Vec::new(),
        }
    }
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
        self.entries[self.length % SIZE] = byte.into();
        self.length += 1;
        self.counts[usize::from(byte)] += 1;
    }

    /// Adds a byte several times.
    pub(super) fn push_run(&mut self, byte: u8, run: usize) {
        // Most runs are short, and a call would take longer.
        for entry in &mut self.entries[self.length..self.length + run] {
            *entry = byte.into();
        }
        self.length += run;
        self.counts[usize::from(byte)] += u32::try_from(run).expect("a run is within a block");
    }

    /// Adds the content to `text`; `origin` is the entry whose successor comes first.
    pub(super) fn invert(&mut self, origin: usize, text: &mut Vec<u8>) {
        self.link();
        let first = self.entries[origin] >> BYTE_BITS & PLACE_MASK;
        if self.length < SHORT {
            let mut place = first;
            for _ in 0..self.length {
                place = follow(&self.entries, place, text);
            }
            return;
        }
        self.begin_parts(first);
        self.follow_parts();
        self.join_parts(text);
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
        let (mut low, mut high) = (0, self.length);
        while low + 1 < high {
            high -= 1;
            let byte = usize::from(low_byte(self.entries[low % SIZE]));
            let high_byte = usize::from(low_byte(self.entries[high % SIZE]));
            self.entries[first[byte] as usize % SIZE] |= as_place(low) << BYTE_BITS;
            first[byte] += 1;
            last[high_byte] -= 1;
            self.entries[last[high_byte] as usize % SIZE] |= as_place(high) << BYTE_BITS;
            low += 1;
        }
        if low < high {
            let byte = usize::from(low_byte(self.entries[low % SIZE]));
            self.entries[first[byte] as usize % SIZE] |= as_place(low) << BYTE_BITS;
        }
    }

    /// Chooses where parts begin: at `first`, and at others in even distances.
    fn begin_parts(&mut self, first: u32) {
        self.parts.resize_with(PARTS, || Part {
            begin: 0,
            end: 0,
            bytes: Vec::new(),
        });
        let others = (1..PARTS).map(|part| part * self.length / PARTS);
        let begins = std::iter::once(first).chain(others.map(as_place));
        let mut n_parts = 0;
        for begin in begins {
            let entry = &mut self.entries[begin as usize % SIZE];
            if *entry & BEGINS == 0 {
                *entry |= BEGINS;
                let part = &mut self.parts[n_parts];
                part.begin = begin;
                part.bytes.clear();
                n_parts += 1;
            }
        }
        self.parts.truncate(n_parts);
    }

    /// Follows every part up to where another one begins.
    fn follow_parts(&mut self) {
        let entries = &*self.entries;
        let n_parts = self.parts.len();
        let mut begun = 0;
        let mut lanes = [Lane::default(); LANES];
        let mut n_lanes = 0;
        let mut steps = [[0; STEPS]; LANES];
        loop {
            while n_lanes < LANES && begun < n_parts {
                let part = &mut self.parts[begun];
                let place = follow(entries, part.begin, &mut part.bytes);
                lanes[n_lanes] = Lane { part: begun, place };
                n_lanes += 1;
                begun += 1;
            }
            if n_lanes == 0 {
                return;
            }
            let before = lanes;
            let ended = follow_lanes(entries, &mut lanes, &mut steps);
            // Backwards, because the last lane takes the place of one that has ended.
            for lane in (0..n_lanes).rev() {
                let part = &mut self.parts[before[lane].part];
                if !ended[lane] {
                    part.bytes.extend_from_slice(&steps[lane]);
                    continue;
                }
                let mut place = before[lane].place;
                while entries[place as usize % SIZE] & BEGINS == 0 {
                    place = follow(entries, place, &mut part.bytes);
                }
                part.end = place;
                n_lanes -= 1;
                lanes.swap(lane, n_lanes);
            }
        }
    }

    /// Joins the parts in the order of the path.
    fn join_parts(&mut self, text: &mut Vec<u8>) {
        let start = text.len();
        let end = start + self.length;
        text.reserve(self.length);
        let mut number = 0;
        loop {
            let part = &self.parts[number];
            text.extend_from_slice(&part.bytes);
            let next = self.parts.iter().position(|other| other.begin == part.end);
            number = next.expect("a part ends where another one begins");
            if number == 0 {
                break;
            }
        }
        // Where the content repeats itself, the path is a circle that is followed several times.
        let period = text.len() - start;
        while text.len() < end {
            let more = period.min(end - text.len());
            text.extend_from_within(start..start + more);
        }
    }
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
    entry >> BYTE_BITS & PLACE_MASK
}

/// Follows all lanes for some steps, those without a part too, and returns which of them came to where a part begins.
#[expect(
    clippy::needless_range_loop,
    reason = "the steps of all lanes are taken in turn"
)]
fn follow_lanes(
    entries: &[u32; SIZE],
    lanes: &mut [Lane; LANES],
    steps: &mut [[u8; STEPS]; LANES],
) -> [bool; LANES] {
    let mut places = lanes.map(|lane| lane.place);
    let mut seen = [0; LANES];
    for step in 0..STEPS {
        for lane in 0..LANES {
            let entry = entries[places[lane] as usize % SIZE];
            seen[lane] |= entry;
            steps[lane][step] = low_byte(entry);
            places[lane] = entry >> BYTE_BITS & PLACE_MASK;
        }
    }
    for (lane, place) in lanes.iter_mut().zip(places) {
        lane.place = place;
    }
    seen.map(|entries| entries & BEGINS != 0)
}
