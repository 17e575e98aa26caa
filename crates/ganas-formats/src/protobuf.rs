//! As much of protocol buffers as the metrics of NAS-Bench-101 need: fields in order, unknown ones included.

use crate::FormatProblem;

/// The value of a field, by its wire type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wire<'a> {
    /// A whole number.
    Varint(u64),
    /// 8 bytes: a double.
    Double(f64),
    /// 4 bytes: a float or a fixed number; none is used.
    Four,
    /// Bytes, a text or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message.
#[derive(Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of this message.
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Number and value of the next field; none at the end.
    pub fn next_field(&mut self) -> Result<Option<(u64, Wire<'a>)>, FormatProblem> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(truncated)?;
                self.rest = rest;
                Wire::Double(f64::from_le_bytes(*bytes))
            }
            2 => {
                let length = self.varint()?;
                let (bytes, rest) = usize::try_from(length)
                    .ok()
                    .and_then(|length| self.rest.split_at_checked(length))
                    .ok_or_else(truncated)?;
                self.rest = rest;
                Wire::Bytes(bytes)
            }
            5 => {
                let (_, rest) = self.rest.split_first_chunk::<4>().ok_or_else(truncated)?;
                self.rest = rest;
                Wire::Four
            }
            other => {
                return Err(FormatProblem::content(
                    "a protocol buffer",
                    format!("a field of wire type {other}"),
                ));
            }
        };
        Ok(Some((tag >> 3, value)))
    }

    fn varint(&mut self) -> Result<u64, FormatProblem> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or_else(truncated)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(FormatProblem::content(
            "a protocol buffer",
            "a number of more than 64 bits",
        ))
    }
}

fn truncated() -> FormatProblem {
    FormatProblem::Truncated {
        missing: 1,
        of: "the protocol buffer of the record",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_is_read() {
        let mut fields = Fields::of(b"\x08\xac\x02\x11\0\0\0\0\0\0\xf8\x3f\x1a\x02hi\x25abcd");
        let mut next = || fields.next_field().unwrap();
        assert_eq!(next(), Some((1, Wire::Varint(300))));
        assert_eq!(next(), Some((2, Wire::Double(1.5))));
        assert_eq!(next(), Some((3, Wire::Bytes(b"hi"))));
        assert_eq!(next(), Some((4, Wire::Four)));
        assert_eq!(next(), None);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for bytes in [
            &b"\x08"[..],
            b"\x11\0",
            b"\x1a\x05hi",
            b"\x25abc",
            b"\x0b",
            b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            &[
                0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1,
            ],
        ] {
            assert!(Fields::of(bytes).next_field().is_err(), "{bytes:?}");
        }
    }
}
