//! A text of a pickle; short ones are kept where they stand, because a record has thousands of them.

use std::ops::Deref;
use std::sync::Arc;

/// Bytes that fit beside their number and what a value needs to tell its kinds apart.
const SHORT: usize = 22;

/// A text.
#[derive(Clone, Debug)]
pub struct Text(Place);

#[derive(Clone, Debug)]
enum Place {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Arc<str>),
}

impl Text {
    /// A text that may be shared.
    pub(super) fn shared(text: Arc<str>) -> Self {
        Self(Place::Long(text))
    }

    /// The text when it is short enough to be kept in place.
    pub(super) fn short(text: &str) -> Option<Self> {
        let length = text.len();
        let mut bytes = [0; SHORT];
        bytes.get_mut(..length)?.copy_from_slice(text.as_bytes());
        let length = u8::try_from(length).ok()?;
        Some(Self(Place::Short { length, bytes }))
    }

    /// The text of the first `length` bytes, when it is very short and ASCII, like nearly all keys; looks at a few bytes
    /// more.
    #[inline]
    pub(super) fn first_ascii(length: usize, bytes: &[u8]) -> Option<Self> {
        const WORD: usize = size_of::<u128>();
        const HIGHEST_BITS: u128 = (u128::MAX / 255) << 7;
        let word = u128::from_le_bytes(*bytes.first_chunk::<WORD>()?);
        let n_others = WORD.checked_sub(length).filter(|_| length > 0)?;
        // Drops the bytes that follow.
        let word = (word << (8 * n_others)) >> (8 * n_others);
        if word & HIGHEST_BITS != 0 {
            return None;
        }
        let mut bytes = [0; SHORT];
        bytes[..WORD].copy_from_slice(&word.to_le_bytes());
        let length = u8::try_from(length).ok()?;
        Some(Self(Place::Short { length, bytes }))
    }

    /// Whether it is a long text that no other value shares.
    pub(super) fn is_the_only_one(&self) -> bool {
        matches!(&self.0, Place::Long(text) if Arc::strong_count(text) == 1)
    }

    /// Whether it is this text; faster than a comparison of texts, which a short one must be made to first.
    pub(super) fn is(&self, text: &str) -> bool {
        match &self.0 {
            Place::Short { length, bytes } => bytes[..usize::from(*length)] == *text.as_bytes(),
            Place::Long(long) => **long == *text,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Place::Short { length, bytes } => std::str::from_utf8(&bytes[..usize::from(*length)])
                .expect("the bytes were those of a text"),
            Place::Long(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pickle::Value;

    #[test]
    fn a_short_text_takes_no_more_room_than_a_long_one() {
        assert_eq!(size_of::<Value>(), 24);
    }

    proptest! {
        #[test]
        fn a_short_text_is_what_it_was_made_from(text in ".{0,30}", other in ".{0,30}") {
            let short = Text::short(&text);
            prop_assert_eq!(short.is_some(), text.len() <= SHORT);
            let kept = short.unwrap_or_else(|| Text::shared(text.as_str().into()));
            prop_assert_eq!(&*kept, &*text);
            prop_assert!(kept.is(&text));
            prop_assert_eq!(kept.is(&other), text == other);
        }

        #[test]
        fn the_first_bytes_are_the_same_text(text in "[ -~é]{0,20}", rest in prop::collection::vec(any::<u8>(), 0..20)) {
            let bytes = [text.as_bytes(), &rest].concat();
            let first = Text::first_ascii(text.len(), &bytes);
            let expected = text.is_ascii() && (1..=16).contains(&text.len()) && bytes.len() >= 16;
            prop_assert_eq!(first.is_some(), expected);
            if let Some(first) = first {
                prop_assert_eq!(&*first, &*text);
            }
        }
    }
}
