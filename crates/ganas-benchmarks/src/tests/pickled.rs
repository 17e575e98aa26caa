//! Small pickles with the layout of the large ones: single files of NATS-Bench, `.pth` files, NASLib's pickle.

use std::io::Write as _;

use bzip2::Compression;
use bzip2::write::BzEncoder;
use ganas_space::nasbench101::NasBench101;
use ganas_space::nasbench201::NasBench201;
use zip::write::SimpleFileOptions;

use super::*;
use ganas_formats::pickle::{self, Limits};

/// Writes pickles of protocol 2, which PyTorch uses, with every container and text in the memo.
#[derive(Clone)]
pub(super) struct Pickle {
    pub(super) bytes: Vec<u8>,
    n_memo: u32,
}

impl Pickle {
    pub(super) fn new() -> Self {
        let (bytes, n_memo) = (vec![0x80, 2], 0);
        Self { bytes, n_memo }
    }

    fn put(&mut self) {
        self.bytes.push(b'r');
        self.bytes.extend(self.n_memo.to_le_bytes());
        self.n_memo += 1;
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes.push(b'X');
        self.bytes
            .extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        self.bytes.extend(text.as_bytes());
        self.put();
        self
    }

    fn int(&mut self, value: u16) -> &mut Self {
        self.bytes.push(b'M');
        self.bytes.extend(value.to_le_bytes());
        self
    }

    fn float(&mut self, value: f64) -> &mut Self {
        self.bytes.push(b'G');
        self.bytes.extend(value.to_be_bytes());
        self
    }

    /// A mapping that `entries` writes the keys and values of.
    fn dict(&mut self, entries: impl FnOnce(&mut Self)) -> &mut Self {
        self.bytes.push(b'}');
        self.put();
        self.bytes.push(b'(');
        entries(self);
        self.bytes.push(b'u');
        self
    }

    /// The same as an `OrderedDict`.
    fn ordered(&mut self, entries: impl FnOnce(&mut Self)) -> &mut Self {
        self.bytes.extend(b"ccollections\nOrderedDict\n");
        self.put();
        self.bytes.extend(b")R");
        self.put();
        self.bytes.push(b'(');
        entries(self);
        self.bytes.push(b'u');
        self
    }

    fn list(&mut self, elements: impl FnOnce(&mut Self)) -> &mut Self {
        self.bytes.push(b']');
        self.put();
        self.bytes.push(b'(');
        elements(self);
        self.bytes.push(b'e');
        self
    }

    fn stop(mut self) -> Vec<u8> {
        self.bytes.push(b'.');
        self.bytes
    }
}

const ARCHS: [&str; 3] = [
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|",
    "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|",
];
const INDICES: [u16; 3] = [0, 11, 284];

/// What a file of NAS-Bench-201 maps to its records, tensors included.
fn records(schedules: &[(&str, u16)]) -> Vec<u8> {
    let mut pickle = Pickle::new();
    pickle.dict(|p| {
        p.text("meta_archs").list(|p| {
            for arch in ARCHS {
                p.text(arch);
            }
        });
        p.text("arch2infos").ordered(|p| {
            for (index, arch) in INDICES.into_iter().zip(ARCHS) {
                p.int(index).dict(|p| record(p, index, arch, schedules));
            }
        });
        p.text("evaluated_indexes").list(|p| {
            p.int(0);
        });
    });
    pickle.stop()
}

fn record(p: &mut Pickle, index: u16, arch: &str, schedules: &[(&str, u16)]) {
    for &(schedule, epochs) in schedules {
        p.text(schedule).dict(|p| {
            p.text("arch_index").int(index);
            p.text("arch_str").text(arch);
            p.text("all_results").ordered(|p| {
                p.text("cifar10-valid").int(777);
                p.bytes.push(0x86);
                p.put();
                p.dict(|p| training(p, index, epochs));
            });
        });
    }
}

fn training(p: &mut Pickle, index: u16, epochs: u16) {
    p.text("epochs").int(epochs);
    p.text("train_times").dict(|p| {
        for epoch in 0..epochs {
            p.int(epoch).float(2.0);
        }
    });
    for name in ["eval_acc1es", "eval_times"] {
        p.text(name).dict(|p| {
            let last = format!("x-valid@{}", epochs - 1);
            p.text(&last).float(f64::from(index) / 8.0 + 0.5);
        });
    }
    // A tensor: torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict()).
    p.text("net_state_dict").ordered(|p| {
        p.text("stem.weight");
        p.bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        p.text("storage");
        p.bytes.extend(b"ctorch\nFloatStorage\n");
        p.text("0").text("cpu").int(2);
        p.bytes
            .extend(b"tQK\x00K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR");
    });
}

