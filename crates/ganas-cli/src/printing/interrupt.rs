//! Ctrl-C: the first stops at a safe point, the second at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use ganas::StopFlag;

use super::exit;

/// Whether the user asked to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on, Ctrl-C (and SIGTERM and SIGHUP) set `stop`; the second one ends the process.
    pub(crate) fn install(stop: &StopFlag) -> anyhow::Result<Self> {
        let interrupt = Self::default();
        let (asked, stop) = (interrupt.clone(), stop.clone());
        ctrlc::set_handler(move || {
            if asked.0.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(exit::INTERRUPTED));
            }
            stop.stop();
            eprintln!("\nstopping after what is being evaluated; Ctrl-C again stops at once");
        })
        .context("cannot watch for Ctrl-C")?;
        Ok(interrupt)
    }

    /// Whether the user asked to stop.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
