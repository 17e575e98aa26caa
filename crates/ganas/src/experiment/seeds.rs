//! Seeds as text: `7`, `0..20` (without 20), `3,5,10..12`.

use std::collections::BTreeSet;
use std::str::FromStr;

/// The largest number of runs of one command.
const MOST: u64 = 100_000;

/// The seeds of runs, in the order in which they were named, all different, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut seeds = Vec::new();
        for part in text.split(',') {
            let range = match part.split_once("..") {
                None => {
                    let seed = number(part)?;
                    seed..=seed
                }
                Some((start, end)) => {
                    let (start, end) = (number(start)?, number(end)?);
                    if start >= end {
                        return Err(format!(
                            "the range `{part}` is empty: the end is not part of it, so `{start}..{}` is the seed {start} alone",
                            start.saturating_add(1)
                        ));
                    }
                    start..=end - 1
                }
            };
            if range.end() - range.start() >= MOST {
                return Err(format!(
                    "`{part}` has too many seeds: expected at most {MOST}"
                ));
            }
            seeds.extend(range);
        }
        let mut seen = BTreeSet::new();
        if let Some(seed) = seeds.iter().find(|&&seed| !seen.insert(seed)) {
            return Err(format!("the seed {seed} is named twice"));
        }
        Ok(Self(seeds))
    }
}

fn number(text: &str) -> Result<u64, String> {
    // `parse` would read `+1`, too.
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(seed) if digits => Ok(seed),
        _ => Err(format!(
            "`{text}` is not a seed: expected a number from 0 to {}, a range such as `0..20`, or a list of them such as `1,5,10..12`",
            u64::MAX
        )),
    }
}

impl From<u64> for Seeds {
    fn from(seed: u64) -> Self {
        Self(vec![seed])
    }
}

impl Seeds {
    /// The seeds, in order.
    #[must_use]
    pub fn all(&self) -> &[u64] {
        &self.0
    }

    /// The seeds in words, short.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.0.as_slice() {
            [seed] => seed.to_string(),
            [first, .., last] if self.0.windows(2).all(|pair| pair[0] + 1 == pair[1]) => {
                format!("{first} to {last} ({} runs)", self.0.len())
            }
            seeds if seeds.len() <= 12 => {
                let list: Vec<String> = seeds.iter().map(u64::to_string).collect();
                format!("{} ({} runs)", list.join(", "), seeds.len())
            }
            seeds => format!("{} runs", seeds.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_numbers_ranges_and_lists() {
        for (text, expected) in [
            ("7", vec![7]),
            ("0..3", vec![0, 1, 2]),
            ("5,3,10..12", vec![5, 3, 10, 11]),
            ("18446744073709551615", vec![u64::MAX]),
        ] {
            assert_eq!(text.parse(), Ok(Seeds(expected)), "{text}");
        }
    }

    #[test]
    fn bad_seeds_say_what_was_expected() {
        for (text, expected) in [
            ("", "is not a seed"),
            ("x", "`x` is not a seed"),
            ("-1", "`-1` is not a seed"),
            ("+1", "`+1` is not a seed"),
            ("1,", "`` is not a seed"),
            ("0..", "`` is not a seed"),
            ("3..3", "`3..4` is the seed 3 alone"),
            ("4..3", "is empty"),
            ("1,0..2", "the seed 1 is named twice"),
            ("0..18446744073709551615", "too many seeds"),
            ("18446744073709551616", "is not a seed"),
        ] {
            let error = text.parse::<Seeds>().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn seeds_are_described_briefly() {
        for (text, expected) in [
            ("4", "4"),
            ("0..20", "0 to 19 (20 runs)"),
            ("1,5", "1, 5 (2 runs)"),
        ] {
            assert_eq!(text.parse::<Seeds>().unwrap().describe(), expected);
        }
    }
}