/// The same three records come out of every kind of file.
#[track_caller]
fn check(file: &str, content: &[u8], format: PublishedFormat, epochs: [u16; 2]) {
    let folder = Folder::new();
    let source = folder.write(file, content);
    assert_eq!(PublishedFormat::detect(&source).unwrap(), Some(format));
    let table = folder.imported(&source, &NasBench201::new());
    assert_eq!(table.n_rows(), 3);
    for (row, (index, arch)) in table.rows().zip(INDICES.into_iter().zip(ARCHS)) {
        assert_eq!(table.arch_text(row).unwrap(), arch);
        for epochs in epochs {
            let name = format!("cifar10_valid_seed777_{epochs}");
            let valid = table.column(&name).unwrap();
            let value = f64::from(index) / 8.0 + 0.5;
            assert_eq!(table.value(valid, row), Some(value));
            // All epochs at 2 seconds, and the pass, whose time is the same made-up number.
            let charged = 2.0 * f64::from(epochs) + value;
            assert_eq!(table.query_time(valid, row).unwrap(), Some(charged));
        }
    }
    for length in (0..content.len()).step_by(content.len() / 40 + 1) {
        let cut = folder.write("cut", &content[..length]);
        let error = folder
            .import_as(format, &cut, &NasBench201::new())
            .unwrap_err();
        assert!(
            matches!(error, BenchmarkError::File(_)),
            "at {length}: {error}"
        );
    }
}

#[test]
fn a_single_pickle_of_nats() {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(&records(&[("12", 12), ("200", 200)]))
        .unwrap();
    let bytes = encoder.finish().unwrap();
    check(
        "NATS-tss.pickle.pbz2",
        &bytes,
        PublishedFormat::NatsPickle,
        [12, 200],
    );
}

#[test]
fn a_record_with_one_schedule() {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&records(&[("200", 200)])).unwrap();
    let bytes = encoder.finish().unwrap();
    check(
        "NATS-tss.pickle.pbz2",
        &bytes,
        PublishedFormat::NatsPickle,
        [200, 200],
    );
}

#[test]
fn a_pth_file_of_old_pytorch() {
    // The magic number, the version, the sizes of numbers; then the pickle, the keys of the storages and their bytes.
    let mut bytes =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    let mut sizes = Pickle::new();
    sizes.dict(|p| {
        p.text("short").int(2);
    });
    bytes.extend(sizes.stop());
    bytes.extend(records(&[("less", 12), ("full", 200)]));
    check(
        "NAS-Bench-201-v1_1-096897.pth",
        &bytes,
        PublishedFormat::NasBench201Torch,
        [12, 200],
    );
}

#[test]
fn a_pth_file_of_new_pytorch() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("archive/data.pkl", stored).unwrap();
    zip.write_all(&records(&[("less", 12), ("full", 200)]))
        .unwrap();
    zip.start_file("archive/data/0", stored).unwrap();
    zip.write_all(&[0; 8]).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    check(
        "NAS-Bench-201-v1_0-e61699.pth",
        &bytes,
        PublishedFormat::NasBench201Torch,
        [12, 200],
    );
}

/// How a row of values is written.
#[derive(Clone, Copy, Debug)]
enum Row {
    List,
    /// A tuple of two by an instruction of its own, of others after a mark.
    Tuple,
    /// A tuple after a mark, as protocols 0 and 1 write all of them.
    MarkedTuple,
}

const ROWS: [Row; 3] = [Row::List, Row::Tuple, Row::MarkedTuple];

/// How the matrix and the operations are written.
#[derive(Clone, Copy, Debug)]
enum Cells {
    Rows(Row),
    /// A NumPy array of bytes, and a list.
    Array,
    /// The same, column by column.
    ByColumn,
    /// As protocol 5 writes an array, and an array of texts.
    Buffer,
}

impl Pickle {
    fn row(&mut self, row: Row, n: usize, elements: impl FnOnce(&mut Self)) -> &mut Self {
        match (row, n) {
            (Row::List, _) => self.list(elements),
            (Row::Tuple, 2) => {
                elements(self);
                self.bytes.push(0x86);
                self.put();
                self
            }
            (Row::Tuple | Row::MarkedTuple, _) => {
                self.bytes.push(b'(');
                elements(self);
                self.bytes.push(b't');
                self.put();
                self
            }
        }
    }

    /// A type as NumPy writes it.
    fn dtype(&mut self, name: &str) -> &mut Self {
        self.bytes.extend(b"cnumpy\ndtype\n");
        self.text(name);
        self.bytes
            .extend(b"\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb");
        self
    }

