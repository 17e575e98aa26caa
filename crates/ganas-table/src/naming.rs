//! What the name of a metric column says: role, unit and training epochs.
//!
//! [`ganas_eval::naming`] says how a name is split into words, and how its role and direction are read. Further rules:
//!
//! **Unit.**
//! 1. A word that is a unit: `ms`; `mj`; `s`, `sec` or `seconds`.
//! 2. A token that is a quantity: `params` or `flops` together with a token `m` is in millions and without it has no
//!    unit; `loss` has none; `latency` is in ms, `energy` in mJ, `time` in seconds.
//! 3. A validation or test metric, or a token among `acc`, `accuracy`, `error`, is in percent when all values lie in
//!    `0..=100` and one is above 1; accuracies given as fractions have no unit.
//! 4. Otherwise none.
//!
//! **Epochs.** The last token, when it is a positive whole number and the role is validation or test (`_12`, `_200`);
//! the `120` of the data set name `imagenet16_120` does not count.
//!
//! **Run.** The first token that is `mean`, `seed` with a number (`seed888`) or `run` with a number (`run0`).

use ganas_eval::naming::MetricName;
use ganas_eval::{Guessed, MetricRole};

use super::manifest::{ColumnInfo, Run, Unit};

const SECONDS: [&str; 3] = ["s", "sec", "seconds"];
const ACCURACY: [&str; 5] = ["acc", "accuracy", "err", "error", "top"];

/// Describes a metric column by its name; the values only tell percentages from fractions.
#[must_use]
pub fn column_info(name: &str, values: &[Option<f64>]) -> ColumnInfo {
    info_of_values(name, values.iter().copied().flatten())
}

/// The same for the values that are there; they are looked at only where they tell something.
pub(crate) fn info_of_values(name: &str, values: impl Iterator<Item = f64>) -> ColumnInfo {
    let read = MetricName::read(name);
    let tokens: Vec<&str> = read.words().iter().map(|word| &**word).collect();
    let role = read.role();
    ColumnInfo {
        name: name.to_owned(),
        unit: unit(&tokens, role, values),
        role,
        direction: read.direction(),
        missing: None,
        range: None,
        guessed: Guessed::ALL,
        epochs: epochs(&tokens, role),
        schedule_epochs: None,
        run: run(&tokens),
        query_time: None,
        derived_from: None,
    }
}

fn run(tokens: &[&str]) -> Option<Run> {
    let number = |digits: &str| digits.parse().ok();
    tokens.iter().find_map(|token| {
        if *token == "mean" {
            return Some(Run::Mean);
        }
        let seed = token.strip_prefix("seed").and_then(number);
        let repeat = || token.strip_prefix("run").and_then(number);
        seed.map(Run::Seed).or_else(|| repeat().map(Run::Repeat))
    })
}

fn unit(tokens: &[&str], role: MetricRole, values: impl Iterator<Item = f64>) -> Unit {
    let has = |name: &str| tokens.contains(&name);
    let has_any = |names: &[&str]| names.iter().any(|n| has(n));
    if has("ms") {
        Unit::Milliseconds
    } else if has("mj") {
        Unit::Millijoules
    } else if has_any(&SECONDS) {
        Unit::Seconds
    } else if has_any(&["params", "flops"]) {
        if has("m") { Unit::Millions } else { Unit::None }
    } else if has("loss") {
        Unit::None
    } else if has("latency") {
        Unit::Milliseconds
    } else if has("energy") {
        Unit::Millijoules
    } else if has("time") {
        Unit::Seconds
    } else if matches!(role, MetricRole::Validation | MetricRole::Test) || has_any(&ACCURACY) {
        if are_percentages(values) {
            Unit::Percent
        } else {
            Unit::None
        }
    } else {
        Unit::None
    }
}

fn are_percentages(mut values: impl Iterator<Item = f64>) -> bool {
    let mut is_above_one = false;
    values.all(|value| {
        is_above_one |= value > 1.0;
        (0.0..=100.0).contains(&value)
    }) && is_above_one
}

