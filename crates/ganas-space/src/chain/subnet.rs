//! Subnets of once-for-all's supernets as the dictionaries of its code:
//! `{'ks': [3, 5, …], 'e': [3, 6, …], 'd': [2, 3, …], 'r': [224]}`.
//!
//! `ks` are the kernels and `e` the expansions of all blocks, `d` the depths of the stages, and `r` is the side of the
//! images, alone or in a list.
//! Kernels and expansions are those of all blocks that a stage can have, of which those past its depth are left out; or, as
//! other tools write them, of the blocks that are there.
//! Where the network ends in a block that is always the same, the dictionary may have it as a sixth stage, in all of its
//! lists.
//! Python and JSON spelling are read, keys in any order; a key `wid` is `None`.

use crate::literal::{accept, accept_word, number, numbers, quoted, token};
use crate::text_reader::Reader;
use crate::{OpId, SpaceError};

use super::description::{Absence, Block, Description, MbConv, Stage, label};
use super::network::Network;

/// A number, and where it stands in the text.
type NumberAt = (usize, usize);

/// What a dictionary says.
#[derive(Default)]
struct Subnet {
    kernels: Option<Vec<NumberAt>>,
    expansions: Option<Vec<NumberAt>>,
    depths: Option<Vec<NumberAt>>,
    side: Option<NumberAt>,
}

/// The stages of blocks, and the block after them that is always the same.
struct Shape<'a> {
    stages: Vec<&'a Stage>,
    last: Option<MbConv>,
}

impl Shape<'_> {
    fn n_blocks(&self) -> usize {
        self.stages.iter().map(|stage| stage.layers.len()).sum()
    }
}

/// Reads a dictionary, up to the end of the text: the label of each layer.
pub(super) fn decode(
    description: &Description,
    network: &Network,
    reader: &mut Reader<'_>,
) -> Result<Vec<OpId>, SpaceError> {
    let stages = description.stages.iter();
    let shape = Shape {
        stages: stages
            .filter(|stage| stage.absence == Absence::AtEnd)
            .collect(),
        last: network.last.map(|(block, _)| block),
    };
    let subnet = Subnet::read(&shape, reader)?;
    let end = reader.offset() - 1;
    reader.skip_white_space();
    reader.expect_end()?;
    let missing = |key: &str| reader.expected_at(end, &format!("a value of `{key}`"));
    let kernels = subnet.kernels.ok_or_else(|| missing("ks"))?;
    let expansions = subnet.expansions.ok_or_else(|| missing("e"))?;
    let depths = subnet.depths.ok_or_else(|| missing("d"))?;
    let side = subnet.side.ok_or_else(|| missing("r"))?;
    let choice = |at: usize, what: &str, wanted: Block| {
        let place = description
            .choices
            .iter()
            .position(|choice| choice.block == wanted);
        place.ok_or_else(|| reader.expected_at(at, &one_of(description, what)))
    };
    let side = choice(side.0, "r", Block::Resolution(side.1 as u64))?;
    let mut labels = vec![label(side)];
    let absent = description.absent();
    let absent = absent.expect("invariant: blocks of a supernet can be absent");
    let depths = stage_depths(&shape, reader, &depths)?;
    let places = block_places(&shape, &depths, kernels.len());
    let places = places.ok_or_else(|| {
        let [all, present] = lengths(&shape, &depths);
        let expected = format!("{all} or {present} kernels in `ks`, not {}", kernels.len());
        reader.expected_at(kernels.first().map_or(end, |(at, _)| *at), &expected)
    })?;
    if expansions.len() != kernels.len() {
        let expected = format!(
            "as many expansions in `e` as kernels in `ks`, {}, not {}",
            kernels.len(),
            expansions.len()
        );
        let at = expansions.first().map_or(end, |(at, _)| *at);
        return Err(reader.expected_at(at, &expected));
    }
    for (stage, places) in shape.stages.iter().zip(&places.stages) {
        let mut blocks = Vec::new();
        for place in places.clone() {
            let ((kernel_at, kernel), (at, expansion)) = (kernels[place], expansions[place]);
            let block = MbConv {
                kernel: kernel as u64,
                expansion: expansion as u64,
                repeats: 1,
                squeeze: false,
            };
            let is_kernel =
                |choice: &Block| matches!(choice, Block::MbConv(b) if b.kernel == block.kernel);
            if !description
                .choices
                .iter()
                .any(|choice| is_kernel(&choice.block))
            {
                return Err(reader.expected_at(kernel_at, &one_of(description, "ks")));
            }
            blocks.push(label(choice(at, "e", Block::MbConv(block))?));
        }
        blocks.resize(stage.layers.len(), absent);
        labels.extend(blocks);
    }
    if let (Some(last), Some(place)) = (shape.last, places.last) {
        let ((kernel_at, kernel), (at, expansion)) = (kernels[place], expansions[place]);
        for (at, found, fixed) in [
            (kernel_at, kernel, last.kernel),
            (at, expansion, last.expansion),
        ] {
            if found as u64 != fixed {
                let expected = format!("{fixed}: the last block is always the same one");
                return Err(reader.expected_at(at, &expected));
            }
        }
    }
    Ok(labels)
}

