//! The text forms of a cell.
//!
//! Written is `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`; `edge_cell_text.rs` reads and writes it.
//!
//! Read are also six numbers in parentheses or brackets, with commas or white space between them, `numbers-naslib:(4, 0, 3, 1, 4, 3)`.
//! Tools do not agree on the order of the operations, nor on that of the edges, so the form has to be named.

use crate::literal::{accept_open, numbers};
use crate::text_reader::Reader;
use crate::{SpaceError, TextForm, edge_cell_text};

use super::cell::{Cell, LABELS, N_EDGES, N_NODES, N_OPS, NAME, Op};

/// The forms of six numbers.
pub(super) const FORMS: [TextForm; 2] = [
    TextForm {
        name: "numbers-naslib",
        meaning: "edges 0-1, 0-2, 0-3, 1-2, 1-3, 2-3; 0 skip_connect, 1 none, 2 nor_conv_3x3, 3 nor_conv_1x1, \
                  4 avg_pool_3x3",
    },
    TextForm {
        name: "numbers-official",
        meaning: "edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3, as in the text; 0 none, 1 skip_connect, 2 nor_conv_1x1, \
                  3 nor_conv_3x3, 4 avg_pool_3x3",
    },
];

/// What six numbers mean.
struct Numbering {
    /// By position, the edge in the order of the text.
    edges: [usize; N_EDGES],
    /// By number.
    ops: [Op; N_OPS as usize],
}

/// In the order of [`FORMS`].
const NUMBERINGS: [Numbering; 2] = [
    Numbering {
        edges: [0, 1, 3, 2, 4, 5],
        ops: [Op::Skip, Op::None, Op::Conv3x3, Op::Conv1x1, Op::AvgPool3x3],
    },
    Numbering {
        edges: [0, 1, 2, 3, 4, 5],
        ops: Op::ALL,
    },
];

/// The names of the operations, in the order of their numbers.
fn names() -> &'static [&'static str] {
    &LABELS[..usize::from(N_OPS)]
}

/// Writes the text form.
pub(super) fn encode(cell: Cell) -> String {
    let ops = cell.0.iter().map(|op| op.label().index());
    edge_cell_text::encode(names(), N_NODES, ops)
}

/// Reads any of the forms.
pub(super) fn decode(text: &str) -> Result<Cell, SpaceError> {
    let mut reader = Reader::new(NAME, text);
    reader.skip_white_space();
    let form = reader.accept_form(&FORMS);
    let is_list = accept_open(&mut reader.clone()).is_some();
    match form {
        None if !is_list => text_form(text),
        None => {
            six_numbers(&mut reader)?;
            let why = "six numbers have a different meaning in two forms";
            Err(reader.undecided(why, &FORMS))
        }
        Some(form) => {
            let numbered = six_numbers(&mut reader)?;
            let found = FORMS
                .iter()
                .zip(&NUMBERINGS)
                .find(|(known, _)| *known == form);
            let (_, numbering) = found.expect("invariant: each form has a numbering");
            let mut ops = [Op::None; N_EDGES];
            for (edge, number) in numbering.edges.into_iter().zip(numbered) {
                ops[edge] = numbering.ops[number];
            }
            Ok(Cell(ops))
        }
    }
}

/// `(4, 0, 3, 1, 4, 3)`, up to the end.
fn six_numbers(reader: &mut Reader<'_>) -> Result<[usize; N_EDGES], SpaceError> {
    let found = numbers(reader, N_EDGES, "numbers")?;
    if let Some((at, _)) = found.iter().find(|(_, number)| *number >= Op::ALL.len()) {
        return Err(reader.expected_at(*at, "the number of an operation, 0 to 4"));
    }
    let end = reader.offset();
    reader.skip_white_space();
    reader.expect_end()?;
    let found: Vec<usize> = found.into_iter().map(|(_, number)| number).collect();
    let n = found.len();
    found.try_into().map_err(|_| {
        let what = format!("{N_EDGES} numbers before the end of the list, not {n}");
        reader.expected_at(end - 1, &what)
    })
}

/// Reads what [`encode`] writes.
fn text_form(text: &str) -> Result<Cell, SpaceError> {
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

    /// Six numbers in a form.
    fn numbered(cell: Cell, form: usize) -> [usize; N_EDGES] {
        let Numbering { edges, ops } = &NUMBERINGS[form];
        edges.map(|edge| ops.iter().position(|op| *op == cell.0[edge]).unwrap())
    }

    /// The first example is published with its text, in the documentation of data that NASLib's form is used in.
    #[test]
    fn six_numbers_are_read_in_the_form_that_is_named() {
        for (text, expected) in [
            (
                "numbers-naslib:(4, 0, 3, 1, 4, 3)",
                "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|",
            ),
            (
                "numbers-official:(4, 0, 3, 1, 4, 3)",
                "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
            ),
            (
                " numbers-official: [4 0 3  1\n4 3] ",
                "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
            ),
        ] {
            assert_eq!(encode(decode(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn six_numbers_alone_are_never_guessed() {
        for text in [
            "(4, 0, 3, 1, 4, 3)",
            "[0,0,0,0,0,0]",
            " (2, 4, 0, 0, 3, 2) ",
        ] {
            let error = decode(text).unwrap_err();
            assert!(matches!(error, SpaceError::UndecidedText { .. }), "{error}");
            let message = error.to_string();
            for form in FORMS {
                assert!(
                    message.contains(form.name) && message.contains(form.meaning),
                    "{message}"
                );
            }
        }
        check_bad(
            "(4, 0, 3, 1, 4)",
            14,
            "6 numbers before the end of the list, not 5",
        );
        check_bad("(4, 0, 3, 1, 4, 3, 2)", 19, "`)` after 6 numbers");
        check_bad(
            "numbers-naslib:(4, 0, 3, 5, 4, 3)",
            25,
            "the number of an operation, 0 to 4",
        );
        check_bad("numbers-naslib:(4, 0, 3", 23, "`,` or `)`");
        check_bad("numbers-naslib:|none~0|", 15, "`(` or `[`");
        check_bad("(4, 0, 3, 1, 4, 3) x", 19, "the end of the text");
        check_bad("(4; 0", 2, "`,` or `)`");
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
            space: "nasbench201".into(),
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
            space: "nasbench201".into(),
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
            Err(SpaceError::UndecidedText { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn numbers_are_read_back(code in 0..N_CELLS, cut in any::<prop::sample::Index>()) {
            let cell = Cell::from_code(code);
            for (f, form) in FORMS.iter().enumerate() {
                let numbers = numbered(cell, f);
                let list = format!("{}:{numbers:?}", form.name);
                prop_assert_eq!(decode(&list), Ok(cell));
                let words = numbers.map(|number| number.to_string()).join(" ");
                prop_assert_eq!(decode(&format!("{}: ( {words})", form.name)), Ok(cell));
                let cut = &list[..cut.index(list.len())];
                let refused = matches!(decode(cut), Err(SpaceError::BadText { at, .. }) if at <= cut.len());
                let refused = refused || matches!(decode(cut), Err(SpaceError::UnknownOp { .. }));
                prop_assert!(refused, "{}", cut);
            }
        }

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
