//! `ganas status`: what a study holds, and what those who work on it are at.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ganas::report::live::StudyStatus;
use ganas::store::Study;

use crate::printing::exit::Outcome;
use crate::printing::output::{self, Reader};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Which study, and for how long.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  ganas status my.db                   one look, while a search runs or afterwards
  ganas status my.db --follow          redrawn every second until no run is running
  ganas status my.db --json | jq .runs")]
pub(crate) struct Arguments {
    /// The study.
    study: PathBuf,
    /// Goes on until no run is running, or until Ctrl-C: redraws a terminal every second, and prints elsewhere whenever
    /// something has changed.
    #[arg(short, long)]
    follow: bool,
    /// Prints one JSON object, in one line; with --follow whenever something has changed.
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let study = Study::open_read_only(&arguments.study)?;
    let redraws = arguments.follow && !arguments.json && std::io::stdout().is_terminal();
    let mut last = None;
    let mut was_idle = true;
    loop {
        let status = StudyStatus::read(&study)?;
        let news = status.without_heartbeats();
        let is_news = last.as_ref() != Some(&news);
        let reader = if redraws {
            output::redraw(&status.to_text(now()))?
        } else if is_news {
            let separator = match (arguments.json, &last) {
                (false, Some(_)) => "\n",
                _ => "",
            };
            output::print_block(&format!("{separator}{}", text(arguments, &status)?))?
        } else {
            Reader::There
        };
        // Between two runs of a search there may be none for a moment.
        let is_idle = !status.is_worked_on(now());
        if !arguments.follow || is_idle && was_idle || reader == Reader::Gone {
            return Ok(Outcome::Done);
        }
        was_idle = is_idle;
        last = Some(news);
        std::thread::sleep(PAUSE);
    }
}

fn text(arguments: &Arguments, status: &StudyStatus) -> anyhow::Result<String> {
    if arguments.json {
        return Ok(serde_json::to_string(status)? + "\n");
    }
    Ok(status.to_text(now()))
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |now| now.as_secs_f64())
}
