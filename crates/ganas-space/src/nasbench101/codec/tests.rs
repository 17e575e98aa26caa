//! Texts of all forms.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::nasbench101::{NasBench101, Vertices};
use crate::{Arch, SearchSpace, SpaceError};

const OFFICIAL: &str = "0110 0001 0001 0000|input,conv3x3-bn-relu,maxpool3x3,output";

#[test]
fn all_forms_are_read() {
    for text in [
        OFFICIAL,
        " 0110  0001\n0001\t0000 \n| input , 3x3 , maxpool , output \n",
        "0110,0001,0001,0000|input conv3x3 maxpool3x3 output",
        "0 1 1 0, 0 0 0 1, 0 0 0 1, 0 0 0 0|input,conv3x3,maxpool,output",
        "0110000100010000|input,conv3x3-bn-relu,maxpool3x3,output",
        "0110000100010000|02",
        "0110 0001 0001 0000 | 02",
        "4:33:02",
        "4:033: 02 ",
        "[[0, 1, 1, 0], [0,0,0,1], [0,0,0,1], [0,0,0,0]] ['input', 'conv3x3-bn-relu', 'maxpool3x3', 'output']",
        "[[0,1,1,0],[0,0,0,1],[0,0,0,1],[0,0,0,0]],[\"input\",\"3x3\",\"maxpool\",\"output\"]",
        "[[0,1,1,0],[0,0,0,1],[0,0,0,1],[0,0,0,0]]|02",
        "[[0., 1., 1., 0.], [0., 0., 0., 1.], [0., 0., 0., 1.], [0., 0., 0., 0.]] ['input', '3x3', 'maxpool', 'output']",
        "[[0.0, 1.0, 1.0, 0.0], [0., 0, 0, 1.00], [0, 0, 0, 1], [0, 0, 0, 0,],] ['input', '3x3', 'maxpool', 'output',]",
        "[[0 1 1 0]\n [0 0 0 1]\n [0 0 0 1]\n [0 0 0 0]] ['input' 'conv3x3-bn-relu' 'maxpool3x3' 'output']",
        "[[0. 1. 1. 0.]\n [0. 0. 0. 1.]\n [0. 0. 0. 1.]\n [0. 0. 0. 0.]]\n['input', '3x3', 'maxpool', 'output']",
        "[[False True True False] [False False False True] [False False False True] [False False False False]] 02",
        "array([[0, 1, 1, 0],\n       [0, 0, 0, 1],\n       [0, 0, 0, 1],\n       [0, 0, 0, 0]]), ['input', '3x3', 'maxpool', 'output']",
        "np.array([[0., 1., 1., 0.], [0., 0., 0., 1.], [0., 0., 0., 1.], [0., 0., 0., 0.]], dtype=float32) \
         array(['input', 'conv3x3-bn-relu', 'maxpool3x3', 'output'], dtype='<U15')",
        "([[0,1,1,0],[0,0,0,1],[0,0,0,1],[0,0,0,0]], ['input','3x3','maxpool','output'])",
        "(((0,1,1,0),(0,0,0,1),(0,0,0,1),(0,0,0,0)), ('input','3x3','maxpool','output'))",
        "[[[0,1,1,0],[0,0,0,1],[0,0,0,1],[0,0,0,0]], ['input','3x3','maxpool','output']]",
        "(array([[0,1,1,0],[0,0,0,1],[0,0,0,1],[0,0,0,0]], dtype=int8), ['input','3x3','maxpool','output'])",
    ] {
        let space = NasBench101::new();
        let arch = space.decode(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(space.encode(&arch), OFFICIAL, "{text}");
    }
    let smallest = "01 00|input,output";
    for text in ["0100|", "01 00|", "2:1:", smallest, "[[0,1],[0,0]]"] {
        let space = NasBench101::new();
        let arch = space.decode(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(space.encode(&arch), smallest, "{text}");
    }
}

/// The official limits hold after pruning; useless parts within the limits are kept.
#[test]
fn what_is_over_the_limits_is_pruned() {
    let check = |text: &str, expected: &str| {
        let space = NasBench101::up_to(Vertices::Four);
        let arch = space.decode(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(space.encode(&arch), expected, "{text}");
    };
    check("011 000 000|0", "011 000 000|input,conv3x3-bn-relu,output");
    check("01001 00110 00000 00000 00000|000", "01 00|input,output");
}

#[test]
fn errors_name_the_byte_and_what_was_expected() {
    check_bad("", 0, "`0` or `1`");
    check_bad("hello", 0, "`0` or `1`");
    check_bad("0100", 4, "`0`, `1` or `|`");
    check_bad("01 00", 5, "`0`, `1` or `|`");
    check_bad("01 00|input", 11, "the name of a label");
    check_bad("01 00|input,output,", 18, "the end of the text");
    check_bad("01 00|output,input", 6, "`input` as the first label");
    check_bad("01 00|input,input", 12, "`output` as the last label");
    check_bad(
        "00 10|input,output",
        3,
        "`0`: edges go from lower to higher vertices",
    );
    check_bad("010 001 000|3", 12, "the number of an operation, 0 to 2");
    check_bad("9999:1:", 0, "the number of vertices, 2 or more");
    check_bad("3:f:0", 2, "3 bits in hexadecimal");
    check_bad("[[0,1],[0,0]", 12, "`]`");
    check_bad("[[0.5,1],[0,0]]", 2, "`0` or `1`");
    check_bad("[[01,1],[0,0]]", 2, "`0` or `1`");
    check_bad("[[0,2],[0,0]]", 4, "`0` or `1`");
    check_bad("[[0,1.],[0,-0.]]", 11, "`0` or `1`");
    check_bad("[[0,1],[]]", 9, "a row with entries before it");
    check_bad("[[0,1] 0]", 7, "`]`");
    check_bad("array([[0,1],[0,0]], int8) 0", 21, "`dtype=` or `)`");
    check_bad("array([[0,1],[0,0]] input", 20, "`)`");
    check_bad("([[0,1],[0,0]], ['input','output']", 34, "`)`");
    check_bad("([[0,1],[0,0]], ['input','output']]", 34, "`)`");
}

fn check_bad(text: &str, at: usize, expected: &str) {
    let error = SpaceError::BadText {
        space: "nasbench101".into(),
        text: text.to_owned(),
        at,
        expected: expected.to_owned(),
    };
    assert_eq!(NasBench101::new().decode(text), Err(error));
}

#[test]
fn unknown_operations_come_with_a_suggestion() {
    let error = NasBench101::new()
        .decode("010 001 000|input,conv3x3-bn-rely,output")
        .unwrap_err();
    let SpaceError::UnknownOp { suggestion, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(suggestion.as_deref(), Some("conv3x3-bn-relu"));
}

#[test]
fn cells_that_are_none_are_refused() {
    for text in ["00 00|", "010 000 000|0", "7:1fffff:00000"] {
        let result = NasBench101::new().decode(text);
        assert!(
            matches!(result, Err(SpaceError::NotInSpace { .. })),
            "{result:?}"
        );
    }
}

/// Whatever is read is written in the official form and read back; an error points into the text.
fn check_total(text: &str) -> Result<(), TestCaseError> {
    let space = NasBench101::new();
    match space.decode(text) {
        Ok(arch) => prop_assert_eq!(space.decode(&space.encode(&arch)), Ok(arch)),
        Err(SpaceError::BadText { at, .. }) => prop_assert!(text.is_char_boundary(at)),
        Err(SpaceError::UnknownOp { name, .. }) => prop_assert!(text.contains(&name)),
        Err(SpaceError::NotInSpace { .. }) => {}
        Err(error) => prop_assert!(false, "{error}"),
    }
    Ok(())
}

/// A text of any length is refused where it is too long, with a short message.
#[test]
fn large_matrices_are_refused() {
    let rows = format!("[{}", "[0,1],".repeat(100_000));
    for (text, place) in [
        (rows, 12_290),
        (format!("[[{}", "0,".repeat(1_000_000)), 8_194),
        ("01".repeat(1_000_000), 4_096),
        ("[".repeat(1_000_000), 3),
        (format!("[[{}", " ".repeat(1_000_000)), 1_000_002),
        (format!("01 00|{}", "input".repeat(1_000_000)), 0),
    ] {
        let error = NasBench101::new().decode(&text).unwrap_err();
        let message = error.to_string();
        assert!(message.len() < 2_000, "{} bytes", message.len());
        match error {
            SpaceError::BadText { at, .. } => assert_eq!(at, place, "{message}"),
            SpaceError::UnknownOp { .. } => assert_eq!(place, 0, "{message}"),
            _ => panic!("{message}"),
        }
    }
}

/// Lists and arrays as Python and numpy write them.
fn texts_of_others(arch: &Arch) -> Vec<String> {
    let n = arch.n_vertices();
    let matrix = |entries: [&str; 2], comma: &str| {
        let row = |u: usize| {
            let row = arch.predecessors().iter();
            let row: Vec<&str> = row
                .map(|set| entries[usize::from(set >> u & 1 == 1)])
                .collect();
            format!("[{}]", row.join(comma))
        };
        let rows: Vec<String> = (0..n).map(row).collect();
        format!("[{}]", rows.join(if comma == " " { "\n " } else { comma }))
    };
    let space = NasBench101::new();
    let blueprint = space.blueprint();
    let names = arch
        .labels()
        .iter()
        .map(|label| &blueprint.labels()[label.index()]);
    let official: Vec<String> = names.map(|name| format!("'{name}'")).collect();
    let official = |comma: &str| {
        let official = official.join(comma);
        official.replace("'conv3x3'", "'conv3x3-bn-relu'")
    };
    let (commas, blanks) = (official(", "), official(" "));
    let mut texts = Vec::new();
    for entries in [["0", "1"], ["0.", "1."], ["0.0", "1.0"], ["False", "True"]] {
        let (list, printed) = (matrix(entries, ", "), matrix(entries, " "));
        texts.push(format!("{list} [{commas}]"));
        texts.push(format!("{printed} [{blanks}]"));
        texts.push(format!("({list}, [{commas}])"));
        texts.push(format!("[{list}, [{commas}]]"));
        texts.push(format!("array({list}), [{commas}]"));
        texts.push(format!(
            "(array({list}, dtype=float32), array([{commas}], dtype='<U15'))"
        ));
    }
    texts
}

proptest! {
    #[test]
    fn lists_of_others_are_read_back(seed: u64, cut in any::<prop::sample::Index>()) {
        let space = NasBench101::up_to(Vertices::Five);
        let arch = space.sample(&mut SmallRng::seed_from_u64(seed));
        for text in texts_of_others(&arch) {
            prop_assert_eq!(space.decode(&text), Ok(arch.clone()), "{}", text);
            let cut = &text[..cut.index(text.len())];
            match space.decode(cut) {
                Err(SpaceError::BadText { at, .. }) => prop_assert!(at <= cut.len(), "{}", cut),
                Err(SpaceError::UnknownOp { name, .. }) => prop_assert!(cut.contains(&name)),
                other => prop_assert!(false, "{}: {:?}", cut, other),
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        check_total(&text)?;
    }

    #[test]
    fn texts_of_the_right_alphabet_are_read_or_refused(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "0", "1", "0.", "True", "array(", "(", ")", "dtype=int8", "01", "00", " ", ",", "|", ":", "[", "]", "[[0,1],[0,0]]", "'", "f", "7:", "input",
                "output", "3x3", "maxpool3x3", "é",
            ]),
            0..30,
        ),
    ) {
        check_total(&tokens.concat())?;
    }

    #[test]
    fn compact_texts_are_read_or_refused(n in 0..90_u32, bits: u64, ops in "[0-3]{0,6}") {
        check_total(&format!("{n}:{bits:x}:{ops}"))?;
    }
}
