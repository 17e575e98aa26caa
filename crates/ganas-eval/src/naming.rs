//! What the name of a metric says, where nothing is declared: its role, and which of its values are better.
//!
//! **Words.** A name is split at `_`, `-`, `.`, `@`, `/`, brackets, blanks and changes of letter case, and lower-cased. A word
//! that is made of known words without anything between them is split too (`valacc`, `testerror`), and digits at the end of
//! a known word are dropped (`acc1`).
//!
//! **Quantity.** The last known quantity says what is measured: `energy_efficiency` is an efficiency, `accuracy_loss` a loss.
//! What follows `per` or `to` says of what, and does not count.
//!
//! **Role.** A cost when the quantity is one. Otherwise the last word for validation or test data decides:
//! `cifar10_valid_trained_test_mean_200` is the test accuracy of networks that were trained on the part of the training
//! images that is left when the validation images are held out. Otherwise it is not known.
//!
//! **Direction.** That of the quantity. A metric of validation or test data whose name has no quantity and else only
//! numbers, data sets and words such as `mean` is taken for an accuracy. Otherwise it is not known.

use crate::{Direction, MetricRole};

/// Quantities of which more is better.
const RISING: &[&str] = &[
    "acc",
    "accuracy",
    "accuracies",
    "ap",
    "auc",
    "auroc",
    "auprc",
    "bleu",
    "correct",
    "correlation",
    "dice",
    "efficiency",
    "elbo",
    "f1",
    "fitness",
    "fps",
    "iou",
    "kendall",
    "kendalltau",
    "likelihood",
    "map",
    "mcc",
    "miou",
    "ndcg",
    "precision",
    "psnr",
    "quality",
    "r2",
    "recall",
    "return",
    "reward",
    "rouge",
    "score",
    "spearman",
    "speedup",
    "ssim",
    "throughput",
    "top",
    "utility",
];

/// Quantities of which less is better, and which are no cost.
const FALLING: &[&str] = &[
    "bpb",
    "bpc",
    "bpd",
    "brier",
    "ce",
    "cer",
    "crossentropy",
    "divergence",
    "drop",
    "ece",
    "err",
    "error",
    "errors",
    "fid",
    "gap",
    "kl",
    "loss",
    "losses",
    "lpips",
    "mae",
    "mape",
    "misclassified",
    "mse",
    "nll",
    "perplexity",
    "ppl",
    "regret",
    "rmse",
    "ter",
    "wer",
    "xent",
];

/// Quantities that are costs: less is better.
const COSTS: &[&str] = &[
    "bytes",
    "carbon",
    "co2",
    "cost",
    "duration",
    "emissions",
    "energy",
    "flop",
    "flops",
    "footprint",
    "gflops",
    "hour",
    "hours",
    "joule",
    "joules",
    "kflops",
    "kb",
    "latency",
    "latencies",
    "macs",
    "madds",
    "mb",
    "mem",
    "memory",
    "mflops",
    "mj",
    "ms",
    "param",
    "parameters",
    "params",
    "power",
    "runtime",
    "sec",
    "seconds",
    "size",
    "tflops",
    "time",
    "us",
    "watt",
    "watts",
];

const VALIDATION: &[&str] = &["dev", "val", "valid", "validation"];
const TEST: &[&str] = &["test", "testing"];

/// What follows says of what the quantity is.
const OF: &[&str] = &["per", "to"];

/// Words that say nothing about the quantity: how it was averaged, and on which data.
const NEUTRAL: &[&str] = &[
    "average", "avg", "best", "cifar", "data", "digits", "epoch", "epochs", "ep", "fashion",
    "final", "full", "imagenet", "last", "max", "mean", "median", "metric", "min", "mnist", "nats",
    "of", "on", "run", "seed", "set", "split", "sss", "svhn", "the", "train", "trained",
    "training", "tss", "value",
];

/// Shorter words are not looked for within others.
const SHORTEST_WITHIN: usize = 3;

/// No known word is longer, so that a name of any length is read in time proportional to it.
const LONGEST: usize = 16;

/// What the name of a metric says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricName {
    words: Vec<String>,
    role: MetricRole,
    direction: Option<Direction>,
}

