//! The mark of a study: its id, and the number of its last transaction, in one small value that every transaction
//! changes.
//!
//! So each write-ahead log and each rollback journal holds the mark of the study that it belongs to, and of the
//! transaction that it begins with; `file/sidecars.rs` looks for it.

use rusqlite::{Connection, OptionalExtension};

use crate::checksum::StudyId;

/// What a mark begins with.
const TAG: [u8; 8] = *b"\xffgn-mark";
const LENGTH: usize = 8 + 16 + 8 + 4;

/// Who a study is, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) id: StudyId,
    /// Counts transactions.
    pub(crate) transaction: u64,
}

impl Mark {
    /// The mark of a new study.
    pub(crate) fn new(connection: &Connection) -> rusqlite::Result<Self> {
        let id = connection.query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
        Ok(Self {
            id: StudyId(id),
            transaction: 0,
        })
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend_from_slice(&TAG);
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&self.transaction.to_be_bytes());
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// The mark at the beginning of these bytes.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..LENGTH)?;
        let (content, checksum) = bytes.split_last_chunk()?;
        let rest = content.strip_prefix(&TAG)?;
        let (id, rest) = rest.split_first_chunk()?;
        let (transaction, _) = rest.split_first_chunk()?;
        (crc32c::crc32c(content) == u32::from_be_bytes(*checksum)).then_some(Self {
            id: StudyId(*id),
            transaction: u64::from_be_bytes(*transaction),
        })
    }

    /// All marks in some bytes.
    pub(crate) fn find(bytes: &[u8]) -> impl Iterator<Item = Self> {
        let starts = bytes.iter().enumerate().filter(|(_, b)| **b == TAG[0]);
        starts.filter_map(|(at, _)| Self::of_bytes(&bytes[at..]))
    }

    /// The mark of an open study; none when it is damaged or missing.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let bytes = connection
            .prepare_cached("SELECT mark FROM study WHERE study = 1")?
            .query_row([], |row| row.get::<_, Vec<u8>>(0))
            .optional()?;
        let of_bytes = |bytes: &[u8]| Self::of_bytes(bytes).filter(|_| bytes.len() == LENGTH);
        Ok(bytes.as_deref().and_then(of_bytes))
    }

    /// Writes the mark.
    pub(crate) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT OR REPLACE INTO study (study, mark) VALUES (1, ?1)")?
            .execute([self.to_bytes()])?;
        Ok(())
    }
}
