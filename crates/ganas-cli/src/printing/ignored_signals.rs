//! Signals that whoever started this process wants ignored: SIGHUP under `nohup`, SIGINT in the background of a shell.

#![expect(
    unsafe_code,
    reason = "no safe interface tells how a signal is handled without changing it"
)]

use std::mem::MaybeUninit;
use std::ptr;

/// Whether a signal is ignored; one that does not exist is not.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action nothing is changed, and the old one is written to a place of its type.
    let told = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all bytes are zero or were written; integers and an optional pointer can be zero.
    let action = unsafe { action.assume_init() };
    told == 0 && action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_and_the_impossible() {
        // The standard library ignores SIGPIPE.
        assert!(is_ignored(libc::SIGPIPE));
        assert!(!is_ignored(libc::SIGUSR2));
        assert!(!is_ignored(100_000));
    }
}