    /// An array as protocol 5 writes it.
    fn buffer(&mut self, dtype: &str, shape: &[u8], bytes: &[u8]) -> &mut Self {
        self.bytes.extend(b"cnumpy._core.numeric\n_frombuffer\n(");
        self.bytes.push(0x96);
        self.bytes.extend((bytes.len() as u64).to_le_bytes());
        self.bytes.extend(bytes);
        self.dtype(dtype);
        self.bytes.push(b'(');
        for &length in shape {
            self.bytes.extend([b'K', length]);
        }
        self.bytes.push(b't');
        self.text("C");
        self.bytes.extend(b"tR");
        self.put();
        self
    }

    /// An array as protocol 2 writes it.
    fn array(&mut self, shape: [u8; 2], bytes: &str, by_column: bool) -> &mut Self {
        self.bytes.extend(
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01",
        );
        self.bytes.extend([b'K', shape[0], b'K', shape[1], 0x86]);
        self.dtype("i1");
        self.bytes.push(if by_column { 0x88 } else { 0x89 });
        self.bytes.extend(b"c_codecs\nencode\n");
        self.text(bytes).text("latin1");
        self.bytes.extend(b"\x86Rtb");
        self
    }
}

const OPS: [&str; 3] = ["input", "conv3x3-bn-relu", "output"];

/// `010 001 000`, trained three times.
fn naslib_cell(p: &mut Pickle, hash: &str, row: Row, cells: Cells) {
    p.text(hash).row(row, 2, |p| {
        p.dict(|p| {
            p.text("module_adjacency");
            match cells {
                Cells::Rows(row) => p.row(row, 3, |p| {
                    for bits in [[0, 1, 0], [0, 0, 1], [0, 0, 0]] {
                        p.row(row, 3, |p| {
                            for bit in bits {
                                p.int(bit);
                            }
                        });
                    }
                }),
                Cells::Array => p.array([3, 3], "\0\u{1}\0\0\0\u{1}\0\0\0", false),
                Cells::ByColumn => p.array([3, 3], "\0\0\0\u{1}\0\0\0\u{1}\0", true),
                Cells::Buffer => p.buffer("i1", &[3, 3], &[0, 1, 0, 0, 0, 1, 0, 0, 0]),
            };
            p.text("module_operations");
            match cells {
                Cells::Buffer => {
                    let mut bytes = Vec::new();
                    for op in OPS {
                        let codes = op.chars().map(u32::from).chain(std::iter::repeat(0));
                        bytes.extend(codes.take(15).flat_map(u32::to_le_bytes));
                    }
                    p.buffer("U15", &[3], &bytes)
                }
                _ => p.row(row, 3, |p| {
                    for op in OPS {
                        p.text(op);
                    }
                }),
            };
            p.text("trainable_parameters").int(7);
        });
        p.dict(|p| {
            p.int(108).row(row, 3, |p| {
                for repeat in 0..3u16 {
                    p.dict(|p| {
                        for stage in ["halfway", "final"] {
                            for metric in [
                                "training_time",
                                "train_accuracy",
                                "validation_accuracy",
                                "test_accuracy",
                            ] {
                                let value = 0.125 * f64::from(repeat);
                                p.text(&format!("{stage}_{metric}")).float(value);
                            }
                        }
                    });
                }
            });
        });
    });
}

/// The same content in every container that Python has for it.
#[test]
fn naslibs_pickle() {
    let space = NasBench101::new();
    let arch = space.decode("010 001 000|input,3x3,output").unwrap();
    let hash = space.key(&arch).to_string();
    let cells = ROWS.map(Cells::Rows).into_iter();
    let cells = cells.chain([Cells::Array, Cells::ByColumn, Cells::Buffer]);
    let cases: Vec<_> = (ROWS.into_iter())
        .flat_map(|row| cells.clone().map(move |cells| (row, cells)))
        .collect();
    for (row, cells) in cases {
        let mut pickle = Pickle::new();
        pickle.dict(|p| naslib_cell(p, &hash, row, cells));
        let folder = Folder::new();
        let source = folder.write("nasbench_only108.pkl", pickle.stop());
        assert_eq!(
            PublishedFormat::detect(&source).unwrap(),
            Some(PublishedFormat::NasLib101Pickle)
        );
        let table = folder.imported(&source, &space);
        assert_eq!(table.n_rows(), 1, "{row:?}, {cells:?}");
        let first = table.row(0).unwrap();
        for (name, expected) in [
            ("valid_run2_108", 0.25),
            ("valid_mean_108", 0.125),
            ("test_run1_54of108", 0.125),
            ("params", 7.0),
        ] {
            let column = table.column(name).unwrap();
            let value = table.value(column, first);
            assert_eq!(value, Some(expected), "{name}: {row:?}, {cells:?}");
        }
    }
    // A hash that is not that of the cell.
    for row in ROWS {
        let mut pickle = Pickle::new();
        pickle.dict(|p| naslib_cell(p, &"0".repeat(32), row, Cells::Array));
        let folder = Folder::new();
        let source = folder.write("nasbench_only108.pkl", pickle.stop());
        let message = folder.import(&source, &space).unwrap_err().to_string();
        assert!(message.contains(&hash), "{message}");
    }
}

