//! Arithmetic over named numbers: `kernel^2 * channels + 2 * (channels + 1)`.
//!
//! An expression is kept as the steps of a stack machine, so that neither reading nor evaluating it recurses: sums of any
//! number of terms and parentheses of any depth are as good as others.

use std::collections::BTreeMap;

use crate::excerpt::{excerpt, excerpt_at};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    /// The names in it, each once.
    names: Vec<String>,
    steps: Vec<Step>,
}

/// A step: what is put on the stack, or done with the last two numbers there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Number(f64),
    /// The place of a name.
    Name(usize),
    Apply(Operator),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Operator {
    fn of(symbol: char) -> Option<Self> {
        Some(match symbol {
            '+' => Self::Add,
            '-' => Self::Subtract,
            '*' => Self::Multiply,
            '/' => Self::Divide,
            '^' => Self::Power,
            _ => return None,
        })
    }

    fn symbol(self) -> char {
        match self {
            Self::Add => '+',
            Self::Subtract => '-',
            Self::Multiply => '*',
            Self::Divide => '/',
            Self::Power => '^',
        }
    }

    /// What binds more has more.
    fn precedence(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 0,
            Self::Multiply | Self::Divide => 1,
            Self::Power => 2,
        }
    }

    /// The result; an error says that it is no finite number.
    fn apply(self, a: f64, b: f64) -> Result<f64, String> {
        let value = match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => a.powf(b),
        };
        if value.is_finite() {
            return Ok(value);
        }
        let symbol = self.symbol();
        Err(format!(
            "{a:?} {symbol} {b:?} is {value}; expected a finite number"
        ))
    }
}

impl Expression {
    /// Reads an expression; an error says what was expected where.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        Parser {
            text,
            at: 0,
            places: BTreeMap::new(),
            steps: Vec::new(),
            waiting: Vec::new(),
        }
        .parse()
    }

    /// The value; an error names a variable that has none, or the operation whose result is no finite number.
    pub(super) fn value(&self, variables: &BTreeMap<String, f64>) -> Result<f64, String> {
        let value_of = |name: &String| {
            variables.get(name).copied().ok_or_else(|| {
                let known: Vec<&str> = variables.keys().map(String::as_str).collect();
                format!(
                    "`{}` is not known here; known are {}",
                    excerpt(name),
                    excerpt(&known.join(", "))
                )
            })
        };
        let values: Vec<f64> = self.names.iter().map(value_of).collect::<Result<_, _>>()?;
        let mut stack = Vec::new();
        for step in &self.steps {
            let value = match *step {
                Step::Number(number) => number,
                Step::Name(place) => values[place],
                Step::Apply(operator) => {
                    let b = stack.pop().expect("invariant: operators have two operands");
                    let a = stack.pop().expect("invariant: operators have two operands");
                    operator.apply(a, b)?
                }
            };
            stack.push(value);
        }
        let value = stack.pop();
        Ok(value.expect("invariant: an expression has a value"))
    }
}

/// What waits for its right side, or for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Operator(Operator),
    Parenthesis,
}

/// Reads from front to back; operators wait until what is on their right is complete (Dijkstra's shunting yard).
struct Parser<'a> {
    text: &'a str,
    at: usize,
    places: BTreeMap<&'a str, usize>,
    steps: Vec<Step>,
    waiting: Vec<Waiting>,
}

impl<'a> Parser<'a> {
    fn parse(mut self) -> Result<Expression, String> {
        loop {
            self.operand()?;
            while self.next() == Some(')') && self.waiting.contains(&Waiting::Parenthesis) {
                self.complete(0);
                self.waiting.pop();
                self.at += 1;
            }
            let next = self.next();
            let Some(operator) = next.and_then(Operator::of) else {
                if self.waiting.contains(&Waiting::Parenthesis) {
                    return Err(self.expected("`)`"));
                }
                return match next {
                    None => Ok(self.finish()),
                    Some(_) => Err(self.expected("an operator or the end")),
                };
            };
            // After `a ^ b`, parentheses have to say which power comes first.
            let is_power = |waiting: &Waiting| *waiting == Waiting::Operator(Operator::Power);
            if operator == Operator::Power && self.waiting.last().is_some_and(is_power) {
                return Err(self.expected("an operator or the end, or parentheses around a power"));
            }
            self.complete(operator.precedence());
            self.waiting.push(Waiting::Operator(operator));
            self.at += 1;
        }
    }

    /// A number or a name, and the parentheses that open before it.
    fn operand(&mut self) -> Result<(), String> {
        while self.next() == Some('(') {
            self.waiting.push(Waiting::Parenthesis);
            self.at += 1;
        }
        match self.next() {
            Some(c) if c.is_ascii_digit() => {
                let at = self.at;
                let digits = self.take(|c| c.is_ascii_digit() || c == '.');
                let number = digits
                    .parse()
                    .ok()
                    .filter(|number: &f64| number.is_finite());
                let Some(number) = number else {
                    self.at = at;
                    return Err(self.expected("a number"));
                };
                self.steps.push(Step::Number(number));
            }
            Some(c) if is_name(c) => {
                let name = self.take(is_name);
                let next = self.places.len();
                let place = *self.places.entry(name).or_insert(next);
                self.steps.push(Step::Name(place));
            }
            _ => return Err(self.expected("a number, a name or `(`")),
        }
        Ok(())
    }

    /// Applies the operators that wait, back to a parenthesis or to one that binds less.
    fn complete(&mut self, precedence: u8) {
        while let Some(Waiting::Operator(operator)) = self.waiting.last()
            && operator.precedence() >= precedence
        {
            self.steps.push(Step::Apply(*operator));
            self.waiting.pop();
        }
    }

