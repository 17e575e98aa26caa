//! Texts of all forms.

use proptest::prelude::*;

use super::compact::compact_numbered;
use super::*;

/// The published DARTS_V2.
const DARTS_V2: &str = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), \
    ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], \
    normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), \
    ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], \
    reduce_concat=[2, 3, 4, 5])";

#[test]
fn the_published_genotype_is_read() {
    let genotype = decode(DARTS_V2).unwrap();
    assert_eq!(
        compact(&genotype),
        "numbers-without-none:(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
          ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)))"
    );
    let keys = config_space(&genotype);
    assert_eq!(keys.len(), 2 * (8 + 3));
    let value = |key: &str| keys.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    assert_eq!(value("edge_normal_11"), Some("dil_conv_3x3"));
    assert_eq!(value("inputs_node_normal_5"), Some("0_2"));
    assert_eq!(value("edge_reduce_4"), Some("skip_connect"));
    assert_eq!(value("inputs_node_reduce_3"), Some("1_2"));
}

#[test]
fn errors_name_the_place() {
    check_bad("", 0, "`Genotype(`, or");
    check_bad("((0, 1)", 2, "`(` or `[`");
    let compact = "(((0, 3), (1, 3), (0, 3), (1, 3), (0, 2), (1, 3), (0, 2), (2, 5)), \
                    ((0, 0), (1, 0), (1, 0), (2, 2), (0, 0), (2, 2), (1, 0), (2, 2)))";
    check_bad(
        &compact.replace("(0, 3), (1, 3), ", "(0, 3), (2, 3), "),
        11,
        "an earlier result, 0 to 1",
    );
    check_bad(
        &compact.replacen("(1, 3)", "(0, 3)", 1),
        11,
        "another result than 0",
    );
    check_bad(
        &compact.replacen("(1, 3)", "(1, 8)", 1),
        14,
        "the number of an operation, 0 to 7",
    );
    check_bad(
        &format!(
            "numbers-without-none:{}",
            compact.replacen("(1, 3)", "(1, 7)", 1)
        ),
        35,
        "the number of an operation, 0 to 6",
    );
    check_bad(
        &format!("numbers-with-none:{compact}"),
        90,
        "the number of an operation of this space, 1 to 7: 0 is `none`",
    );
    check_bad(
        "numbers-with-none:Genotype(normal=",
        18,
        "a compact genotype",
    );
    check_bad("numbers-with-non:((", 0, "`Genotype(`, or");
    check_bad("DARTS_V2 = Gnotype(", 11, "`Genotype(`, or");
    check_bad("x y", 0, "`Genotype(`, or");
    check_bad(
        &DARTS_V2.replacen("[2, 3, 4, 5]", "range(3, 6)", 1),
        200,
        "all four nodes",
    );
    check_bad(
        "{'edge_normal_0': 'skip_connect'}",
        32,
        "a value of `edge_normal_1`",
    );
    let misspelt = DARTS_V2.replacen("sep_conv_3x3", "sep_conv3x3", 1);
    assert!(
        matches!(decode(&misspelt), Err(SpaceError::UnknownOp { suggestion: Some(s), .. }) if s == "sep_conv_3x3")
    );
}

