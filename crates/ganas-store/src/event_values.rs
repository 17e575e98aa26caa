//! The values of an event as a JSON object that keeps their order and every float.
//!
//! JSON has no numbers for what is not finite; those are the texts `NaN`, `inf` and `-inf`.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names and values, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EventValues(pub(crate) Vec<(String, f64)>);

/// A float as JSON.
struct Value(f64);

impl Serialize for EventValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, &Value(*value))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for EventValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = EventValues;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventValues, A::Error> {
                let mut values = Vec::new();
                while let Some((name, Value(value))) = map.next_entry()? {
                    values.push((name, value));
                }
                Ok(EventValues(values))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Json {
            Number(f64),
            Text(String),
        }

        match Json::deserialize(deserializer)? {
            Json::Number(value) => Ok(Self(value)),
            Json::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_bits_survive() {
        let values = [
            ("z", 0.1),
            ("a", -0.0),
            ("tiny", 5e-324),
            ("third", 1.0 / 3.0),
            ("large", 1.797_693_134_862_315_7e308),
            ("whole", 3.0),
            ("nan", f64::NAN),
            ("up", f64::INFINITY),
            ("down", f64::NEG_INFINITY),
        ];
        let values = EventValues(values.map(|(n, v)| (n.to_owned(), v)).to_vec());
        let text = serde_json::to_string(&values).unwrap();
        assert!(
            text.starts_with(r#"{"z":0.1,"a":-0.0,"tiny":5e-324,"#),
            "{text}"
        );
        let read: EventValues = serde_json::from_str(&text).unwrap();
        for ((name, value), (read_name, read_value)) in values.0.iter().zip(&read.0) {
            assert_eq!(name, read_name);
            let equal = value.to_bits() == read_value.to_bits();
            assert!(equal || value.is_nan() && read_value.is_nan(), "{name}");
        }
        assert_eq!(read.0.len(), 9);
    }
}