impl MetricName {
    /// Reads a name.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let separators = |c: char| c.is_whitespace() || "_-.@/()[]{}:,".contains(c);
        let chunks = name.split(separators).filter(|chunk| !chunk.is_empty());
        let words: Vec<String> = chunks.flat_map(words_of).collect();
        let about = words.iter().position(|word| OF.contains(&&**word));
        let quantity = quantity(&words[..about.unwrap_or(words.len())]);
        let role = role(&words, quantity);
        let direction = match quantity {
            Some(Quantity::Rising) => Some(Direction::Maximize),
            Some(Quantity::Falling | Quantity::Cost) => Some(Direction::Minimize),
            None => is_accuracy(&words, role).then_some(Direction::Maximize),
        };
        Self {
            words,
            role,
            direction,
        }
    }

    /// The words of the name, in lower case.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// What it is measured on; [`MetricRole::Other`] when the name does not say.
    #[must_use]
    pub fn role(&self) -> MetricRole {
        self.role
    }

    /// Which values are better; `None` when the name does not say.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        self.direction
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Rising,
    Falling,
    Cost,
}

impl Quantity {
    fn of(word: &str) -> Option<Self> {
        let lists = [
            (RISING, Self::Rising),
            (FALLING, Self::Falling),
            (COSTS, Self::Cost),
        ];
        let (_, quantity) = lists.into_iter().find(|(list, _)| list.contains(&word))?;
        Some(quantity)
    }
}

fn quantity(words: &[String]) -> Option<Quantity> {
    words.iter().rev().find_map(|word| Quantity::of(word))
}

fn role(words: &[String], quantity: Option<Quantity>) -> MetricRole {
    if quantity == Some(Quantity::Cost) {
        return MetricRole::Cost;
    }
    let of_word = |word: &String| match &**word {
        word if TEST.contains(&word) => Some(MetricRole::Test),
        word if VALIDATION.contains(&word) => Some(MetricRole::Validation),
        _ => None,
    };
    words
        .iter()
        .rev()
        .find_map(of_word)
        .unwrap_or(MetricRole::Other)
}

/// Whether a metric without a quantity is to be taken for an accuracy.
fn is_accuracy(words: &[String], role: MetricRole) -> bool {
    let says_nothing = |word: &String| {
        let word = &**word;
        is_of_role(word) || NEUTRAL.contains(&word) || word.contains(|c: char| c.is_ascii_digit())
    };
    matches!(role, MetricRole::Validation | MetricRole::Test) && words.iter().all(says_nothing)
}

fn is_of_role(word: &str) -> bool {
    VALIDATION.contains(&word) || TEST.contains(&word)
}

fn is_known(word: &str) -> bool {
    Quantity::of(word).is_some() || is_of_role(word) || NEUTRAL.contains(&word)
}

/// The words of a piece without separators.
fn words_of(chunk: &str) -> Vec<String> {
    let whole = chunk.to_lowercase();
    if let Some(words) = known_words(&whole) {
        return words;
    }
    let pieces = at_letter_case(chunk)
        .into_iter()
        .map(|piece| piece.to_lowercase());
    pieces
        .flat_map(|piece| known_words(&piece).unwrap_or_else(|| vec![piece]))
        .collect()
}

/// The known word, or the known words without anything between them, that a piece consists of.
fn known_words(piece: &str) -> Option<Vec<String>> {
    if is_known(piece) {
        return Some(vec![piece.to_owned()]);
    }
    let letters = piece.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters != piece && (Quantity::of(letters).is_some() || is_of_role(letters)) {
        return Some(vec![letters.to_owned()]);
    }
    // `ways[end]` is where the last known word of a way to split `letters[..end]` begins.
    let mut ways: Vec<Option<usize>> = vec![None; letters.len() + 1];
    for end in SHORTEST_WITHIN..=letters.len() {
        let begins = end.saturating_sub(LONGEST)..=end - SHORTEST_WITHIN;
        let begins = begins.filter(|&begin| begin == 0 || ways[begin].is_some());
        let mut words = begins.filter(|&begin| letters.get(begin..end).is_some_and(is_known));
        ways[end] = words.next();
    }
    let mut words = Vec::new();
    let mut end = letters.len();
    while end > 0 {
        let begin = ways[end]?;
        words.push(letters[begin..end].to_owned());
        end = begin;
    }
    words.reverse();
    // One word with a number after it was dealt with above: `seed888` and `run0` keep their numbers.
    (words.len() > 1).then_some(words)
}