fn check_bad(text: &str, place: usize, what: &str) {
    match decode(text) {
        Err(SpaceError::BadText { at, expected, .. }) => {
            assert_eq!(at, place, "{text}: {expected}");
            assert!(expected.contains(what), "{text}: {expected}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

/// All texts of other tools that are forms of a genotype.
fn texts_of_others(genotype: &Genotype) -> Vec<String> {
    let mut texts = Vec::new();
    for [open, close] in [["[", "]"], ["(", ")"]] {
        let nested = |cell: &Cell| {
            let nodes = cell.0.iter().map(|node| {
                let pairs = node
                    .pairs()
                    .map(|(op, source)| format!("{open}\"{}\", {source}{close}", op.name()));
                format!("{open}{}{close}", pairs.join(", "))
            });
            format!("{open}{}{close}", nodes.collect::<Vec<_>>().join(", "))
        };
        let [normal, reduce] = genotype.0.each_ref().map(nested);
        for concat in [
            "range(2, 6)",
            "list(range(2, 6))",
            "[2, 3, 4, 5]",
            "(2,3,4,5,)",
            "{2, 3, 4, 5}",
        ] {
            let fields = format!(
                "normal={normal}, normal_concat={concat}, reduce={reduce}, reduce_concat={concat}"
            );
            texts.push(format!("Genotype({fields})"));
            texts.push(format!("DARTS_V2 = Genotype( {fields}, )"));
            texts.push(format!(
                "genotype=genotypes.Genotype({fields},\nconnectN=None, connects=None)\n"
            ));
        }
        texts.push(format!(
            "{{\"normal\": {normal}, \"normal_concat\": [2, 3, 4, 5], 'reduce': {reduce}, 'reduce_concat': [2,3,4,5]}}"
        ));
    }
    for (first, form) in (0..).zip(&FORMS) {
        let numbered = compact_numbered(genotype, first);
        texts.push(format!("{}:{numbered}", form.name));
        texts.push(format!(
            " {}: {}",
            form.name,
            numbered.replace('(', "[").replace(')', "]")
        ));
    }
    texts
}

#[test]
fn numbers_are_never_guessed() {
    let genotype = decode(DARTS_V2).unwrap();
    for first in 0..2 {
        let text = compact_numbered(&genotype, first);
        // Neither with 0 and 2 to 5, nor with 1 and 3 to 6.
        let error = decode(&text).unwrap_err();
        assert!(matches!(error, SpaceError::UndecidedText { .. }), "{error}");
        let message = error.to_string();
        for form in FORMS {
            assert!(
                message.contains(form.name) && message.contains(form.meaning),
                "{message}"
            );
        }
        assert_eq!(form_of(&text), None);
    }
    // A 7 is in one numbering only.
    let text = DARTS_V2.replacen("sep_conv_3x3", "dil_conv_5x5", 1);
    let genotype = decode(&text).unwrap();
    let numbered = compact_numbered(&genotype, 1);
    assert_eq!(decode(&numbered), Ok(genotype));
    assert_eq!(form_of(&numbered), Some(&FORMS[1]));
    assert_eq!(form_of(&text), None);
    assert_eq!(form_of("(("), None);
}

/// What a tool says whose list begins with `none`, and what another one says.
#[test]
fn both_numberings_have_their_operations() {
    let text = "[[(0,4),(1,3),(1,5),(0,2),(0,1),(1,4),(4,1),(3,5)],\
                 [(0,4),(1,3),(1,5),(0,2),(0,4),(1,4),(4,1),(3,6)]]";
    let check = |form: &str, expected: &str| {
        let genotype = decode(&format!("{form}:{text}")).unwrap();
        let written = encode(&genotype);
        assert!(written.contains(expected), "{written}");
    };
    check(
        "numbers-with-none",
        "normal=[('sep_conv_3x3', 0), ('skip_connect', 1), ('avg_pool_3x3', 0)",
    );
    check(
        "numbers-without-none",
        "normal=[('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('skip_connect', 0)",
    );
}

proptest! {
    #[test]
    fn all_forms_are_read_back(codes in prop::array::uniform2(0..Cell::COUNT)) {
        let genotype = Genotype(codes.map(Cell::from_code));
        prop_assert_eq!(decode(&encode(&genotype)), Ok(genotype));
        prop_assert_eq!(decode(&compact(&genotype)), Ok(genotype));
        for text in texts_of_others(&genotype) {
            prop_assert_eq!(decode(&text), Ok(genotype), "{}", text);
        }
        for prefix in ["", CONFIG_PREFIX, "NetworkSelectorDatasetInfo_COLON_darts_COLON_"] {
            let keys: Vec<String> = config_space(&genotype)
                .iter()
                .rev()
                .map(|(key, value)| format!("\"{prefix}{key}\": '{value}'"))
                .collect();
            prop_assert_eq!(decode(&format!("{{{}}}", keys.join(", "))), Ok(genotype));
        }
    }

    #[test]
    fn cut_texts_are_refused(codes in prop::array::uniform2(0..Cell::COUNT), cut in any::<prop::sample::Index>()) {
        let genotype = Genotype(codes.map(Cell::from_code));
        for text in texts_of_others(&genotype) {
            let text = text.trim();
            let cut = &text[..cut.index(text.len())];
            match decode(cut) {
                Err(SpaceError::BadText { at, .. }) => prop_assert!(at <= cut.len()),
                Err(SpaceError::UnknownOp { name, .. }) => prop_assert!(cut.contains(&name)),
                other => prop_assert!(false, "{cut}: {other:?}"),
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(
        code in 0..Cell::COUNT,
        form in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0..3_u8), 1..4),
    ) {
        let genotype = Genotype([Cell::from_code(code); 2]);
        let mut texts = texts_of_others(&genotype);
        texts.push(encode(&genotype));
        let mut chars: Vec<char> = texts[form.index(texts.len())].chars().collect();
        for (place, new, kind) in edits {
            let place = place.index(chars.len());
            match kind {
                0 => chars[place] = new,
                1 => chars.insert(place, new),
                _ => drop(chars.remove(place)),
            }
        }
        let text: String = chars.into_iter().collect();
        if let Err(SpaceError::BadText { at, .. }) = decode(&text) {
            prop_assert!(text.is_char_boundary(at));
        }
    }
}
