//! Tests of `cargo xtask data`, against a server of our own that has the faults of real ones.

mod download;
mod local;
mod resumption;
mod server;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use super::catalogue::{Catalogue, Source};
use super::fetch::{Patience, Surroundings, fetch};
use super::integrity::{Fingerprint, Sha256Hex};
use super::place::Place;
use super::progress::Progress;
use server::{Answer, Request, Server};

/// The entity tag of what the servers of the tests send.
const TAG: &str = "\"v1\"";

/// Remarks, kept.
#[derive(Debug, Default)]
struct Notes(RefCell<Vec<String>>);

impl Progress for Notes {
    fn begin(&self, _what: &str, _position: u64, _length: Option<u64>) {}

    fn advance(&self, _bytes: u64) {}

    fn note(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}

/// A folder, a file that is to be fetched into it, and what was said.
struct Scene {
    folder: tempfile::TempDir,
    source: Source,
    patience: Patience,
    variables: Vec<(&'static str, String)>,
    notes: Notes,
}

/// The bytes that the tests fetch: no two stretches of it are alike.
fn content() -> Vec<u8> {
    (0..2_000_u32)
        .flat_map(|n| format!("{n:04} ").into_bytes())
        .collect()
}

fn sha256(bytes: &[u8]) -> Sha256Hex {
    Fingerprint::of(bytes, &|_| ()).unwrap().sha256()
}

/// A source with these further lines.
fn source(url: &str, lines: &str) -> Source {
    let text = format!(
        "[[source]]\nname = \"s\"\nfile = \"s.bin\"\nhow = \"http\"\nurl = \"{url}\"\nspace = \"nasbench201\"\n\
         licence = \"l\"\ncitation = \"c\"\n{lines}\n"
    );
    Catalogue::parse(&text).unwrap().sources.remove(0)
}

/// A source of which everything is known.
fn known(url: &str, bytes: &[u8]) -> Source {
    let lines = format!("size = {}\nsha256 = \"{}\"", bytes.len(), sha256(bytes));
    source(url, &lines)
}

/// A server, and a scene in which everything about its file is known.
fn scene(answers: impl IntoIterator<Item = Answer>) -> (Server, Scene) {
    let server = Server::start(answers);
    let scene = Scene::new(known(&server.url("s.bin"), &content()));
    (server, scene)
}

/// The first bytes that were asked for, request by request.
fn starts(server: &Server) -> Vec<Option<usize>> {
    let requests = server.requests();
    requests.iter().map(Request::range_start).collect()
}

impl Scene {
    fn new(source: Source) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            source,
            patience: Patience {
                retries: 2,
                first_pause: Duration::from_millis(1),
                longest_pause: Duration::from_millis(20),
                silence: Duration::from_secs(5),
                headway: 1_000,
            },
            variables: Vec::new(),
            notes: Notes::default(),
        }
    }

    fn place(&self) -> Place {
        Place::new(self.folder.path(), &self.source)
    }

    fn fetch(&self) -> anyhow::Result<Sha256Hex> {
        let environment = |name: &str| {
            let found = self.variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        fetch(
            &self.source,
            &self.place(),
            &Surroundings {
                patience: self.patience,
                progress: &self.notes,
                environment: &environment,
            },
        )
    }

    /// The text of the error, with all causes.
    fn error(&self) -> String {
        format!("{:#}", self.fetch().unwrap_err())
    }

    /// Fetches, and expects the file to be there and nothing beside it.
    fn expect(&self, bytes: &[u8]) {
        assert_eq!(self.fetch().unwrap(), sha256(bytes));
        assert_eq!(std::fs::read(self.place().file()).unwrap(), bytes);
        assert_eq!(self.files(), ["s.bin"]);
    }

    /// The names of all files of the folder but the locks.
    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".locks")
            .collect();
        names.sort();
        names
    }

    fn noted(&self, text: &str) -> bool {
        self.notes.0.borrow().iter().any(|note| note.contains(text))
    }

    fn part(&self) -> PathBuf {
        self.place().part()
    }
}
