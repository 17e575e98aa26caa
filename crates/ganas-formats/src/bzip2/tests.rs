//! The decoder against a compressor of others.

use std::io::{ErrorKind, Read as _, Write as _};

use bzip2::Compression;
use bzip2::write::BzEncoder;
use proptest::prelude::*;

use super::huffman::TOO_MANY_WORDS;
use super::*;

fn compressed(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn decoded(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    Bzip2Reader::new(bytes).read_to_end(&mut content)?;
    Ok(content)
}

/// Bytes of some kind: `kind` says how many different ones, and how likely they repeat.
fn noise(length: usize, kind: u64) -> Vec<u8> {
    let mut state = kind.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut last = 0;
    (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let [.., draw, other, _] = state.to_le_bytes();
            if u64::from(draw) % 7 >= kind % 8 {
                last = other % (1 + u8::try_from(kind * 37 % 255).unwrap());
            }
            last
        })
        .collect()
}

#[test]
fn what_was_compressed_is_decoded() {
    for length in [
        1, 2, 3, 4, 5, 100, 4_095, 4_096, 5_000, 99_981, 100_000, 400_000, 2_000_000,
    ] {
        for kind in [0, 1, 2, 3, 5, 6, 7] {
            let content = noise(length, kind);
            let level = if kind % 2 == 0 { 1 } else { 9 };
            let bytes = compressed(&content, level);
            assert!(decoded(&bytes).unwrap() == content, "{length} {kind}");
        }
    }
}

/// Where the content repeats itself, the inverse transform is not one circle.
#[test]
fn content_that_repeats_itself_is_decoded() {
    for period in [1, 2, 3, 4, 7, 255, 256, 300, 4_096] {
        for length in [period, 3 * period, 3 * period + 1, 64 * 300, 100_000] {
            let pattern = noise(period, 6);
            let content: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
            let bytes = compressed(&content, 9);
            assert!(decoded(&bytes).unwrap() == content, "{period} {length}");
        }
    }
    // All lengths of runs, which are written out at four equal bytes.
    let content: Vec<u8> = (0..=600usize)
        .flat_map(|n| std::iter::repeat_n(u8::try_from(n % 251).unwrap(), n))
        .collect();
    assert!(decoded(&compressed(&content, 9)).unwrap() == content);
}

#[test]
fn streams_after_each_other_are_one_content() {
    let [first, second] = [noise(10_000, 1), noise(300_000, 2)];
    let nothing = compressed(b"", 9);
    let bytes = [
        &*nothing,
        &compressed(&first, 1),
        &nothing,
        &compressed(&second, 9),
    ]
    .concat();
    assert!(decoded(&bytes).unwrap() == [first, second].concat());
    assert_eq!(decoded(&nothing).unwrap(), b"");
}

#[test]
fn memory_is_used_again() {
    let mut workspace = Workspace::default();
    for (length, kind) in [(300_000, 1), (10, 2), (70_000, 3), (0, 0), (300_000, 5)] {
        let content = noise(length, kind);
        let bytes = compressed(&content, 9);
        let mut reader = Bzip2Reader::reusing(&*bytes, workspace);
        let mut found = Vec::new();
        reader.read_to_end(&mut found).unwrap();
        assert!(found == content, "{length}");
        workspace = reader.into_workspace();
    }
}

#[test]
fn all_is_decoded_at_once_up_to_a_limit() {
    let content = noise(450_000, 2);
    let bytes = compressed(&content, 1);
    let mut reader = Bzip2Reader::new(&*bytes);
    reader.decode_all(u64::MAX).unwrap();
    assert!(reader.content() == content);
    // What was read before is not there any more.
    let mut reader = Bzip2Reader::new(&*bytes);
    let mut beginning = vec![0; 120_000];
    reader.read_exact(&mut beginning).unwrap();
    reader.decode_all(u64::MAX).unwrap();
    assert!([&*beginning, reader.content()].concat() == content);
    // A block of this level has at most 100,000 bytes before runs are written out.
    let mut reader = Bzip2Reader::new(&*bytes);
    reader.decode_all(50_000).unwrap();
    let n = reader.content().len();
    assert!((50_000..400_000).contains(&n), "{n}");
    assert!(content.starts_with(reader.content()));
    // An error leaves what came before it.
    let mut reader = Bzip2Reader::new(&bytes[..bytes.len() - 20]);
    let error = reader.decode_all(u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(reader.content().len() >= n && content.starts_with(reader.content()));
}

#[test]
fn every_truncation_is_the_end_of_the_file() {
    let bytes = compressed(&noise(30_000, 2), 9);
    for length in 0..bytes.len() {
        let error = decoded(&bytes[..length]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}: {error}");
    }
}

#[test]
fn no_damage_goes_unnoticed() {
    let content = noise(3_000, 2);
    let bytes = compressed(&content, 9);
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 0x80 >> (bit % 8);
        match decoded(&damaged) {
            Err(_) => {}
            // The digit says how large blocks may be; bits after the end of the last stream fill up its last byte.
            Ok(found) => {
                assert!(found == content, "{bit}");
                assert!(bit / 8 == 3 || bit / 8 == bytes.len() - 1, "{bit}");
            }
        }
    }
    for more in [&b"x"[..], b"BZh", b"BZh0", b"BZh91AY&SX"] {
        assert!(decoded(&[&bytes, more].concat()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_content_is_decoded(content in prop::collection::vec(any::<u8>(), 0..3_000), level in 1..=9u32) {
        prop_assert_eq!(decoded(&compressed(&content, level)).unwrap(), content);
    }

    /// With runs of all lengths in all places.
    #[test]
    fn runs_are_decoded(content in prop::collection::vec(0..2u8, 0..600)) {
        prop_assert_eq!(decoded(&compressed(&content, 9)).unwrap(), content);
    }

    /// The same as another decoder, or an error of both; only that one takes codes that are damaged where no word of them
    /// is used, which changes nothing of the content.
    #[test]
    fn damage_is_found_as_by_others(
        length in 1..20_000usize,
        kind in 0..8u64,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let content = noise(length, kind);
        let mut bytes = compressed(&content, 9);
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let mut others = Vec::new();
        let result = bzip2::read::MultiBzDecoder::new(&*bytes).read_to_end(&mut others);
        match decoded(&bytes) {
            Ok(found) => prop_assert!(result.is_ok() && found == others),
            Err(error) if error.to_string() == TOO_MANY_WORDS => {
                prop_assert!(result.is_err() || others == content);
            }
            Err(error) => prop_assert!(result.is_err(), "{error}"),
        }
    }

    #[test]
    fn no_noise_panics(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = decoded(&[b"BZh91AY&SY", &*bytes].concat());
        let _ = decoded(&bytes);
    }
}