    fn finish(mut self) -> Expression {
        self.complete(0);
        let mut names = vec![String::new(); self.places.len()];
        for (name, place) in self.places {
            names[place] = name.to_owned();
        }
        Expression {
            names,
            steps: self.steps,
        }
    }

    /// The next character that is no white space.
    fn next(&mut self) -> Option<char> {
        self.take(char::is_whitespace);
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let taken = &rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn expected(&self, what: &str) -> String {
        format!(
            "`{}`: expected {what} before `{}`, at byte {}",
            excerpt_at(self.text, self.at),
            excerpt(&self.text[self.at..]),
            self.at
        )
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn variables() -> BTreeMap<String, f64> {
        BTreeMap::from([("k".to_owned(), 3.0), ("c".to_owned(), 16.0)])
    }

    #[test]
    fn operators_bind_as_usual() {
        for (text, expected) in [
            ("k^2 * c + 2*c", 176.0),
            ("(k + 1) * 2 - 8 / 4", 6.0),
            ("2 - 1 - 1", 0.0),
            ("1.5*c", 24.0),
            ("2 * (3 - (1 + 1)) ^ 2", 2.0),
            ("2 ^ (1 + 2) ", 8.0),
            ("((k))", 3.0),
            ("12 / 2 / 3 * k", 6.0),
            ("1 - 2 * 3 + 4", -1.0),
        ] {
            let value = Expression::parse(text)
                .unwrap()
                .value(&variables())
                .unwrap();
            assert!((value - expected).abs() < 1e-12, "{text}: {value}");
        }
    }

    #[test]
    fn errors_say_what_was_expected() {
        for (text, expected) in [
            ("", "a number, a name or `(`"),
            ("k k", "an operator or the end before `k`"),
            ("(k", "expected `)`"),
            ("(k k)", "expected `)` before `k)`, at byte 3"),
            ("k)", "an operator or the end before `)`"),
            ("()", "a number, a name"),
            ("1.2.3", "a number before `1.2.3`"),
            (&"9".repeat(400), "a number before `999"),
            ("k * ", "a number, a name"),
            ("2 ^ 3 ^ 2", "parentheses around a power before `^ 2`"),
            ("-k", "a number, a name"),
            (&"(".repeat(100), "a number, a name"),
        ] {
            let error = Expression::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = Expression::parse("x").unwrap().value(&BTreeMap::new());
        assert!(error.unwrap_err().contains("`x` is not known"));
    }

    #[test]
    fn results_on_the_way_are_finite() {
        for (text, expected) in [
            ("1 / (k - 3)", "1.0 / 0.0 is inf"),
            ("(k - 3) / (k - 3)", "0.0 / 0.0 is NaN"),
            ("1 / (1 / (k - 3))", "1.0 / 0.0 is inf"),
            ("(0 - k) ^ 0.5", "-3.0 ^ 0.5 is NaN"),
            ("10 ^ 200 * 10 ^ 200", "1e200 * 1e200 is inf"),
            ("c ^ c ^ c", "parentheses"),
        ] {
            let value = Expression::parse(text).and_then(|e| e.value(&variables()));
            let error = value.unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    /// Neither many terms nor deep parentheses fill the stack of the thread; errors about them are short.
    #[test]
    fn large_expressions_are_read() {
        let n = 100_000;
        let deep = format!("{}k{}", "(1+".repeat(n), ")".repeat(n));
        for (text, expected) in [
            (format!("k{}", " + k".repeat(n)), 300_003.0),
            (format!("k{}", " - 1".repeat(n)), -99_997.0),
            (format!("k{}", " * 1".repeat(n)), 3.0),
            (format!("{}k{}", "(".repeat(n), ")".repeat(n)), 3.0),
            (deep.clone(), 100_003.0),
        ] {
            let expression = Expression::parse(&text).unwrap();
            let value = expression.clone().value(&variables()).unwrap();
            assert!((value - expected).abs() < 1e-6, "{value}");
            assert_eq!(expression, Expression::parse(&text).unwrap());
        }
        for text in [
            "(".repeat(n),
            ")".repeat(n),
            format!("{deep})"),
            format!("({deep}"),
            "k".repeat(n) + " k",
            "k ".repeat(n),
            "1 ^ ".repeat(n),
            "9.".repeat(n),
        ] {
            let error = Expression::parse(&text).unwrap_err();
            assert!(error.len() < 2_000, "{} bytes", error.len());
        }
        let error = Expression::parse(&"k".repeat(n))
            .unwrap()
            .value(&variables());
        assert!(error.unwrap_err().len() < 2_000);
    }

    /// An expression in parentheses wherever there can be some, and its value.
    fn random() -> impl Strategy<Value = (String, f64)> {
        let leaf = (0..100_u32).prop_map(|n| (n.to_string(), f64::from(n)));
        leaf.prop_recursive(6, 40, 2, |inner| {
            let operators = prop::sample::select(vec!['+', '-', '*']);
            (inner.clone(), operators, inner).prop_map(|((a, x), operator, (b, y))| {
                let value = match operator {
                    '+' => x + y,
                    '-' => x - y,
                    _ => x * y,
                };
                (format!("({a}){operator} ( {b})"), value)
            })
        })
    }

    proptest! {
        #[test]
        fn parentheses_say_the_order((text, expected) in random()) {
            prop_assert_eq!(Expression::parse(&text).unwrap().value(&variables()), Ok(expected));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[k1().+*/^ é-]{0,30}") {
            if let Ok(expression) = Expression::parse(&text) {
                let value = expression.value(&variables());
                prop_assert!(value.is_err() || value.is_ok_and(f64::is_finite));
            }
        }
    }
}
