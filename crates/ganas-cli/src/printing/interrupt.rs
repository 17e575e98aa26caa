//! Signals: Ctrl-C (SIGINT), SIGTERM, and SIGHUP of a terminal that is closed.
//!
//! While nothing can be lost, a signal ends the process at once, as if it were not caught. During a search the first one
//! asks for a stop at a safe point, and the second one ends the process; SIGTERM and SIGHUP come from someone who will not
//! wait, so they end it after a while in any case. A signal that was ignored when the process started stays ignored.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use ganas::StopFlag;

use super::exit;
use super::stderr::message;

/// How long a safe stop may take after SIGTERM or SIGHUP.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a signal does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    asked: AtomicBool,
    plan: Mutex<Plan>,
}

/// What is done about the next signal.
#[derive(Debug, Default)]
struct Plan {
    /// Asks for a stop at a safe point; without it, the process ends at once.
    stop: Option<StopFlag>,
    /// How what was interrupted is continued.
    hint: Option<String>,
}

/// Who sent a signal: somebody who can send another one, or something that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Person,
    System,
}

impl Interrupt {
    /// Watches for signals, to the end of the process.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        let interrupt = Self::default();
        watch(interrupt.clone()).context("cannot watch for signals")?;
        Ok(interrupt)
    }

    /// From now on the first signal sets `stop`; `hint` says how to continue what was interrupted.
    pub(crate) fn stop_safely(&self, stop: &StopFlag, hint: String) -> SafeStop<'_> {
        *self.plan() = Plan {
            stop: Some(stop.clone()),
            hint: Some(hint),
        };
        SafeStop(self)
    }

    /// Whether a stop was asked for.
    pub(crate) fn asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Acts on a signal that does not end the process at once; whether there was such a way.
    fn act(&self, sender: Sender) -> bool {
        let plan = self.plan();
        let again = self.0.asked.swap(true, Ordering::Relaxed);
        match (&plan.stop, &plan.hint) {
            (Some(stop), _) if !again => {
                stop.stop();
                drop(plan);
                self.promise(sender);
                true
            }
            (_, Some(hint)) => end(hint),
            (_, None) => false,
        }
    }

    /// Says that it will stop, and sees to it when it does not.
    fn promise(&self, sender: Sender) {
        if sender == Sender::Person {
            message("\nstopping after what is being evaluated; Ctrl-C again stops at once");
            return;
        }
        let seconds = PATIENCE.as_secs();
        message(format_args!(
            "\nstopping after what is being evaluated, and in {seconds} s at the latest"
        ));
        let interrupt = self.clone();
        let thread = std::thread::Builder::new().name("patience".to_owned());
        let timer = thread.spawn(move || {
            std::thread::sleep(PATIENCE);
            let hint = interrupt.plan().hint.clone();
            end(hint.as_deref().unwrap_or_default())
        });
        if timer.is_err() {
            let hint = self.plan().hint.clone();
            end(hint.as_deref().unwrap_or_default());
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While this lives, a signal asks for a safe stop; afterwards there is nothing left that could stop safely.
#[derive(Debug)]
#[must_use]
pub(crate) struct SafeStop<'a>(&'a Interrupt);

impl Drop for SafeStop<'_> {
    fn drop(&mut self) {
        self.0.plan().stop = None;
    }
}

/// Ends the process at once, and says how to continue. Workers end with it.
fn end(hint: &str) -> ! {
    message(format_args!(
        "interrupted at once; evaluations that were not finished are lost\n{hint}"
    ));
    leave()
}

/// Ends the process without a word to other threads, which may be in the middle of anything.
#[cfg(unix)]
fn leave() -> ! {
    signal_hook::low_level::exit(i32::from(exit::INTERRUPTED))
}

#[cfg(not(unix))]
fn leave() -> ! {
    std::process::exit(i32::from(exit::INTERRUPTED))
}

#[cfg(unix)]
fn watch(interrupt: Interrupt) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::ignored_signals::is_ignored;

    let watched = [SIGINT, SIGTERM, SIGHUP];
    let mut signals = Signals::new(watched.into_iter().filter(|&signal| !is_ignored(signal)))?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || {
        for signal in signals.forever() {
            let sender = if signal == SIGINT {
                Sender::Person
            } else {
                Sender::System
            };
            if !interrupt.act(sender) {
                // Whoever waits for the process, such as a loop of a shell, sees that a signal has ended it.
                let _ = emulate_default_handler(signal);
                leave();
            }
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn watch(interrupt: Interrupt) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        if !interrupt.act(Sender::Person) {
            leave();
        }
    })?;
    Ok(())
}
