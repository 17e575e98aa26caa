//! The canonical key: the name of a class of architectures that compute the same function.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::SpaceError;

/// The isomorphism class of an architecture within its space; written as 32 hexadecimal digits.
///
/// Two architectures with equal keys compute the same function and cost one query together.
/// Small spaces number their classes; spaces with a published hash (NAS-Bench-101) use its 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchKey(pub u128);

impl fmt::Display for ArchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ArchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchKey({self})")
    }
}

impl FromStr for ArchKey {
    type Err = SpaceError;

    fn from_str(text: &str) -> Result<Self, SpaceError> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(value) if digits => Ok(Self(value)),
            _ => Err(SpaceError::BadKey {
                text: text.to_owned(),
            }),
        }
    }
}

impl Serialize for ArchKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ArchKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trip() {
        for key in [ArchKey(0), ArchKey(u128::MAX), ArchKey(0x1234_5678)] {
            assert_eq!(key.to_string().parse::<ArchKey>().unwrap(), key);
        }
        for text in [
            "",
            "12",
            "+0000000000000000000000000000001",
            "zz000000000000000000000000000000",
        ] {
            assert!(
                matches!(text.parse::<ArchKey>(), Err(SpaceError::BadKey { .. })),
                "{text}"
            );
        }
    }
}
