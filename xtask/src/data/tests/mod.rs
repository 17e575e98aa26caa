//! Tests of `cargo xtask data`, against a server of our own that has the faults of real ones.

mod download;
mod local;
mod resumption;
mod server;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use ureq::Proxy;

use super::catalogue::{Catalogue, Source};
use super::fetch::{Fetch, Patience};
use super::place::Place;
use server::{Answer, Server};

/// The entity tag of what the servers of the tests send.
const TAG: &str = "\"v1\"";

/// A folder, a file that is to be fetched into it, and what was said.
struct Scene {
    folder: tempfile::TempDir,
    source: Source,
    patience: Patience,
    proxy: Option<Proxy>,
    notes: RefCell<Vec<String>>,
}

/// The bytes that the tests fetch: no two stretches of it are alike.
fn content() -> Vec<u8> {
    (0..2_000_u32)
        .flat_map(|n| format!("{n:04} ").into_bytes())
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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
            proxy: None,
            notes: RefCell::default(),
        }
    }

    fn place(&self) -> Place {
        Place::new(self.folder.path(), &self.source)
    }

    fn part(&self) -> PathBuf {
        self.place().part()
    }

    fn with_task<T>(&self, action: impl FnOnce(&Fetch<'_>) -> T) -> T {
        action(&Fetch {
            source: &self.source,
            place: &self.place(),
            patience: self.patience,
            proxy: self.proxy.clone(),
            note: &|text| self.notes.borrow_mut().push(text.to_owned()),
        })
    }

    fn fetch(&self) -> anyhow::Result<String> {
        self.with_task(|task| task.run())
    }

    /// Fails, with all of these words in the text of the error and its causes.
    fn fails(&self, words: &[&str]) {
        let error = format!("{:#}", self.fetch().unwrap_err());
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
    }

    /// Fetches, and expects the file to be there and nothing beside it.
    fn expect(&self, bytes: &[u8]) {
        assert_eq!(self.fetch().unwrap(), sha256(bytes));
        assert_eq!(std::fs::read(self.place().file()).unwrap(), bytes);
        assert_eq!(self.files(), ["s.bin"]);
    }

    /// The names of all files of the folder but the locks.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != ".locks").collect();
        names.sort();
        names
    }

    fn noted(&self, text: &str) -> bool {
        self.notes.borrow().iter().any(|note| note.contains(text))
    }
}
