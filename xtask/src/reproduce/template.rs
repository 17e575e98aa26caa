//! Texts with places for values: `${name}`, and `${name:.3}` for a number with three digits after the point.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// What a place is filled with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// Values by name.
pub(super) type Values = BTreeMap<String, Value>;

/// The text with its places filled.
pub(super) fn fill(text: &str, values: &Values) -> Result<String> {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (place, rest) = part
            .split_once('}')
            .with_context(|| format!("`${{{part}` has no end"))?;
        let (name, digits) = match place.split_once(":.") {
            Some((name, digits)) => (name, Some(digits.parse::<usize>()?)),
            None => (place, None),
        };
        let value = values.get(name);
        match (
            value.with_context(|| format!("nothing is called `{name}`"))?,
            digits,
        ) {
            (Value::Text(text), None) => filled.push_str(text),
            (Value::Number(number), None) => filled.push_str(&number.to_string()),
            (Value::Number(number), Some(digits)) => filled.push_str(&format!("{number:.digits$}")),
            (Value::Text(_), Some(_)) => bail!("`{name}` is no number"),
        }
        filled.push_str(rest);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled() {
        let values = [("a", Value::from("x".to_owned())), ("n", 0.5.into())];
        let values: Values = values.map(|(name, v)| (name.to_owned(), v)).into();
        let filled = |text| fill(text, &values).map_err(|e| e.to_string());
        assert_eq!(
            filled("$A ${a}{b} ${n} ${n:.2}").unwrap(),
            "$A x{b} 0.5 0.50"
        );
        assert_eq!(filled("${b}").unwrap_err(), "nothing is called `b`");
        assert_eq!(filled("${a:.1}").unwrap_err(), "`a` is no number");
        assert_eq!(filled("${a").unwrap_err(), "`${a` has no end");
    }
}