fn epochs(tokens: &[&str], role: MetricRole) -> Option<u32> {
    if !matches!(role, MetricRole::Validation | MetricRole::Test) {
        return None;
    }
    match tokens {
        [.., "imagenet16", "120"] => None,
        [.., last] if last.bytes().all(|b| b.is_ascii_digit()) => {
            last.parse().ok().filter(|&epochs| epochs > 0)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MetricRole::{Cost, Other, Test, Validation};

    #[test]
    fn names_say_role_unit_and_epochs() {
        let percentages = [Some(10.0), None, Some(91.6)];
        for (name, role, unit, epochs) in [
            ("cifar10_valid_12", Validation, Unit::Percent, Some(12)),
            ("cifar10_test_mean_200", Test, Unit::Percent, Some(200)),
            (
                "cifar10_valid_trained_test_mean_200",
                Test,
                Unit::Percent,
                Some(200),
            ),
            (
                "cifar10_valid_trained_test_seed888_200",
                Test,
                Unit::Percent,
                Some(200),
            ),
            ("cifar10_test_mean_200_nats", Test, Unit::Percent, None),
            (
                "imagenet16_120_valid_mean_200",
                Validation,
                Unit::Percent,
                Some(200),
            ),
            ("test_imagenet16_120", Test, Unit::Percent, None),
            ("Val_Acc", Validation, Unit::Percent, None),
            ("validation", Validation, Unit::Percent, None),
            ("test_0", Test, Unit::Percent, None),
            ("params_m_imagenet16_120", Cost, Unit::Millions, None),
            ("apiv1_params_m_cifar10", Cost, Unit::Millions, None),
            ("params", Cost, Unit::None, None),
            ("flops_m_cifar10", Cost, Unit::Millions, None),
            ("cifar10_edgegpu_latency", Cost, Unit::Milliseconds, None),
            ("cifar10_fpga_energy", Cost, Unit::Millijoules, None),
            (
                "cifar10_eyeriss_arithmetic_intensity",
                Other,
                Unit::None,
                None,
            ),
            ("1080ti_256_ms", Cost, Unit::Milliseconds, None),
            ("chip_mJ", Cost, Unit::Millijoules, None),
            ("cifar10_200_train_time_s", Cost, Unit::Seconds, None),
            ("cifar10_200_test_time_s", Cost, Unit::Seconds, None),
            ("train_time", Cost, Unit::Seconds, None),
            ("valid_loss_12", Validation, Unit::None, Some(12)),
            ("test_error", Test, Unit::Percent, None),
            ("cifar10_12_train_acc", Other, Unit::Percent, None),
            ("test_run1_108", Test, Unit::Percent, Some(108)),
            ("runs_seed_run", Other, Unit::None, None),
            ("index", Other, Unit::None, None),
            ("latest", Other, Unit::None, None),
        ] {
            let expected = ColumnInfo {
                name: name.to_owned(),
                unit,
                role,
                direction: MetricName::read(name).direction(),
                missing: None,
                range: None,
                guessed: Guessed::ALL,
                epochs,
                schedule_epochs: None,
                run: match name {
                    _ if name.contains("_mean_") => Some(Run::Mean),
                    _ if name.contains("seed888") => Some(Run::Seed(888)),
                    _ if name.contains("run1") => Some(Run::Repeat(1)),
                    _ => None,
                },
                query_time: None,
                derived_from: None,
            };
            assert_eq!(column_info(name, &percentages), expected);
        }
    }

    #[test]
    fn fractions_are_not_percentages() {
        for values in [
            &[Some(0.1), Some(0.94)][..],
            &[Some(-1.0), Some(90.0)],
            &[Some(50.0), Some(101.0)],
            &[None],
            &[],
        ] {
            assert_eq!(column_info("valid", values).unit, Unit::None, "{values:?}");
        }
    }
}
