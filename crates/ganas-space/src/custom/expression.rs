//! Arithmetic over named numbers: `kernel^2 * channels + 2 * (channels + 1)`.

use std::collections::BTreeMap;

/// Parentheses are nested at most so deep.
const MAX_DEPTH: usize = 32;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Variable(String),
    Pair(Operator, Box<(Self, Self)>),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Expression {
    /// Reads an expression; an error says what was expected where.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let expression = parser.sum(0)?;
        match parser.next() {
            None => Ok(expression),
            Some(_) => Err(parser.expected("an operator or the end")),
        }
    }

    /// The value; an error names a variable that has none.
    pub(super) fn value(&self, variables: &BTreeMap<String, f64>) -> Result<f64, String> {
        Ok(match self {
            Self::Number(number) => *number,
            Self::Variable(name) => *variables.get(name).ok_or_else(|| {
                let known: Vec<&str> = variables.keys().map(String::as_str).collect();
                format!("`{name}` is not known here; known are {}", known.join(", "))
            })?,
            Self::Pair(operator, pair) => {
                let (a, b) = (pair.0.value(variables)?, pair.1.value(variables)?);
                match operator {
                    Operator::Add => a + b,
                    Operator::Subtract => a - b,
                    Operator::Multiply => a * b,
                    Operator::Divide => a / b,
                    Operator::Power => a.powf(b),
                }
            }
        })
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn sum(&mut self, depth: usize) -> Result<Expression, String> {
        let mut left = self.product(depth)?;
        loop {
            let operator = match self.next() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Pair(operator, Box::new((left, self.product(depth)?)));
        }
    }

    fn product(&mut self, depth: usize) -> Result<Expression, String> {
        let mut left = self.power(depth)?;
        loop {
            let operator = match self.next() {
                Some('*') => Operator::Multiply,
                Some('/') => Operator::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expression::Pair(operator, Box::new((left, self.power(depth)?)));
        }
    }

    fn power(&mut self, depth: usize) -> Result<Expression, String> {
        let base = self.atom(depth)?;
        if self.next() != Some('^') {
            return Ok(base);
        }
        self.at += 1;
        let exponent = self.atom(depth)?;
        Ok(Expression::Pair(
            Operator::Power,
            Box::new((base, exponent)),
        ))
    }

    fn atom(&mut self, depth: usize) -> Result<Expression, String> {
        match self.next() {
            Some('(') if depth < MAX_DEPTH => {
                self.at += 1;
                let inner = self.sum(depth + 1)?;
                if self.next() != Some(')') {
                    return Err(self.expected("`)`"));
                }
                self.at += 1;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() => {
                let at = self.at;
                let digits = self.take(|c| c.is_ascii_digit() || c == '.');
                digits.parse().map(Expression::Number).map_err(|_| {
                    self.at = at;
                    self.expected("a number")
                })
            }
            Some(c) if is_name(c) => Ok(Expression::Variable(self.take(is_name))),
            _ => Err(self.expected("a number, a name or `(`")),
        }
    }

    /// The next character that is no white space.
    fn next(&mut self) -> Option<char> {
        self.take(char::is_whitespace);
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = &self.text[self.at..];
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken.to_owned()
    }

    fn expected(&self, what: &str) -> String {
        let rest = &self.text[self.at..];
        format!("`{}`: expected {what} before `{rest}`", self.text)
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_usual() {
        let variables = BTreeMap::from([("k".to_owned(), 3.0), ("c".to_owned(), 16.0)]);
        for (text, expected) in [
            ("k^2 * c + 2*c", 176.0),
            ("(k + 1) * 2 - 8 / 4", 6.0),
            ("2 - 1 - 1", 0.0),
            ("1.5*c", 24.0),
        ] {
            let value = Expression::parse(text).unwrap().value(&variables).unwrap();
            assert!((value - expected).abs() < 1e-12, "{text}: {value}");
        }
    }

    #[test]
    fn errors_say_what_was_expected() {
        for (text, expected) in [
            ("", "a number, a name or `(`"),
            ("k k", "an operator or the end before `k`"),
            ("(k", "expected `)`"),
            ("1.2.3", "a number before `1.2.3`"),
            ("k * ", "a number, a name"),
            (&"(".repeat(100), "a number, a name"),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = Expression::parse("x").unwrap().value(&BTreeMap::new());
        assert!(error.unwrap_err().contains("`x` is not known"));
    }
}
