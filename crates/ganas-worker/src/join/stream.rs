//! One direction of a link: bytes as files, each of which is written by one side and removed by the other.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::folder::write_whole;

/// A part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Data(Vec<u8>),
    /// Nothing more comes, and why.
    End(String),
    /// Nothing more comes, since the joiner goes.
    Gone,
}

/// Which side writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    ToWorker,
    FromWorker,
}

impl Direction {
    fn name(self, number: u64) -> String {
        match self {
            Self::ToWorker => format!("to-{number}"),
            Self::FromWorker => format!("from-{number}"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Outgoing {
    folder: PathBuf,
    direction: Direction,
    next: u64,
}

#[derive(Debug)]
pub(super) struct Incoming {
    folder: PathBuf,
    direction: Direction,
    next: u64,
}

impl Outgoing {
    pub(super) fn new(folder: &Path, direction: Direction) -> Self {
        Self {
            folder: folder.to_owned(),
            direction,
            next: 0,
        }
    }

    pub(super) fn send(&mut self, part: &Part) -> io::Result<()> {
        let (kind, bytes) = match part {
            Part::Data(bytes) => ("data", &bytes[..]),
            Part::End(reason) => ("end", reason.as_bytes()),
            Part::Gone => ("gone", &[][..]),
        };
        let mut text = format!("{kind} {}\n", bytes.len()).into_bytes();
        text.extend(bytes);
        write_whole(&self.folder, &self.direction.name(self.next), &text)?;
        self.next += 1;
        Ok(())
    }
}

impl Incoming {
    pub(super) fn new(folder: &Path, direction: Direction) -> Self {
        Self {
            folder: folder.to_owned(),
            direction,
            next: 0,
        }
    }

    /// The next part, when it is there and whole.
    pub(super) fn receive(&mut self) -> io::Result<Option<Part>> {
        let path = self.folder.join(self.direction.name(self.next));
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let Some(part) = parse(&bytes) else {
            return Ok(None);
        };
        self.next += 1;
        // What stays is removed with the folder.
        let _ = fs::remove_file(path);
        Ok(Some(part))
    }
}

/// Reads a part; nothing, when it is not all there.
fn parse(bytes: &[u8]) -> Option<Part> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (kind, length) = std::str::from_utf8(&bytes[..end]).ok()?.split_once(' ')?;
    let rest = &bytes[end + 1..];
    if rest.len() != length.parse::<usize>().ok()? {
        return None;
    }
    match kind {
        "data" => Some(Part::Data(rest.to_vec())),
        "gone" => Some(Part::Gone),
        "end" => Some(Part::End(String::from_utf8_lossy(rest).into_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_their_order_and_once() {
        let place = tempfile::tempdir().unwrap();
        let mut to = Outgoing::new(place.path(), Direction::ToWorker);
        let mut worker = Incoming::new(place.path(), Direction::ToWorker);
        let mut from = Incoming::new(place.path(), Direction::FromWorker);
        assert_eq!(worker.receive().unwrap(), None);
        for number in 0..12_u8 {
            to.send(&Part::Data(vec![number, b'\n', 0])).unwrap();
        }
        to.send(&Part::End("over".to_owned())).unwrap();
        for number in 0..12_u8 {
            let data = Part::Data(vec![number, b'\n', 0]);
            assert_eq!(worker.receive().unwrap(), Some(data));
        }
        let end = Part::End("over".to_owned());
        assert_eq!(worker.receive().unwrap(), Some(end));
        assert_eq!(worker.receive().unwrap(), None);
        assert_eq!(from.receive().unwrap(), None);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_torn_file_is_not_read_before_it_is_whole() {
        let place = tempfile::tempdir().unwrap();
        let whole = b"data 5\nab\ncd";
        let mut worker = Incoming::new(place.path(), Direction::ToWorker);
        for length in 0..whole.len() {
            fs::write(place.path().join("to-0"), &whole[..length]).unwrap();
            assert_eq!(worker.receive().unwrap(), None, "{length} bytes");
        }
        fs::write(place.path().join("to-0"), whole).unwrap();
        let data = Part::Data(b"ab\ncd".to_vec());
        assert_eq!(worker.receive().unwrap(), Some(data));
    }
}
