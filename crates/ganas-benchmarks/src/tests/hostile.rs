//! Files that are made to hurt: claimed lengths, names to execute, noise.

use ganas_space::nasbench101::NasBench101;
use ganas_space::nasbench201::NasBench201;
use proptest::prelude::*;

use super::*;
use crate::nats::archive::{RecordReader, read_tar};
use ganas_formats::pickle::{self, Limits, References};
use ganas_formats::tfrecord::{TfRecords, masked_crc};

fn message_of(pickled: &[u8]) -> String {
    let error = pickle::read(pickled, Limits::default()).unwrap_err();
    error.in_file(Path::new("file")).to_string()
}

#[test]
fn nothing_is_executed() {
    for (pickled, name) in [
        (&b"cos\nsystem\n(S'true'\ntR."[..], "os.system"),
        (
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
            "builtins.eval",
        ),
        (b"\x80\x02ctorch\nload\n.", "torch.load"),
        (b"\x80\x02ccollections\nabc\n.", "collections.abc"),
    ] {
        let message = message_of(pickled);
        for part in [name, "nothing of it was executed"] {
            assert!(message.contains(part), "`{part}` is not in `{message}`");
        }
    }
}

#[test]
fn a_claimed_length_allocates_nothing() {
    let gigabyte = 1u32 << 30;
    for opcode in [b'X', b'B', b'T', 0x8b] {
        let mut pickled = vec![0x80, 4, opcode];
        pickled.extend(gigabyte.to_le_bytes());
        pickled.extend([b'a'; 90]);
        assert!(message_of(&pickled).contains("a length of 1073741824 bytes"));
        assert!(References::find(&pickled[..]).is_err());
    }
    for opcode in [0x8d, 0x8e, 0x96] {
        let mut pickled = vec![0x80, 4, opcode];
        pickled.extend(u64::MAX.to_le_bytes());
        assert!(message_of(&pickled).contains("a length of"));
        assert!(References::find(&pickled[..]).is_err());
    }
    // A length within the limit is believed as far as bytes follow: 64 KiB are the largest step.
    let mut pickled = vec![0x80, 4, b'X'];
    pickled.extend((1u32 << 23).to_le_bytes());
    assert!(message_of(&pickled).contains("8388608 or more bytes are missing"));
    // A reference far beyond what was written.
    let mut pickled = vec![0x80, 4, b'N', b'j'];
    pickled.extend(gigabyte.to_le_bytes());
    assert!(References::find(&pickled[..]).is_err());

    let length = u64::from(gigabyte).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend([0; 80]);
    let error = TfRecords::new(&record[..]).next_record().unwrap_err();
    let message = error.in_file(Path::new("file")).to_string();
    assert!(
        message.contains("a length of 1073741824 bytes, expected at most"),
        "{message}"
    );
}

#[test]
fn deep_and_circular_values_are_read() {
    // A list in a list a hundred thousand times, which must not need as much stack to drop.
    let mut pickled = vec![b']'; 100_000];
    pickled.extend([b'a'; 99_999]);
    pickled.push(b'.');
    assert!(pickle::read(&pickled[..], Limits::default()).is_ok());
    // A list that contains itself.
    assert!(pickle::read(&b"]q\0h\0a."[..], Limits::default()).is_ok());
    // Doubling a list thirty times is thirty references, not a billion values.
    let doubling = [&b"]q\0"[..], &b"h\0h\0\x86q\0".repeat(30), b"."].concat();
    assert!(pickle::read(&doubling[..], Limits::default()).is_ok());
}

#[test]
fn malformed_pickles_are_errors() {
    for pickled in [
        &b""[..],
        b".",
        b"\x80\x06N.",
        b"0.",
        b"1.",
        b"a.",
        b"Na.",
        b"NNa.",
        b"(NNa.",
        b"u.",
        b"(u.",
        b"}(Nu.",
        b"R.",
        b"NNR.",
        b"N)R.",
        b"b.",
        b"NNb.",
        b"h\0.",
        b"q\0.",
        b"\x93.",
        b"NN\x93.",
        b"\xff",
        b"(.",
        b"Ix\n.",
        b"Fx\n.",
        b"gx\n.",
        b"X\x01\0\0\0\xff.",
        b"t.",
        b"\x85.",
        b"s.",
        b"}NNNs.",
    ] {
        let result = pickle::read(pickled, Limits::default());
        assert!(result.is_err(), "{pickled:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// Random instructions, most of which are on the list.
    #[test]
    fn no_pickle_panics(bytes in proptest::collection::vec(prop_oneof![
        3 => prop::sample::select(b"()]}lduesatbRqhN0122.\x85\x86\x87\x88\x8f\x90\x91\x94\x93K\x01cX".to_vec()),
        1 => any::<u8>(),
    ], 0..300)) {
        let _ = pickle::read(&bytes[..], Limits::default());
        let _ = References::find(&bytes[..]);
    }

    #[test]
    fn no_noise_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        let _ = RecordReader::default().read(&bytes[..]);
        let _ = read_tar(&bytes[..], |_| Ok(()));
        let _ = TfRecords::new(&bytes[..]).next_record();
        let _ = crate::nasbench101::records::parse_record(&bytes, &mut Vec::new());
    }
}

#[test]
fn no_noise_is_converted() {
    let folder = Folder::new();
    let noise: Vec<u8> = (0..4096u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let source = folder.write("noise", &noise);
    for format in [
        PublishedFormat::NasBench101TfRecord,
        PublishedFormat::NasLib101Pickle,
        PublishedFormat::NatsTar,
        PublishedFormat::NatsPickle,
        PublishedFormat::NasBench201Torch,
    ] {
        let error = match format {
            PublishedFormat::NasBench101TfRecord | PublishedFormat::NasLib101Pickle => {
                folder.import_as(format, &source, &NasBench101::new())
            }
            _ => folder.import_as(format, &source, &NasBench201::new()),
        };
        let message = error.unwrap_err().to_string();
        assert!(message.contains("noise: "), "{format}: {message}");
        assert_eq!(folder.names(), ["noise"]);
    }
    let source = folder.write("empty.tfrecord", b"");
    let format = PublishedFormat::NasBench101TfRecord;
    let error = folder
        .import_as(format, &source, &NasBench101::new())
        .unwrap_err();
    check_message(&error, &["empty.tfrecord", "expected at least one record"]);
}
