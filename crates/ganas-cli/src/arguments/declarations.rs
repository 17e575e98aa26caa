//! The arguments that declare what metrics mean.

use ganas::{Contradiction, Direction, Error, MetricOverrides, MetricRange, MetricRole};

/// What is declared of metrics; it holds whatever their names, tables and evaluators say.
#[derive(Debug, clap::Args)]
pub(crate) struct DeclarationArguments {
    /// Smaller values of this metric are better; can be given several times. Without it, what declares the metric decides (a
    /// table, the worker), and then its name: of a loss or an error smaller values are better, of an accuracy larger ones.
    #[arg(long, value_name = "METRIC")]
    minimize: Vec<String>,
    /// Larger values of this metric are better; can be given several times.
    #[arg(long, value_name = "METRIC")]
    maximize: Vec<String>,
    /// What a metric is measured on: `validation` data, `test` data, which a search must not see, a `cost`, or `other`; can
    /// be given several times. Without it, what declares the metric decides, and then its name.
    #[arg(long = "metric-role", value_name = "METRIC=ROLE", value_parser = role)]
    roles: Vec<(String, MetricRole)>,
    /// The value of a metric that says that there is none, such as `latency_ms=-1`; can be given several times.
    #[arg(long, value_name = "METRIC=VALUE", value_parser = missing, allow_hyphen_values = true)]
    missing: Vec<(String, f64)>,
    /// The values of a metric that are possible, both ends included, such as `val_acc=0..100`, `latency_ms=0..` or
    /// `error=..1`; can be given several times. Any other value is an error.
    #[arg(long = "metric-range", value_name = "METRIC=MIN..MAX", value_parser = range, allow_hyphen_values = true)]
    ranges: Vec<(String, MetricRange)>,
}

impl DeclarationArguments {
    /// All of them.
    pub(crate) fn overrides(&self) -> anyhow::Result<MetricOverrides> {
        self.contradiction_free()
            .map_err(|error| Error::from(error).into())
    }

    fn contradiction_free(&self) -> Result<MetricOverrides, Contradiction> {
        let mut overrides = MetricOverrides::default();
        for metric in &self.minimize {
            overrides.direction(metric, Direction::Minimize)?;
        }
        for metric in &self.maximize {
            overrides.direction(metric, Direction::Maximize)?;
        }
        for (metric, role) in &self.roles {
            overrides.role(metric, *role)?;
        }
        for (metric, value) in &self.missing {
            overrides.missing(metric, *value)?;
        }
        for (metric, range) in &self.ranges {
            overrides.range(metric, *range)?;
        }
        Ok(overrides)
    }
}

fn role(text: &str) -> Result<(String, MetricRole), String> {
    let (metric, name) = pair(text, "METRIC=ROLE")?;
    let roles = [
        MetricRole::Validation,
        MetricRole::Test,
        MetricRole::Cost,
        MetricRole::Other,
    ];
    let role = roles.into_iter().find(|role| role.to_string() == name);
    let role = role
        .ok_or_else(|| format!("`{name}` is no role: expected validation, test, cost or other"))?;
    Ok((metric, role))
}

fn missing(text: &str) -> Result<(String, f64), String> {
    let (metric, number) = pair(text, "METRIC=VALUE")?;
    let value = number.parse::<f64>().ok().filter(|value| value.is_finite());
    let value = value.ok_or_else(|| format!("`{number}` is no finite number"))?;
    Ok((metric, value))
}

fn range(text: &str) -> Result<(String, MetricRange), String> {
    let (metric, range) = pair(text, "METRIC=MIN..MAX")?;
    Ok((metric, range.parse()?))
}

fn pair<'a>(text: &'a str, form: &str) -> Result<(String, &'a str), String> {
    let (metric, value) = text
        .rsplit_once('=')
        .ok_or_else(|| format!("`{text}` has no `=`: expected {form}"))?;
    if metric.trim().is_empty() {
        return Err(format!("`{text}` names no metric: expected {form}"));
    }
    Ok((metric.trim().to_owned(), value.trim()))
}
