//! Where the records of NATS-Bench and NAS-Bench-201 lie: in a folder, a tar file, one pickle, or a `.pth` file.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bzip2::bufread::MultiBzDecoder;
use rayon::prelude::*;

use crate::BenchmarkError;

use super::record::{Record, record};
use ganas_formats::limit::{Bound, Bounded, MEMORY, MaxUnpacked, STREAM};
use ganas_formats::pickle::{self, Heap, Limits, Machine, Memory, References, Value, Watcher};
use ganas_formats::source::check_regular;
use ganas_formats::{FormatError, FormatProblem, SourceError};

/// The end of the name of a record; the rest is its index.
const RECORD_ENDING: &str = ".pickle.pbz2";
/// A record has less than 100 KiB.
const MAX_MEMBER_BYTES: u64 = 1 << 24;
/// Decompressed, it has less than 400 KiB.
const MAX_RECORD_BYTES: u64 = 1 << 23;
/// Read, it takes less than 3 MiB; so many are read at a time as there are threads.
const RECORD_LIMITS: Limits = Limits {
    values: 500_000,
    memo: 500_000,
    text_bytes: 1 << 22,
    memory: 1 << 25,
};
/// Records that are decompressed at a time, on all threads together, and the memory that they may take.
const BATCH: usize = 32;
const MAX_BATCH_BYTES: usize = 1 << 25;
/// Of one huge pickle: the memo keeps what is referred to later, mostly texts.
const SINGLE_LIMITS: Limits = Limits {
    values: 20_000_000,
    memo: 20_000_000,
    text_bytes: 1 << 24,
    memory: MEMORY.floor,
};
const ZIP_MAGIC: &[u8] = b"PK";
/// The mapping from index to record in a single pickle.
const RECORDS_KEY: &str = "arch2infos";

/// The records of a folder in the order of their names, which is that of their indices.
pub(crate) fn record_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .file_name()
            .is_some_and(|name| is_record(&name.to_string_lossy()))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_record(name: &str) -> bool {
    name.strip_suffix(RECORD_ENDING)
        .is_some_and(|index| !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()))
}

/// Reads the records of a folder.
pub(crate) fn read_folder(
    folder: &Path,
    mut each: impl FnMut(&Record) -> Result<(), FormatProblem>,
) -> Result<u64, BenchmarkError> {
    let unreadable =
        |file: &Path, source| BenchmarkError::from(SourceError::unreadable(file, source));
    let files = record_files(folder).map_err(|error| unreadable(folder, error))?;
    let spares = Spares::default();
    for files in files.chunks(BATCH) {
        let records: Vec<_> = files
            .par_iter()
            .map_init(
                || spares.take(),
                |spare, path| {
                    check_regular(path)?;
                    let file = File::open(path).map_err(|error| unreadable(path, error))?;
                    let file = BufReader::with_capacity(1 << 17, file);
                    let record = spare.reader.read(file);
                    record.map_err(|error| BenchmarkError::from(error.in_file(path)))
                },
            )
            .collect();
        for (record, path) in records.into_iter().zip(files) {
            each(&record?).map_err(|problem| FormatError::at(0, problem).in_file(path))?;
        }
    }
    Ok(files.len() as u64)
}

/// A member of a tar file.
struct Member {
    name: String,
    bytes: Vec<u8>,
}

/// Reads the records of a tar file.
pub(crate) fn read_tar(
    file: impl Read,
    mut each: impl FnMut(&Record) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let reader = TailReader {
        reader: BufReader::with_capacity(1 << 18, file),
        n_zeros: 0,
    };
    let mut archive = tar::Archive::new(reader);
    let in_archive = |error: &io::Error| FormatError::of_read(0, error, "the tar file");
    let mut entries = archive.entries().map_err(|error| in_archive(&error))?;
    let mut n_records = 0;
    let spares = Spares::default();
    loop {
        // What follows a member that cannot be read does not matter, but what comes before it is looked at first.
        let mut end = Ok(());
        let mut members = Vec::new();
        let mut n_bytes = 0;
        while members.len() < BATCH && n_bytes < MAX_BATCH_BYTES {
            match next_member(&mut entries) {
                Ok(Some(member)) => {
                    n_bytes += member.bytes.len();
                    members.push(member);
                }
                Ok(None) => break,
                Err(error) => {
                    end = Err(error);
                    break;
                }
            }
        }
        let records: Vec<_> = members
            .par_iter()
            .map_init(
                || spares.take(),
                |spare, member| spare.reader.read(&member.bytes[..]),
            )
            .collect();
        for (record, member) in records.into_iter().zip(&members) {
            record
                .and_then(|record| each(&record).map_err(|problem| FormatError::at(0, problem)))
                .map_err(|error| error.within(|| member.name.clone()))?;
            n_records += 1;
        }
        end?;
        if members.is_empty() {
            break;
        }
    }
    let TailReader { n_zeros, .. } = archive.into_inner();
    if n_zeros < TAR_BLOCK_BYTES {
        // Cut between two members, where a reader finds nothing wrong.
        let problem = FormatProblem::Truncated {
            missing: TAR_BLOCK_BYTES - n_zeros,
            of: "the tar file",
        };
        return Err(FormatError::at(0, problem).within(|| format!("after {n_records} records")));
    }
    Ok(n_records)
}

