//! `cargo xtask data`: the published benchmark files, listed, fetched, verified and converted.
//!
//! A file counts as fetched once it has its final name, and it gets that name only after its size and sha256 were
//! checked. What is known of a file stands in the catalogue, `xtask/data.toml`.

mod catalogue;
mod fetch;
mod integrity;
mod part;
mod place;
mod report;
mod request;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use catalogue::{Catalogue, Source};
use fetch::{Fetch, Patience};
use place::{Place, Presence, explain};
use report::Verdict;

/// Options of `cargo xtask data`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Another catalogue than the built-in one, xtask/data.toml.
    #[arg(long, global = true, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists what there is to fetch, and what is there.
    List(List),
    /// Fetches files, and checks them.
    Fetch(FetchOptions),
    /// Checks the size and the sha256 of what is there.
    Verify(Verify),
    /// Makes a table of a fetched file, with `ganas table import`.
    Convert(Convert),
}

#[derive(Debug, clap::Args)]
struct List {
    /// The folder to look in [default: $GANAS_DATA, else data].
    #[arg(long = "in", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Prints one JSON object, with addresses, checksums and citations.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct FetchOptions {
    /// The names of the files, as `list` has them.
    #[arg(required = true)]
    names: Vec<String>,
    /// The folder to put them in [default: $GANAS_DATA, else data].
    #[arg(long = "to", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Copies from a folder where they are already (or, for one name, from a file), and uses no network.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// How many failures in a row, each after a longer pause, end the fetch.
    #[arg(long, value_name = "N", default_value_t = Patience::default().retries)]
    retries: usize,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The names of the files; without any, all that are there.
    names: Vec<String>,
    /// The folder to look in [default: $GANAS_DATA, else data].
    #[arg(long = "in", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Convert {
    /// The name of the file, as `list` has it.
    name: String,
    /// The folder to look in [default: $GANAS_DATA, else data].
    #[arg(long = "in", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The table file to write [default: SPACE/NAME.arrow in that folder].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replaces the table file when it exists.
    #[arg(long)]
    overwrite: bool,
    /// The `ganas` to run [default: built from this workspace].
    #[arg(long, value_name = "PROGRAM")]
    ganas: Option<PathBuf>,
}

/// Runs one of the commands.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let catalogue = Catalogue::read(options.catalogue.as_deref())?;
    match &options.command {
        Command::List(list) => run_list(&catalogue, list),
        Command::Fetch(fetch) => run_fetch(&catalogue, fetch),
        Command::Verify(verify) => run_verify(&catalogue, verify),
        Command::Convert(convert) => run_convert(root, &catalogue, convert),
    }
}

fn run_list(catalogue: &Catalogue, list: &List) -> anyhow::Result<()> {
    let folder = place::folder(list.folder.as_deref());
    if list.json {
        println!("{:#}", report::list_json(catalogue, &folder)?);
    } else {
        print!("{}", report::list(catalogue, &folder)?);
    }
    Ok(())
}

fn run_fetch(catalogue: &Catalogue, fetch: &FetchOptions) -> anyhow::Result<()> {
    let sources = catalogue.named(&fetch.names)?;
    if let Some(from) = &fetch.from
        && from.is_file()
        && sources.len() > 1
    {
        bail!("--from names a file: fetch one name with it, or name a folder");
    }
    let folder = place::folder(fetch.folder.as_deref());
    for source in sources {
        let place = Place::new(&folder, source);
        let task = Fetch {
            source,
            place: &place,
            patience: Patience {
                retries: fetch.retries,
                ..Patience::default()
            },
            proxy: request::proxy()?,
            note: &|text| eprintln!("{text}"),
        };
        let sha256 = match &fetch.from {
            Some(from) => task.copy(from),
            None => task.run(),
        }?;
        println!("{}", fetched(source, &place, &sha256));
    }
    Ok(())
}

/// What is said of a file that is in its place.
fn fetched(source: &Source, place: &Place, sha256: &str) -> String {
    let vouched = if source.sha256.is_some() {
        "as published"
    } else {
        "(none known: this is what the file has; compare it with somebody else's)"
    };
    format!(
        "{}\nsha256 {sha256} {vouched}\nlicence {}\nplease cite {}",
        place.file().display(),
        source.licence,
        source.citation
    )
}

fn run_verify(catalogue: &Catalogue, verify: &Verify) -> anyhow::Result<()> {
    let folder = place::folder(verify.folder.as_deref());
    let sources = catalogue.named(&verify.names)?.into_iter();
    let verdicts: anyhow::Result<Vec<_>> =
        sources.map(|source| Verdict::of(source, &folder)).collect();
    let verdicts = verdicts?;
    if verify.json {
        let files: Vec<_> = verdicts.iter().map(Verdict::json).collect();
        println!("{:#}", json!({ "folder": folder, "files": files }));
    } else {
        print!("{}", report::verdicts(&verdicts));
    }
    let wrong = verdicts.iter().filter(|verdict| verdict.state == "wrong");
    let wrong = wrong.count();
    if wrong > 0 {
        bail!(
            "{wrong} file(s) in {} are not what the catalogue says; delete them and fetch them again",
            folder.display()
        );
    }
    let missing = verdicts.iter().filter(|verdict| verdict.is_missing());
    let missing = missing.count();
    if missing > 0 && !verify.names.is_empty() {
        bail!(
            "{missing} of the named files are not in {}; fetch them with `cargo xtask data fetch`",
            folder.display()
        );
    }
    Ok(())
}

fn run_convert(root: &Path, catalogue: &Catalogue, convert: &Convert) -> anyhow::Result<()> {
    let source = catalogue.source(&convert.name)?;
    let folder = place::folder(convert.folder.as_deref());
    // `cargo` runs in the folder of the workspace, and the names are relative to the current one.
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .with_context(|| format!("cannot find out where {} is", path.display()))
    };
    let output = convert.output.as_deref().map(absolute).transpose()?;
    let (output, arguments) = conversion(source, &absolute(&folder)?, output)?;
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| explain(error, "create the folder", parent))?;
    }
    let mut command = match &convert.ganas {
        Some(program) => std::process::Command::new(program),
        None => {
            let mut command = crate::cargo(root);
            command.args([
                "run",
                "--release",
                "--quiet",
                "--package",
                "ganas-cli",
                "--",
            ]);
            command
        }
    };
    command.args(arguments);
    if convert.overwrite {
        command.arg("--overwrite");
    }
    crate::check(&mut command)?;
    println!(
        "search on it with: ganas search --space {} --table {}",
        source.space,
        output.display()
    );
    Ok(())
}

/// The table that a conversion makes, and the arguments of `ganas` for it.
fn conversion(
    source: &Source,
    folder: &Path,
    output: Option<PathBuf>,
) -> anyhow::Result<(PathBuf, [OsString; 7])> {
    let name = &source.name;
    if source.convert.is_none() {
        bail!("{name} is no table of architectures: there is nothing to convert");
    }
    let place = Place::new(folder, source);
    if !matches!(place.presence()?, Presence::Present(_)) {
        bail!(
            "{} is not there; fetch it first: cargo xtask data fetch {name}",
            place.file().display()
        );
    }
    let default = folder.join(&source.space).join(format!("{name}.arrow"));
    let output = output.unwrap_or(default);
    let arguments = [
        "table".into(),
        "import".into(),
        place.file().into(),
        "--space".into(),
        source.space.clone().into(),
        "--output".into(),
        output.clone().into(),
    ];
    Ok((output, arguments))
}
