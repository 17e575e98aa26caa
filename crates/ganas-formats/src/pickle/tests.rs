//! The memory of pickles that are made to fill it.

use super::*;
use crate::{FormatError, FormatProblem};

/// A bound that a few thousand values meet.
const SMALL: Limits = Limits {
    values: usize::MAX,
    memo: usize::MAX,
    text_bytes: 1 << 20,
    memory: 1 << 20,
};

#[track_caller]
fn check_too_large(result: Result<(), FormatError>, what: &str) {
    let message = result.expect_err(what).to_string();
    for part in ["would take more than 1048576 bytes", "GANAS_MAX_UNPACKED"] {
        assert!(message.contains(part), "{what}: {message}");
    }
}

/// What fills memory by the instruction: the stack, the heap, the memo, the marks, long texts and bytes.
#[test]
fn every_kind_of_memory_is_bounded() {
    let mut long_text = b"X\xe8\x03\0\0".to_vec();
    long_text.extend([b'a'; 1000]);
    let mut long_bytes = b"B\xe8\x03\0\0".to_vec();
    long_bytes.extend([b'a'; 1000]);
    for repeated in [
        &b"N"[..],
        b"K\x01",
        b"G\0\0\0\0\0\0\0\0",
        b"]",
        b"}",
        b")",
        b"\x8f",
        b"(",
        b"(l",
        b"(t",
        b"]Na",
        b"}NNs",
        b"N\x85",
        b"N2",
        b"N0]",
        b"N\x94",
        b"(N1]",
        &long_text,
        &long_bytes,
    ] {
        let pickle = [b"N", &repeated.repeat(300_000)[..]].concat();
        let result = read(&pickle[..], SMALL).map(drop);
        check_too_large(result, &format!("{:?}", &repeated[..repeated.len().min(9)]));
    }
}

struct All;

impl Watcher for All {
    fn watches(&self, key: Option<&str>) -> bool {
        key.is_none()
    }

    fn entry(&mut self, _: &Heap, _: &Value, _: &Value) -> Result<(), FormatProblem> {
        Ok(())
    }
}

/// A mapping of so many times this entry, read with its entries dropped.
fn watched(entry: &[u8], n: usize) -> Result<(), FormatError> {
    let pickle = [b"}(", &entry.repeat(n)[..], b"u."].concat();
    let references = References::find(&pickle[..])?;
    Machine::new(&pickle[..], SMALL, &mut All)
        .keeping(&references)
        .run()
        .map(drop)
}

#[test]
fn entries_that_are_dropped_take_no_memory() {
    for entry in [
        &b"K\x01](NNNNNNNNe"[..],
        b"K\x01}(K\x02]K\x03}u",
        b"K\x01](]]]](NNte",
    ] {
        // Each is two values of the mapping that stay.
        watched(entry, 10_000).unwrap();
    }
    let mut text = b"K\x01](B\xe8\x03\0\0".to_vec();
    text.extend([b'a'; 1000]);
    text.push(b'e');
    watched(&text, 10_000).unwrap();
}

#[test]
fn what_stays_of_dropped_entries_is_counted() {
    // Objects, which later entries may share, with what is in their arguments.
    let object = b"K\x01](ctorch\nSize\n(NNNNNNNN]NatRe";
    check_too_large(watched(object, 50_000), "objects");
    // Bytes in the memo that are referred to at the end.
    let mut pickle = b"}(".to_vec();
    for i in 0..5_000u32 {
        pickle.extend(b"K\x01](B\xe8\x03\0\0");
        pickle.extend([b'a'; 1000]);
        pickle.push(b'r');
        pickle.extend(i.to_le_bytes());
        pickle.push(b'e');
    }
    pickle.push(b'u');
    for i in 0..5_000u32 {
        pickle.push(b'j');
        pickle.extend(i.to_le_bytes());
    }
    pickle.push(b'.');
    let references = References::find(&pickle[..]).unwrap();
    let mut all = All;
    let machine = Machine::new(&pickle[..], SMALL, &mut all);
    check_too_large(machine.keeping(&references).run().map(drop), "bytes");
}
