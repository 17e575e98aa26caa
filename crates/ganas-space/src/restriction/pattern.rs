//! Which names a pattern means.

/// Whether a pattern means the choice with this name.
pub(super) fn means(pattern: &str, name: &str) -> bool {
    if pattern.contains('*') && fits(pattern, name) {
        return true;
    }
    let mut parts = name.rsplit('.');
    let mut wanted = pattern.rsplit('.');
    // The last part is the choice itself; the parts before it say where.
    let is_same = |wanted: Option<&str>, part: Option<&str>| {
        wanted
            .zip(part)
            .is_some_and(|(wanted, part)| fits(wanted, part))
    };
    is_same(wanted.next(), parts.next())
        && wanted.all(|wanted| parts.any(|part| fits(wanted, part)))
}

/// Whether a text is what a pattern says, in which a `*` stands for any characters.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        // The first place is the best one: it leaves the most for what follows.
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text, expected) in [
            ("op", "op", true),
            ("op", "op1", false),
            ("*", "anything", true),
            ("*", "", true),
            ("edge(*->3)", "edge(1->3)", true),
            ("edge(*->3)", "edge(1->2)", false),
            ("*.kernel", "stage1.layer2.kernel", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("ab*b", "ab", false),
            ("*conv*3*", "nor_conv_3x3", true),
            ("**", "x", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn parts_may_be_left_out_before_the_last() {
        for (pattern, expected) in [
            ("stage1.layer2.kernel", true),
            ("stage1.kernel", true),
            ("kernel", true),
            ("layer2.kernel", true),
            ("*.kernel", true),
            ("stage*.kernel", true),
            ("stage1.*", true),
            ("stage1", false),
            ("stage1.layer2", false),
            ("stage2.kernel", false),
            ("layer2.stage1.kernel", false),
            ("kern", false),
        ] {
            assert_eq!(
                means(pattern, "stage1.layer2.kernel"),
                expected,
                "{pattern}"
            );
        }
    }
}
