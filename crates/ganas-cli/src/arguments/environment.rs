//! The environment: where data and caches are, and how the command was called.

use std::path::PathBuf;

use ganas::formats::{MAX_UNPACKED_VARIABLE, MaxUnpacked};
use ganas::report::escape::shell_word;
use ganas::{DATA_VARIABLE, Folders};

use crate::printing::exit::UsageError;

/// What a file may become, the folder with benchmark data, when one is named, and `ganas` in the user's cache folder.
pub(crate) fn folders() -> anyhow::Result<Folders> {
    // The XDG base directory specification: a relative path counts as not set.
    let user = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".cache")));
    Ok(Folders {
        data: variable(DATA_VARIABLE).map(PathBuf::from),
        cache: user.map(|user| user.join("ganas")),
        max_unpacked: max_unpacked()?,
    })
}

/// What a file may become when it is read, when the variable says so.
pub(crate) fn max_unpacked() -> anyhow::Result<MaxUnpacked> {
    let Some(value) = variable(MAX_UNPACKED_VARIABLE) else {
        return Ok(MaxUnpacked::default());
    };
    let value = value.to_string_lossy();
    value.parse().map_err(|error| {
        UsageError(format!("the variable {MAX_UNPACKED_VARIABLE}: {error}")).into()
    })
}

/// The command as one would type it to run it again, with `--resume`.
pub(crate) fn resume_command() -> String {
    let mut words: Vec<String> = std::iter::once("ganas".to_owned())
        .chain(std::env::args().skip(1))
        .collect();
    if !words.iter().any(|word| word == "--resume") {
        words.push("--resume".to_owned());
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| shell_word(word).into_owned())
        .collect();
    words.join(" ")
}

/// The value of a variable; an empty one counts as not set.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
