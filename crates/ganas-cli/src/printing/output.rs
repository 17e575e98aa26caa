//! Results on stdout. A reader that has seen enough (`| head`) is no error: the command ends as if all had been read.

use std::io::{self, BufWriter, ErrorKind, Write};

use anyhow::Context as _;
use serde::Serialize;

use super::exit::Outcome;
use ganas::report::escape::printable;

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// As far as one can tell.
    There,
    /// It has seen enough.
    Gone,
}

/// Writes to stdout, buffered.
pub(crate) fn print(
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    print_to(write).map(|_| ())
}

fn print_to(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<Reader> {
    let mut out = BufWriter::new(io::stdout().lock());
    let result = write(&mut out).and_then(|()| Ok(out.flush()?));
    match result {
        Err(error) if is_broken_pipe(&error) => Ok(Reader::Gone),
        result => result
            .map(|()| Reader::There)
            .context("cannot write to stdout"),
    }
}

/// Writes a text of lines to stdout, as one of several.
pub(crate) fn print_block(text: &str) -> anyhow::Result<Reader> {
    print_to(|out| Ok(out.write_all(printable(text).as_bytes())?))
}

/// Writes a text of lines to stdout, without what a terminal would obey.
pub(crate) fn print_text(text: &str) -> anyhow::Result<()> {
    print(|out| Ok(out.write_all(printable(text).as_bytes())?))
}

/// Writes a text of lines over what a terminal shows.
pub(crate) fn redraw(text: &str) -> anyhow::Result<Reader> {
    // To the upper left corner; each line is erased to its end, and all that is below the last.
    let text = printable(text).replace('\n', "\x1b[K\n");
    print_to(|out| Ok(write!(out, "\x1b[H{text}\x1b[J")?))
}

/// Writes one JSON object to stdout, in one line.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(|out| {
        serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
        Ok(writeln!(out)?)
    })
}

/// Prints what the argument parser has to say: help on stdout, or what is wrong on stderr.
pub(crate) fn print_parsed(parsed: &clap::Error) -> anyhow::Result<Outcome> {
    let printed = parsed.print();
    if parsed.use_stderr() {
        // As in `super::stderr`: there is nobody left to tell.
        return Ok(Outcome::Usage);
    }
    let printed = printed.and_then(|()| io::stdout().flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(Outcome::Done),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}