impl Subnet {
    fn read(shape: &Shape<'_>, reader: &mut Reader<'_>) -> Result<Self, SpaceError> {
        let mut subnet = Self::default();
        let with_last = usize::from(shape.last.is_some());
        let (n_blocks, n_stages) = (shape.n_blocks() + with_last, shape.stages.len() + with_last);
        token(reader, '{')?;
        let mut first = true;
        while !accept(reader, '}') {
            if !first {
                token(reader, ',')?;
                if accept(reader, '}') {
                    break;
                }
            }
            first = false;
            let (at, key) = quoted(reader)?;
            token(reader, ':')?;
            let again = match key {
                "ks" => subnet
                    .kernels
                    .replace(numbers(reader, n_blocks, "kernels")?)
                    .is_some(),
                "e" => subnet
                    .expansions
                    .replace(numbers(reader, n_blocks, "expansions")?)
                    .is_some(),
                "d" => subnet
                    .depths
                    .replace(numbers(reader, n_stages, "depths")?)
                    .is_some(),
                "r" => subnet.side.replace(side(reader)?).is_some(),
                "wid" if accept_word(reader, "None") || accept_word(reader, "null") => false,
                "wid" => return Err(reader.expected("`None`: the widths of this space are fixed")),
                _ => return Err(reader.expected_at(at, "one of the keys `ks`, `e`, `d`, `r`")),
            };
            if again {
                return Err(reader.expected_at(at, &format!("`{key}` only once")));
            }
        }
        Ok(subnet)
    }
}

/// `224` or `[224]`
fn side(reader: &mut Reader<'_>) -> Result<NumberAt, SpaceError> {
    reader.skip_white_space();
    let at = reader.offset();
    if !reader.rest().starts_with(['[', '(']) {
        return number(reader);
    }
    match numbers(reader, 1, "side")?[..] {
        [side] => Ok(side),
        _ => Err(reader.expected_at(at, "the side of the images")),
    }
}

/// How many blocks each stage has.
struct Depths {
    stages: Vec<usize>,
    /// Whether that of the block which is always the same is there, too.
    with_last: bool,
}

fn stage_depths(
    shape: &Shape<'_>,
    reader: &Reader<'_>,
    depths: &[NumberAt],
) -> Result<Depths, SpaceError> {
    let n = shape.stages.len();
    let with_last = shape.last.is_some() && depths.len() == n + 1;
    if depths.len() != n && !with_last {
        let at = depths.first().map_or(0, |(at, _)| *at);
        let expected = format!("{n} depths in `d`, not {}", depths.len());
        return Err(reader.expected_at(at, &expected));
    }
    let depths = depths
        .iter()
        .zip(&shape.stages)
        .map(|((at, depth), stage)| {
            let most = stage.layers.len();
            let least = stage
                .layers
                .iter()
                .filter(|set| **set == stage.layers[0])
                .count();
            if (least..=most).contains(depth) {
                return Ok(*depth);
            }
            Err(reader.expected_at(*at, &format!("the depth of a stage, {least} to {most}")))
        });
    Ok(Depths {
        stages: depths.collect::<Result<_, _>>()?,
        with_last,
    })
}

/// Where the blocks that are there stand in the lists of kernels and expansions.
struct Places {
    stages: Vec<std::ops::Range<usize>>,
    /// The block that is always the same, when the lists have it.
    last: Option<usize>,
}

/// The lengths that lists of kernels and expansions can have: that of all blocks, and that of those that are there.
///
/// A sixth depth is that of the block which is always the same, and which is then in the lists, too.
fn lengths(shape: &Shape<'_>, depths: &Depths) -> [usize; 2] {
    let last = usize::from(depths.with_last);
    [
        shape.n_blocks() + last,
        depths.stages.iter().sum::<usize>() + last,
    ]
}

