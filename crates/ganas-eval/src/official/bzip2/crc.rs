//! The checksum of bzip2: CRC-32 with the highest bit first.

const POLYNOMIAL: u32 = 0x04c1_1db7;
/// Bytes that are summed at a time.
const WIDTH: usize = 8;
/// What a byte adds that is followed by 0 to 7 others.
static TABLES: [[u32; 256]; WIDTH] = tables();

const fn tables() -> [[u32; 256]; WIDTH] {
    let mut tables = [[0; 256]; WIDTH];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            let carry = if sum >> 31 == 1 { POLYNOMIAL } else { 0 };
            sum = sum << 1 ^ carry;
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut distance = 1;
    while distance < WIDTH {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[distance - 1][byte];
            tables[distance][byte] = before << 8 ^ tables[0][(before >> 24) as usize];
            byte += 1;
        }
        distance += 1;
    }
    tables
}

/// The checksum of a block.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    let (words, rest) = bytes.as_chunks::<WIDTH>();
    for word in words {
        let [a, b, c, d] = sum.to_be_bytes();
        let [e, f, g, h, rest @ ..] = *word;
        let first = [a ^ e, b ^ f, c ^ g, d ^ h];
        let bytes = first.into_iter().chain(rest);
        sum = bytes
            .zip(TABLES.iter().rev())
            .fold(0, |sum, (byte, table)| sum ^ table[usize::from(byte)]);
    }
    for byte in rest {
        let [high, ..] = sum.to_be_bytes();
        sum = sum << 8 ^ TABLES[0][usize::from(high ^ byte)];
    }
    !sum
}
