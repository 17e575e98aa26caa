//! The bytes of a block by when they were last there: what a move to the front moves.

/// Bytes that are moved together.
const WORD: usize = size_of::<u128>();
/// For each place in a word, all bits of the places up to it.
const MOVED: [u128; WORD] = {
    let mut moved = [0; WORD];
    let mut place = 0;
    while place < WORD {
        moved[place] = u128::MAX >> (8 * (WORD - 1 - place));
        place += 1;
    }
    moved
};

/// All bytes, the most recent one first.
pub(super) struct Recent {
    bytes: [u8; 256],
}

impl Recent {
    /// The bytes of an alphabet, of which there are at most 256; those after them are of no meaning.
    pub(super) fn new(alphabet: &[u8]) -> Self {
        let mut bytes = [0; 256];
        bytes[..alphabet.len()].copy_from_slice(alphabet);
        Self { bytes }
    }

    /// The most recent byte.
    #[inline]
    pub(super) fn first(&self) -> u8 {
        self.bytes[0]
    }

    /// Moves the byte at a place below 256 to the front, and returns it.
    #[inline]
    pub(super) fn move_to_front(&mut self, place: usize) -> u8 {
        let place = place % 256;
        let byte = self.bytes[place];
        let (words, _) = self.bytes.as_chunks_mut::<WORD>();
        // What the places before a word push into it.
        let mut pushed = u128::from(byte);
        let (before, rest) = words.split_at_mut(place / WORD);
        for word in before {
            let bytes = u128::from_le_bytes(*word);
            *word = (bytes << 8 | pushed).to_le_bytes();
            pushed = bytes >> (8 * (WORD - 1));
        }
        if let [word, ..] = rest {
            let bytes = u128::from_le_bytes(*word);
            let moved = MOVED[place % WORD];
            *word = ((bytes << 8 | pushed) & moved | bytes & !moved).to_le_bytes();
        }
        byte
    }
}