/// The places in lists of so many blocks; `None` when there are no lists of this length.
fn block_places(shape: &Shape<'_>, depths: &Depths, n_listed: usize) -> Option<Places> {
    let [all, present] = lengths(shape, depths);
    let padded = n_listed == all;
    if !padded && n_listed != present {
        return None;
    }
    let last = depths.with_last.then(|| n_listed - 1);
    let mut first = 0;
    let stages = depths
        .stages
        .iter()
        .zip(&shape.stages)
        .map(|(depth, stage)| {
            let places = first..first + depth;
            first += if padded { stage.layers.len() } else { *depth };
            places
        });
    Some(Places {
        stages: stages.collect(),
        last,
    })
}

/// What the values of a key can be.
fn one_of(description: &Description, key: &str) -> String {
    let mut values: Vec<u64> = Vec::new();
    for choice in &description.choices {
        values.extend(match (choice.block, key) {
            (Block::MbConv(block), "ks") => Some(block.kernel),
            (Block::MbConv(block), "e") => Some(block.expansion),
            (Block::Resolution(side), "r") => Some(side),
            _ => None,
        });
    }
    values.sort_unstable();
    values.dedup();
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("one of {} in `{key}`", values.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use crate::chain::{Chain, OFA_MBV3, OFA_PROXYLESS};
    use crate::{Arch, SearchSpace, SpaceError};

    /// How a tool writes subnets.
    #[derive(Clone, Copy)]
    struct Spelling {
        /// Whether blocks past a stage's depth are listed, with this kernel and expansion.
        padding: Option<[u64; 2]>,
        last: bool,
        json: bool,
    }

    const SPELLINGS: [Spelling; 5] = [
        Spelling {
            padding: Some([7, 6]),
            last: false,
            json: false,
        },
        Spelling {
            padding: Some([3, 3]),
            last: true,
            json: false,
        },
        Spelling {
            padding: Some([0, 0]),
            last: false,
            json: true,
        },
        Spelling {
            padding: None,
            last: false,
            json: true,
        },
        Spelling {
            padding: None,
            last: true,
            json: false,
        },
    ];

    fn write(space: &Chain, arch: &Arch, spelling: Spelling) -> String {
        let (mut ks, mut e, mut d) = (Vec::new(), Vec::new(), Vec::new());
        for stage in space.blocks(arch) {
            d.push(stage.iter().flatten().count());
            for block in stage {
                let values = block.map(|block| [block.kernel, block.expansion]);
                if let Some([kernel, expansion]) = values.or(spelling.padding) {
                    ks.push(kernel);
                    e.push(expansion);
                }
            }
        }
        if spelling.last {
            ks.push(7);
            e.push(6);
            d.push(1);
        }
        let side = space.resolution(arch);
        if spelling.json {
            format!("{{\"d\":{d:?},\"e\":{e:?},\"ks\":{ks:?},\"r\":{side}}}")
        } else {
            format!("{{'wid': None, 'ks': {ks:?}, 'e': {e:?}, 'd': {d:?}, 'r': [{side}]}}")
        }
    }

    proptest! {
        #[test]
        fn dictionaries_are_read_back(seed: u64, cut in any::<prop::sample::Index>()) {
            for name in [OFA_MBV3, OFA_PROXYLESS] {
                let space = Chain::by_name(name).unwrap();
                let arch = space.sample(&mut SmallRng::seed_from_u64(seed));
                for spelling in SPELLINGS {
                    if spelling.last && name == OFA_MBV3 {
                        continue;
                    }
                    let text = write(&space, &arch, spelling);
                    prop_assert_eq!(space.decode(&text), Ok(arch.clone()), "{}", text);
                    prop_assert_eq!(space.decode(&format!(" {text}\n")), Ok(arch.clone()));
                    let cut = &text[..cut.index(text.len())];
                    let refused = matches!(space.decode(cut), Err(SpaceError::BadText { at, .. }) if at <= cut.len());
                    prop_assert!(refused, "{}", cut);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(
            seed: u64,
            spelling in prop::sample::select(SPELLINGS.to_vec().into_iter().enumerate().map(|(s, _)| s).collect::<Vec<_>>()),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0..3_u8), 1..4),
        ) {
            let space = Chain::by_name(OFA_PROXYLESS).unwrap();
            let arch = space.sample(&mut SmallRng::seed_from_u64(seed));
            let mut chars: Vec<char> = write(&space, &arch, SPELLINGS[spelling]).chars().collect();
            for (place, new, kind) in edits {
                let place = place.index(chars.len());
                match kind {
                    0 => chars[place] = new,
                    1 => chars.insert(place, new),
                    _ => drop(chars.remove(place)),
                }
            }
            let text: String = chars.into_iter().collect();
            if let Err(SpaceError::BadText { at, .. }) = space.decode(&text) {
                prop_assert!(text.is_char_boundary(at));
            }
        }
    }

    #[test]
    fn blocks_past_the_depth_of_a_stage_are_left_out() {
        let space = Chain::by_name(OFA_MBV3).unwrap();
        let text = "{'ks': [3, 5, 3, 5, 5, 7, 5, 3, 7, 5, 7, 3, 5, 3, 7, 5, 7, 7, 5, 7], \
                    'e': [3, 6, 3, 3, 6, 3, 4, 3, 3, 3, 4, 4, 4, 6, 4, 3, 4, 4, 3, 6], 'd': [3, 4, 4, 4, 2], 'r': [224]}";
        let arch = space.decode(text).unwrap();
        assert_eq!(
            space.encode(&arch),
            "r224 k3e3,k5e6,k3e3 k5e6,k7e3,k5e4,k3e3 k7e3,k5e3,k7e4,k3e4 k5e4,k3e6,k7e4,k5e3 k7e4,k7e4"
        );
    }

    #[test]
    fn errors_name_the_place() {
        let ks = "'ks': [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]";
        let e = "'e': [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]";
        let text = |d: &str, r: &str| format!("{{{ks}, {e}, 'd': {d}, 'r': {r}}}");
        let good = text("[2, 2, 2, 2, 2]", "224");
        assert!(Chain::by_name(OFA_MBV3).unwrap().decode(&good).is_ok());
        check_bad(
            &text("[2, 2, 2, 2]", "224"),
            "[2, 2",
            1,
            "5 depths in `d`, not 4",
        );
        check_bad(
            &text("[1, 2, 2, 2, 2]", "224"),
            "[1",
            1,
            "the depth of a stage, 2 to 4",
        );
        check_bad(
            &text("[5, 2, 2, 2, 2]", "224"),
            "[5",
            1,
            "the depth of a stage, 2 to 4",
        );
        check_bad(
            &text("[2, 2, 2, 2, 3]", "224"),
            "[3, 3",
            1,
            "20 or 11 kernels in `ks`, not 10",
        );
        check_bad(
            &text("[2, 2, 2, 2, 2, 1]", "224"),
            ", 1]",
            2,
            "`]` after 5 depths",
        );
        check_bad(
            &text("[2, 2, 2, 2, 2]", "225"),
            "225",
            0,
            "one of 160, 176, 192, 208, 224 in `r`",
        );
        check_bad(
            &text("[2, 2, 2, 2, 2]", "[]"),
            "[]",
            0,
            "the side of the images",
        );
        check_bad(
            &good.replacen("[3,", "[4,", 1),
            "[4,",
            1,
            "one of 3, 5, 7 in `ks`",
        );
        check_bad(
            &good.replace("'e': [3,", "'e': [5,"),
            "[5,",
            1,
            "one of 3, 4, 6 in `e`",
        );
        check_bad(&good.replace(", 'r': 224", ""), "}", 0, "a value of `r`");
        check_bad(&good.replace("'r'", "'e'"), "224", 0, "`(` or `[`");
        check_bad(
            &good.replace("'r': 224", "'d': [2]"),
            "d': [2]}",
            0,
            "`d` only once",
        );
        check_bad(
            &good.replace("'r'", "'side'"),
            "side",
            0,
            "one of the keys `ks`, `e`, `d`, `r`",
        );
        check_bad(
            &good.replace("'e': [3, ", "'e': ["),
            "'e'",
            6,
            "as many expansions",
        );
        check_bad("{'wid': 1.2}", "1.2", 0, "`None`");
    }

    /// The last block of the ProxylessNAS supernet is always the same one.
    #[test]
    fn the_last_block_is_checked() {
        let space = Chain::by_name(OFA_PROXYLESS).unwrap();
        let arch = space.decode("proxyless-mobile").unwrap();
        let text = write(&space, &arch, SPELLINGS[4]);
        assert_eq!(space.decode(&text), Ok(arch));
        for changed in [
            text.replacen("7], 'e'", "3], 'e'", 1),
            text.replacen("6], 'd'", "3], 'd'", 1),
        ] {
            let error = space.decode(&changed).unwrap_err().to_string();
            assert!(
                error.contains("the last block is always the same one"),
                "{error}"
            );
        }
    }

    /// The error is so many bytes after where a part of the text first stands.
    fn check_bad(text: &str, part: &str, further: usize, what: &str) {
        let place = text.find(part).unwrap() + further;
        match Chain::by_name(OFA_MBV3).unwrap().decode(text) {
            Err(SpaceError::BadText { at, expected, .. }) => {
                assert!(expected.contains(what), "{text}: {expected}");
                assert_eq!(at, place, "{text}: {expected}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}