/// What is no matrix of 0 and 1 is said to be none, and no length is believed.
#[test]
fn arrays_that_are_no_matrices() {
    let space = NasBench101::new();
    for (dtype, shape, bytes) in [
        ("i1", &[2u8, 3][..], &[0u8; 6][..]),
        ("i1", &[3, 3], &[0, 2, 0, 0, 0, 1, 0, 0, 0]),
        ("i1", &[3, 3], &[0; 8]),
        ("i1", &[255, 255, 255, 255, 255, 255, 255, 255], &[0; 9]),
        ("i1", &[0], &[]),
        ("f2", &[3, 3], &[0; 18]),
        ("?", &[3, 3], &[0; 9]),
        ("", &[3, 3], &[0; 9]),
        ("\u{e4}1", &[3, 3], &[0; 9]),
    ] {
        let mut pickle = Pickle::new();
        pickle.dict(|p| {
            p.text(&"0".repeat(32)).list(|p| {
                p.dict(|p| {
                    p.text("module_adjacency").buffer(dtype, shape, bytes);
                });
                p.dict(|_| {});
            });
        });
        let folder = Folder::new();
        let source = folder.write("nasbench_only108.pkl", pickle.stop());
        let message = folder.import(&source, &space).unwrap_err().to_string();
        assert!(message.contains("a square matrix"), "{dtype}: {message}");
    }
}

/// A file of many cells is not held, whether its pairs are lists or tuples.
#[test]
fn pairs_are_dropped_once_they_are_read() {
    struct Pairs(usize);
    impl pickle::Watcher for Pairs {
        fn watches(&self, key: Option<&str>) -> bool {
            key.is_none()
        }
        fn is_whole(&self, heap: &pickle::Heap, value: &pickle::Value) -> bool {
            heap.elements(value).is_some_and(|pair| pair.len() == 2)
        }
        fn entry(
            &mut self,
            _heap: &pickle::Heap,
            _key: &pickle::Value,
            _value: &pickle::Value,
        ) -> Result<(), ganas_formats::FormatProblem> {
            self.0 += 1;
            Ok(())
        }
    }
    for row in ROWS {
        let mut pickle = Pickle::new();
        pickle.dict(|p| {
            for _ in 0..50 {
                naslib_cell(p, &"0".repeat(32), row, Cells::Array);
            }
        });
        let bytes = pickle.stop();
        let limits = Limits {
            values: 1_000,
            ..Limits::default()
        };
        let mut pairs = Pairs(0);
        let read = pickle::Machine::new(&bytes[..], limits, &mut pairs).run();
        assert!(read.is_ok(), "{row:?}: {:?}", read.err());
        assert_eq!(pairs.0, 50, "{row:?}");
    }
}

#[test]
fn shown_records_are_dropped() {
    let bytes = records(&[("12", 12), ("200", 200)]);
    assert!(pickle::read(&bytes[..], Limits::default()).is_ok());
    // A limit that one record fits into, but not three.
    let one = Limits {
        values: 1_000,
        ..Limits::default()
    };
    assert!(pickle::read(&bytes[..], one).is_err());
    struct Count(usize);
    impl pickle::Watcher for Count {
        fn watches(&self, key: Option<&str>) -> bool {
            key == Some("arch2infos")
        }
        fn entry(
            &mut self,
            _heap: &pickle::Heap,
            _key: &pickle::Value,
            _value: &pickle::Value,
        ) -> Result<(), ganas_formats::FormatProblem> {
            self.0 += 1;
            Ok(())
        }
    }
    let mut count = Count(0);
    pickle::Machine::new(&bytes[..], one, &mut count)
        .run()
        .unwrap();
    assert_eq!(count.0, 3);
}

/// The bytes that the checksum of the zip file covers are compared with it before any record is believed.
#[test]
fn a_flipped_bit_in_a_stored_pickle_is_an_error() {
    let pickle = records(&[("less", 12), ("full", 200)]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("archive/data.pkl", stored).unwrap();
    zip.write_all(&pickle).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let start = bytes
        .windows(pickle.len())
        .position(|window| window == pickle);
    let start = start.unwrap();
    let step = pickle.len() / 50;
    for place in (start..start + pickle.len()).step_by(step) {
        let folder = Folder::new();
        let mut damaged = bytes.clone();
        damaged[place] ^= 4;
        let source = folder.write("damaged.pth", &damaged);
        let error = folder.import(&source, &NasBench201::new()).unwrap_err();
        check_message(&error, &["damaged.pth", "archive/data.pkl", "checksum"]);
    }
}