/// Splits `valAcc` and `EdgeTPULatency` where a word begins with a capital letter.
fn at_letter_case(chunk: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = chunk.char_indices().collect();
    let mut starts = vec![0];
    for (at, window) in chars.windows(2).enumerate() {
        let [(_, a), (place, b)] = [window[0], window[1]];
        let next_is_lower = chars.get(at + 2).is_some_and(|(_, c)| c.is_lowercase());
        if b.is_uppercase() && (a.is_lowercase() || (a.is_uppercase() && next_is_lower)) {
            starts.push(place);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([chunk.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| &chunk[start..end])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Maximize, Minimize};
    use MetricRole::{Cost, Other, Test, Validation};

    #[test]
    fn names_say_role_and_direction() {
        for (names, role, direction) in [
            (
                "valid val_acc val-acc val.acc val@acc valAcc ValAcc VAL_ACC val_top1 valid_acc1 valacc Validation dev_f1 \
                 cifar10_valid_mean_200 imagenet16_120_valid_200 digits5_valid_seed0 val_score",
                Validation,
                Some(Maximize),
            ),
            (
                "val_err val-error valErr val_loss valloss val_ppl val_rmse valid_loss_12 val_nll validation.mse dev-wer",
                Validation,
                Some(Minimize),
            ),
            (
                "test test_acc test-acc testAcc test.acc TestAcc testacc test@acc valtest val_test test_0 test_imagenet16_120 \
                 cifar10_valid_trained_test_seed888_200 cifar10_test_mean_200_nats",
                Test,
                Some(Maximize),
            ),
            (
                "test_error testerr test-loss TestErr5",
                Test,
                Some(Minimize),
            ),
            (
                "params params_m_cifar10 flops_m_cifar10 GFLOPs latency edgegpu_latency cifar10_fpga_energy 1080ti_256_ms chip_mJ \
                 test_time_s train_time EdgeTPULatency peakMemory latency_on_test time_to_accuracy energy_per_test_image",
                Cost,
                Some(Minimize),
            ),
            ("loss rmse train_loss accuracy_loss", Other, Some(Minimize)),
            (
                "accuracy energy_efficiency throughput fps reward cifar10_12_train_acc",
                Other,
                Some(Maximize),
            ),
            (
                "index latest eyeriss_arithmetic_intensity contest foo",
                Other,
                None,
            ),
            ("val_quux", Validation, None),
            ("test_blah", Test, None),
        ] {
            for name in names.split_whitespace() {
                let read = MetricName::read(name);
                let found = (read.role(), read.direction());
                assert_eq!(found, (role, direction), "{name}: {read:?}");
            }
        }
    }

    #[test]
    fn no_known_word_is_longer_than_the_longest() {
        let lists = [RISING, FALLING, COSTS, VALIDATION, TEST, NEUTRAL];
        for word in lists.into_iter().flatten() {
            assert!(word.len() <= LONGEST, "{word}");
        }
        let long = MetricName::read(&"acc".repeat(200_000));
        assert_eq!(long.words().len(), 200_000);
    }

    #[test]
    fn blanks_and_brackets_split_names() {
        let read = MetricName::read("Val acc (top-1)");
        assert_eq!(read.words(), ["val", "acc", "top", "1"]);
        assert_eq!(
            (read.role(), read.direction()),
            (Validation, Some(Maximize))
        );
        let read = MetricName::read("cifar10_valid_seed888_run0_valacc2");
        assert_eq!(
            read.words(),
            ["cifar10", "valid", "seed888", "run0", "val", "acc"]
        );
        assert_eq!(MetricName::read("").words().len(), 0);
        assert_eq!(MetricName::read("é_Ünï").direction(), None);
    }
}
