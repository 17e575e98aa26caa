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

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::json;

use catalogue::{Catalogue, Source};
use fetch::{Fetch, Patience};
use place::Place;
use report::Finding;

/// Options of `cargo xtask data`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder of the files [default: $GANAS_DATA, else data].
    #[arg(long = "in", visible_alias = "to", global = true, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists what there is to fetch, and what is there.
    List {
        /// Prints one JSON object, with addresses, checksums and citations.
        #[arg(long)]
        json: bool,
    },
    /// Fetches files, and checks them.
    Fetch(FetchOptions),
    /// Checks the size and the sha256 of what is there.
    Verify {
        /// The names of the files; without any, all that are there.
        names: Vec<String>,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Makes the table SPACE/NAME.arrow of a fetched file, with `ganas table import`.
    Convert {
        /// The name of the file, as `list` has it.
        name: String,
        /// Replaces the table file when it exists.
        #[arg(long)]
        overwrite: bool,
    },
}

#[derive(Debug, clap::Args)]
struct FetchOptions {
    /// The names of the files, as `list` has them.
    #[arg(required = true)]
    names: Vec<String>,
    /// Copies from a folder where they are already (or, for one name, from a file), and uses no network.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// How many failures in a row, each after a longer pause, end the fetch.
    #[arg(long, value_name = "N", default_value_t = Patience::default().retries)]
    retries: usize,
}

/// Runs one of the commands.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let catalogue = Catalogue::embedded()?;
    let folder = place::folder(options.folder.as_deref());
    match &options.command {
        Command::List { json: false } => print!("{}", report::list(&catalogue, &folder)?),
        Command::List { json: true } => println!("{:#}", report::list_json(&catalogue, &folder)?),
        Command::Fetch(options) => fetch(&catalogue, &folder, options)?,
        Command::Verify { names, json } => {
            let sources = catalogue.named(names)?.into_iter();
            let found = sources.map(|source| Finding::of(source, &folder));
            let found: Vec<_> = found.collect::<anyhow::Result<_>>()?;
            if *json {
                println!("{:#}", json!({ "folder": folder, "files": found }));
            } else {
                print!("{}", report::findings(&found));
            }
            report::check(&found, !names.is_empty())?;
        }
        Command::Convert { name, overwrite } => {
            let source = catalogue.source(name)?;
            // `cargo` runs in the folder of the workspace, and the names are relative to the current one.
            let folder = std::path::absolute(&folder)?;
            let output = conversion(source, &folder)?;
            std::fs::create_dir_all(output.parent().unwrap_or(&folder))
                .with_context(|| format!("cannot create the folder of {}", output.display()))?;
            let mut command = crate::cargo(root);
            command.args(["run", "--release", "--quiet", "--package", "ganas-cli"]);
            command.args(["--", "table", "import"]);
            command.arg(Place::new(&folder, source).file());
            command.args(["--space", &source.space, "--output"]);
            command.arg(&output);
            command.args(overwrite.then_some("--overwrite"));
            crate::check(&mut command)?;
            println!(
                "search on it with: ganas search --space {} --table {}",
                source.space,
                output.display()
            );
        }
    }
    Ok(())
}

fn fetch(catalogue: &Catalogue, folder: &Path, options: &FetchOptions) -> anyhow::Result<()> {
    let sources = catalogue.named(&options.names)?;
    let is_file = options.from.as_deref().is_some_and(Path::is_file);
    ensure!(
        !is_file || sources.len() == 1,
        "--from names a file: fetch one name with it, or name a folder"
    );
    for source in sources {
        let place = Place::new(folder, source);
        let task = Fetch {
            source,
            place: &place,
            patience: Patience {
                retries: options.retries,
                ..Patience::default()
            },
            proxy: request::proxy()?,
            note: &|text| eprintln!("{text}"),
        };
        let sha256 = match &options.from {
            Some(from) => task.copy(from),
            None => task.run(),
        }?;
        let vouched = match source.sha256 {
            Some(_) => "as published",
            None => "(none known: this is what the file has; compare it with somebody else's)",
        };
        println!(
            "{}\nsha256 {sha256} {vouched}\nlicence {}\nplease cite {}",
            place.file().display(),
            source.licence,
            source.citation
        );
    }
    Ok(())
}

/// The table that a conversion makes of a file that is there.
fn conversion(source: &Source, folder: &Path) -> anyhow::Result<PathBuf> {
    let name = &source.name;
    if source.convert.is_none() {
        bail!("{name} is no table of architectures: there is nothing to convert");
    }
    let place = Place::new(folder, source);
    if !place.is_present()? {
        let file = place.file();
        bail!(
            "{} is not there; fetch it first: cargo xtask data fetch {name}",
            file.display()
        );
    }
    Ok(folder.join(&source.space).join(format!("{name}.arrow")))
}
