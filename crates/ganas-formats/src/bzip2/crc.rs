//! The checksum of bzip2: CRC-32 with the highest bit first.

use flate2::Crc;

/// Bytes that are turned round at a time; they stay in the nearest cache.
const PIECE: usize = 4096;

/// The checksum of a block.
///
/// That of gzip takes the lowest bit first and is the same otherwise, and processors have instructions for it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = Crc::new();
    let mut reversed = [0; PIECE];
    for piece in bytes.chunks(PIECE) {
        let reversed = &mut reversed[..piece.len()];
        for (reversed, byte) in reversed.iter_mut().zip(piece) {
            *reversed = byte.reverse_bits();
        }
        sum.update(reversed);
    }
    sum.sum().reverse_bits()
}
