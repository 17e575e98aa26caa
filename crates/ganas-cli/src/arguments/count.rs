//! Arguments that are a number of things, at least one.

use std::num::{NonZeroU32, NonZeroUsize};

use ganas::MAX_THREADS;
use ganas::worker::MAX_WORKERS;

/// Any number of things.
pub(crate) fn any(text: &str) -> Result<NonZeroU32, String> {
    up_to(text, u32::MAX)
}

/// A number of processes of an evaluator.
pub(crate) fn workers(text: &str) -> Result<NonZeroU32, String> {
    up_to(text, MAX_WORKERS)
}

/// A number of threads.
pub(crate) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let most = u32::try_from(MAX_THREADS).unwrap_or(u32::MAX);
    let threads = up_to(text, most)?;
    NonZeroUsize::try_from(threads).map_err(|error| error.to_string())
}

fn up_to(text: &str, most: u32) -> Result<NonZeroU32, String> {
    let number = text.parse::<NonZeroU32>().ok();
    number
        .filter(|number| number.get() <= most)
        .ok_or_else(|| format!("expected a whole number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_limits_that_are_named() {
        assert_eq!(threads("1").map(usize::from), Ok(1));
        assert_eq!(threads("1024").map(usize::from), Ok(MAX_THREADS));
        assert_eq!(workers("7").map(u32::from), Ok(7));
        assert_eq!(any("4294967295").map(u32::from), Ok(u32::MAX));
        for text in [
            "0",
            "1025",
            "100000",
            "4294967295",
            "4294967296",
            "-1",
            "1.5",
            "",
            "two",
        ] {
            assert!(
                threads(text).unwrap_err().contains("from 1 to 1024"),
                "{text}"
            );
            assert!(
                workers(text).unwrap_err().contains("from 1 to 1024"),
                "{text}"
            );
        }
        assert!(any("0").unwrap_err().contains("from 1 to 4294967295"));
    }
}