/// A tar file ends with blocks of zeros.
const TAR_BLOCK_BYTES: u64 = 512;

/// Knows how many zeros it has read last.
struct TailReader<R> {
    reader: R,
    n_zeros: u64,
}

impl<R: Read> Read for TailReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        let read = &buffer[..n];
        let zeros = read.iter().rev().take_while(|byte| **byte == 0).count();
        self.n_zeros = zeros as u64 + if zeros == n { self.n_zeros } else { 0 };
        Ok(n)
    }
}

/// The next record of a tar file, still compressed; none at the end.
fn next_member<R: Read>(entries: &mut tar::Entries<'_, R>) -> Result<Option<Member>, FormatError> {
    let in_archive = |error: &io::Error| FormatError::of_read(0, error, "the tar file");
    for entry in entries {
        let mut entry = entry.map_err(|error| in_archive(&error))?;
        let path = entry.path().map_err(|error| in_archive(&error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !is_record(&name) {
            continue;
        }
        let name = name.into_owned();
        let size = entry.size();
        if size > MAX_MEMBER_BYTES {
            let problem = FormatProblem::TooLong {
                length: size,
                limit: MAX_MEMBER_BYTES,
            };
            return Err(FormatError::at(0, problem).within(|| name));
        }
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| in_archive(&error).within(|| name.clone()))?;
        if (bytes.len() as u64) < size {
            let problem = FormatProblem::Truncated {
                missing: size - bytes.len() as u64,
                of: "the tar file",
            };
            return Err(FormatError::at(bytes.len() as u64, problem).within(|| name));
        }
        return Ok(Some(Member { name, bytes }));
    }
    Ok(None)
}

/// Readers that are not in use, whose memory would have to be asked for again in every batch.
#[derive(Default)]
struct Spares(Mutex<Vec<RecordReader>>);

impl Spares {
    fn take(&self) -> Spare<'_> {
        let reader = self.lock().pop().unwrap_or_default();
        Spare { reader, home: self }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RecordReader>> {
        // A list of readers is whole at all times.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader that goes back when it is done.
struct Spare<'a> {
    reader: RecordReader,
    home: &'a Spares,
}

impl Drop for Spare<'_> {
    fn drop(&mut self) {
        self.home.lock().push(std::mem::take(&mut self.reader));
    }
}

/// Reads compressed records, with the same memory.
#[derive(Default)]
pub(crate) struct RecordReader {
    /// The pickle of the last record.
    pickle: Vec<u8>,
    memory: Memory,
}

impl RecordReader {
    /// Reads a compressed record.
    pub(crate) fn read(&mut self, compressed: impl BufRead) -> Result<Record, FormatError> {
        self.pickle.clear();
        // One byte beyond the limit tells that there are more.
        let decoded = MultiBzDecoder::new(compressed)
            .take(MAX_RECORD_BYTES + 1)
            .read_to_end(&mut self.pickle);
        let length = self.pickle.len() as u64;
        decoded.map_err(|error| FormatError::of_read(length, &error, "the compressed file"))?;
        if length > MAX_RECORD_BYTES {
            let limit = MAX_RECORD_BYTES;
            let problem = FormatProblem::TooLong { length, limit };
            return Err(FormatError::at(limit, problem));
        }
        let mut rest = &*self.pickle;
        let (heap, value) = self.memory.read(&mut rest, RECORD_LIMITS)?;
        if !rest.is_empty() {
            let problem = FormatProblem::content("nothing after the pickle", "more bytes");
            return Err(FormatError::at(length - rest.len() as u64, problem));
        }
        let record = record(&heap, &value).map_err(|problem| FormatError::at(0, problem));
        self.memory.take_back(heap);
        record
    }
}

/// Reads a single compressed pickle.
pub(crate) fn read_single(
    file: &Path,
    max: MaxUnpacked,
    each: impl FnMut(&Record) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let open = || -> io::Result<_> {
        let file = File::open(file)?;
        let bound = Bound {
            what: "its unpacked content",
            limit: max.of(STREAM, file.metadata()?.len()),
        };
        let file = BufReader::with_capacity(1 << 18, file);
        let unpacked = Bounded::new(MultiBzDecoder::new(file), bound);
        Ok(BufReader::with_capacity(1 << 18, unpacked))
    };
    read_all(open, limits(file, max), each)
}

/// The limits of one pickle that is a whole file.
fn limits(file: &Path, max: MaxUnpacked) -> Limits {
    // What cannot be looked at is an error when it is opened.
    let n_bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
    Limits {
        memory: max.of(MEMORY, n_bytes),
        ..SINGLE_LIMITS
    }
}

/// Reads a `.pth` file: a zip file with a pickle, or, before PyTorch 1.6, four pickles after each other. Tensors are
/// not read.
pub(crate) fn read_torch(
    path: &Path,
    max: MaxUnpacked,
    each: impl FnMut(&Record) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let open = || -> io::Result<_> { Ok(BufReader::with_capacity(1 << 18, File::open(path)?)) };
    read_torch_from(open, limits(path, max), each)
}

/// The same from anything that can be opened twice.
pub(crate) fn read_torch_from<R: BufRead + Seek>(
    open: impl Fn() -> io::Result<R>,
    limits: Limits,
    each: impl FnMut(&Record) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let unreadable = |error: &io::Error| FormatError::of_read(0, error, "the file");
    let mut start = open().map_err(|error| unreadable(&error))?;
    let is_zip = start
        .fill_buf()
        .map_err(|error| unreadable(&error))?
        .starts_with(ZIP_MAGIC);
    if is_zip {
        let (offset, length) = stored_pickle(start)?;
        let open = || {
            let mut file = open()?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file.take(length))
        };
        return read_all(open, limits, each);
    }
    // A magic number, a version, and the sizes of numbers on the machine that wrote it.
    let open = || {
        let mut file = open()?;
        for _ in 0..3 {
            pickle::read(&mut file, Limits::default())
                .map_err(|_| io::Error::other("it does not begin like a file of PyTorch"))?;
        }
        Ok(file)
    };
    read_all(open, limits, each)
}

