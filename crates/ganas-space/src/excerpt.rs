//! What an error quotes of a text, which may be of any length.

use std::borrow::Cow;

use crate::limits::MAX_QUOTED_BYTES;

/// The text, or its beginning when it is longer than [`MAX_QUOTED_BYTES`], with its length.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    excerpt_at(text, 0)
}

/// The text, or when it is longer than [`MAX_QUOTED_BYTES`] the part around a byte, with its length.
pub(crate) fn excerpt_at(text: &str, at: usize) -> Cow<'_, str> {
    if text.len() <= MAX_QUOTED_BYTES {
        return Cow::Borrowed(text);
    }
    let latest = text.len() - MAX_QUOTED_BYTES;
    let start = at.saturating_sub(MAX_QUOTED_BYTES / 2).min(latest);
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(start + MAX_QUOTED_BYTES);
    let (before, after) = (
        if start > 0 { "…" } else { "" },
        if end < text.len() { "…" } else { "" },
    );
    let part = &text[start..end];
    Cow::Owned(format!("{before}{part}{after} ({} bytes)", text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn short_texts_are_quoted_whole() {
        for text in ["", "conv", &"é".repeat(MAX_QUOTED_BYTES / 2)] {
            assert_eq!(excerpt(text), text);
            assert_eq!(excerpt_at(text, text.len()), text);
        }
    }

    #[test]
    fn of_long_texts_the_place_is_shown() {
        let text = format!("{}here{}", "a".repeat(10_000), "b".repeat(10_000));
        let shown = excerpt_at(&text, 10_000);
        assert!(shown.contains("aahereb"), "{shown}");
        assert!(shown.starts_with('…') && shown.ends_with("… (20004 bytes)"));
        assert!(excerpt(&text).starts_with("aaa"));
        assert!(excerpt_at(&text, text.len()).ends_with("bbb (20004 bytes)"));
    }

    proptest! {
        #[test]
        fn no_excerpt_is_long(text in "(a|é|日|\n){0,600}", at in 0..2_000_usize) {
            let shown = excerpt_at(&text, at);
            prop_assert!(shown.len() <= MAX_QUOTED_BYTES + 40);
        }
    }
}
