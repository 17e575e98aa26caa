//! The text form of a cell: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`.
//!
//! `edge_cell_text.rs` reads and writes it.

use crate::{SpaceError, edge_cell_text};

use super::cell::{Cell, LABELS, N_EDGES, N_NODES, N_OPS, NAME, Op};

/// The names of the operations, in the order of their numbers.
fn names() -> &'static [&'static str] {
    &LABELS[..usize::from(N_OPS)]
}

/// Writes the text form.
pub(super) fn encode(cell: Cell) -> String {
    let ops = cell.0.iter().map(|op| op.label().index());
    edge_cell_text::encode(names(), N_NODES, ops)
}

/// Reads the text form.
pub(super) fn decode(text: &str) -> Result<Cell, SpaceError> {
    let numbers = edge_cell_text::decode(NAME, names(), N_NODES, text)?;
    let mut ops = [Op::None; N_EDGES];
    for (op, number) in ops.iter_mut().zip(numbers) {
        *op = Op::ALL[number];
    }
    Ok(Cell(ops))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::nasbench201::cell::N_CELLS;

    const TEXT: &str =
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|none~1|nor_conv_3x3~2|";

    #[test]
    fn text_round_trips_over_all_cells() {
        assert_eq!(encode(decode(TEXT).unwrap()), TEXT);
        for code in 0..N_CELLS {
            let cell = Cell::from_code(code);
            assert_eq!(decode(&encode(cell)), Ok(cell));
        }
    }

    #[test]
    fn errors_name_the_byte_and_what_was_expected() {
        check_bad("", 0, "`|`");
        check_bad("hello", 0, "`|`");
        check_bad(" |none~0|", 0, "`|`");
        check_bad("|", 1, "the name of an operation");
        check_bad("|~0|", 1, "the name of an operation");
        check_bad("|none", 5, "`~`");
        check_bad("|none|", 5, "`~`");
        check_bad("|none~1|", 6, "`0`");
        check_bad("|none~é|", 6, "`0`");
        check_bad("|none~0", 7, "`|`");
        check_bad("|none~0|", 8, "`+`");
        check_bad("|none~0||none~0|", 8, "`+`");
        check_bad("|none~0|+none~0|", 9, "`|`");
        check_bad("|none~0|+|none~0|none~2|", 22, "`1`");
        check_bad(&format!("{TEXT}\n"), TEXT.len(), "the end of the text");
        check_bad(
            &format!("{TEXT}+|none~0|"),
            TEXT.len(),
            "the end of the text",
        );
    }

    fn check_bad(text: &str, at: usize, expected: &str) {
        let error = SpaceError::BadText {
            space: "nasbench201".to_owned(),
            text: text.to_owned(),
            at,
            expected: expected.to_owned(),
        };
        assert_eq!(decode(text), Err(error));
    }

    #[test]
    fn unknown_operations_come_with_a_suggestion() {
        check_unknown("nor_conv_5x5", Some("nor_conv_3x3"));
        check_unknown("skip_conect", Some("skip_connect"));
        check_unknown("None", Some("none"));
        check_unknown("input", None);
        check_unknown("日本", None);
    }

    fn check_unknown(name: &str, suggestion: Option<&str>) {
        let text = TEXT.replacen("avg_pool_3x3", name, 1);
        let error = SpaceError::UnknownOp {
            space: "nasbench201".to_owned(),
            name: name.to_owned(),
            text: text.clone(),
            suggestion: suggestion.map(str::to_owned),
            known: "none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3".to_owned(),
        };
        assert_eq!(decode(&text), Err(error));
    }

    /// Whatever is read is written back unchanged, and an error points into the text.
    fn check_total(text: &str) -> Result<(), TestCaseError> {
        match decode(text) {
            Ok(cell) => prop_assert_eq!(encode(cell), text),
            Err(SpaceError::BadText { at, .. }) => prop_assert!(text.is_char_boundary(at)),
            Err(SpaceError::UnknownOp { name, .. }) => prop_assert!(text.contains(&name)),
            Err(error) => prop_assert!(false, "{error}"),
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            check_total(&text)?;
        }

        #[test]
        fn texts_of_the_right_alphabet_are_read_or_refused(
            tokens in prop::collection::vec(
                prop::sample::select(vec!["|", "+", "~", "0", "1", "2", "none", "skip_connect", "nor_conv_3x3", "é"]),
                0..60,
            ),
        ) {
            check_total(&tokens.concat())?;
        }

        #[test]
        fn mutated_texts_are_read_or_refused(
            code in 0..N_CELLS,
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0..3_u8), 1..4),
        ) {
            let mut chars: Vec<char> = encode(Cell::from_code(code)).chars().collect();
            for (place, new, kind) in edits {
                let place = place.index(chars.len());
                match kind {
                    0 => chars[place] = new,
                    1 => chars.insert(place, new),
                    _ => drop(chars.remove(place)),
                }
            }
            check_total(&chars.into_iter().collect::<String>())?;
        }
    }
}