/// Where the pickle of a zip file lies; PyTorch does not compress it.
fn stored_pickle(file: impl Read + Seek) -> Result<(u64, u64), FormatError> {
    let damaged = |reason: String| FormatError::at(0, FormatProblem::Unreadable { reason });
    let mut archive = zip::ZipArchive::new(file).map_err(|error| damaged(error.to_string()))?;
    let name = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
        .map(|name| name.into_owned())
        .ok_or_else(|| {
            FormatError::at(
                0,
                FormatProblem::content("a member `data.pkl`", "none in the zip file"),
            )
        })?;
    let mut member = archive
        .by_name(&name)
        .map_err(|error| damaged(error.to_string()))?;
    if member.compression() != zip::CompressionMethod::Stored {
        let problem = FormatProblem::content(
            "a member without compression",
            member.compression().to_string(),
        );
        return Err(FormatError::at(0, problem).within(|| name));
    }
    let offset = member
        .data_start()
        .ok_or_else(|| damaged("its pickle has no place".to_owned()))?;
    let length = member.size();
    // Reading it to the end compares its CRC-32, which whoever reads it in place does not.
    let read = io::copy(&mut member, &mut io::sink());
    read.map_err(|error| damaged(error.to_string()).within(|| name.clone()))?;
    Ok((offset, length))
}

/// Reads the records of one pickle that maps [`RECORDS_KEY`] to all of them, in two passes.
fn read_all<R: BufRead>(
    open: impl Fn() -> io::Result<R>,
    limits: Limits,
    each: impl FnMut(&Record) -> Result<(), FormatProblem>,
) -> Result<u64, FormatError> {
    let reader = || open().map_err(|error| FormatError::of_read(0, &error, "the file"));
    let references = References::find(reader()?)?;
    let mut records = Records { each, n_records: 0 };
    let machine = Machine::new(reader()?, limits, &mut records).keeping(&references);
    let (heap, value) = machine.run()?;
    // Entries that were not shown because of how they were written.
    let rest = heap
        .get(&value, RECORDS_KEY)
        .and_then(|all| heap.entries(all))
        .ok_or_else(|| {
            let expected = format!("a mapping with `{RECORDS_KEY}`");
            FormatError::at(0, FormatProblem::content(expected, value.kind(&heap)))
        })?;
    for [key, value] in rest {
        records
            .entry(&heap, key, value)
            .map_err(|problem| FormatError::at(0, problem))?;
    }
    Ok(records.n_records)
}

struct Records<F> {
    each: F,
    n_records: u64,
}

impl<F: FnMut(&Record) -> Result<(), FormatProblem>> Watcher for Records<F> {
    fn watches(&self, key: Option<&str>) -> bool {
        key == Some(RECORDS_KEY)
    }

    fn entry(&mut self, heap: &Heap, key: &Value, value: &Value) -> Result<(), FormatProblem> {
        let record = record(heap, value)?;
        if key.as_i64() != i64::try_from(record.index).ok() {
            return Err(FormatProblem::content(
                format!("the record of index {:?}", key.as_i64()),
                format!("that of index {}", record.index),
            ));
        }
        self.n_records += 1;
        (self.each)(&record)
    }
}
