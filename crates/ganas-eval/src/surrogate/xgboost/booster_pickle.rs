//! A pickled `xgboost.core.Booster`: an object whose state holds one long text of bytes, which is the booster.
//!
//! Nothing is built or called: the instructions are walked through, their arguments skipped, the two names checked, and
//! the longest bytes returned.

/// The names that the pickle must mention.
const NAMES: [&[u8]; 2] = [b"xgboost.core", b"Booster"];

/// The bytes that hold the booster.
pub(super) fn content(pickle: &[u8]) -> Result<&[u8], String> {
    let mut reader = Reader {
        bytes: pickle,
        at: 0,
    };
    let mut named = [false; NAMES.len()];
    let mut longest: &[u8] = &[];
    loop {
        let at = reader.at;
        let [code] = reader.array()?;
        let argument = match code {
            // STOP.
            b'.' => break,
            // Texts of up to 255 bytes, and longer ones.
            0x8c => Some(reader.short()?),
            b'X' => Some(reader.long()?),
            0x8d => Some(reader.huge()?),
            // Bytes, and byte arrays.
            b'C' => Some(reader.short()?),
            b'B' => Some(reader.long()?),
            0x8e | 0x96 => Some(reader.huge()?),
            // PROTO, BININT1, BINGET, BINPUT.
            0x80 | b'K' | b'h' | b'q' => skip(reader.take(1)?),
            // BININT2.
            b'M' => skip(reader.take(2)?),
            // BININT, LONG_BINGET, LONG_BINPUT.
            b'J' | b'j' | b'r' => skip(reader.take(4)?),
            // FRAME, BINFLOAT.
            0x95 | b'G' => skip(reader.take(8)?),
            // LONG1.
            0x8a => skip(reader.short()?),
            // MEMOIZE, STACK_GLOBAL, NEWOBJ, tuples, dictionaries, lists, marks, REDUCE, BUILD, None and truth values.
            0x94 | 0x93 | 0x81 | b')' | 0x85 | 0x86 | 0x87 | b't' | b'}' | b']' | b'(' | b'R'
            | b'b' | b'u' | b's' | b'e' | b'a' | b'N' | 0x88 | 0x89 => None,
            // GLOBAL: two lines.
            b'c' => {
                for (named, name) in named.iter_mut().zip(NAMES) {
                    *named |= reader.line()? == name;
                }
                None
            }
            other => {
                return Err(format!(
                    "byte {at}: the instruction {other:#04x} is not expected in a booster"
                ));
            }
        };
        if let Some(argument) = argument {
            for (named, name) in named.iter_mut().zip(NAMES) {
                *named |= argument == name;
            }
            if argument.len() > longest.len() {
                longest = argument;
            }
        }
    }
    if named != [true; NAMES.len()] {
        return Err("the pickle is of something else than an xgboost.core.Booster".to_owned());
    }
    Ok(longest)
}

fn skip(_argument: &[u8]) -> Option<&[u8]> {
    None
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let taken = self
            .at
            .checked_add(n)
            .and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| {
            format!(
                "byte {}: {n} bytes should follow; the file is cut short",
                self.at
            )
        })?;
        self.at += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        Ok(taken
            .try_into()
            .expect("invariant: so many bytes were taken"))
    }

    fn short(&mut self) -> Result<&'a [u8], String> {
        let [n] = self.array()?;
        self.take(n.into())
    }

    fn long(&mut self) -> Result<&'a [u8], String> {
        let n = u32::from_le_bytes(self.array()?);
        self.take(usize::try_from(n).unwrap_or(usize::MAX))
    }

    fn huge(&mut self) -> Result<&'a [u8], String> {
        let n = u64::from_le_bytes(self.array()?);
        self.take(usize::try_from(n).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        let n = rest.iter().position(|byte| *byte == b'\n');
        let line = self.take(n.unwrap_or(rest.len()))?;
        self.take(1)?;
        Ok(line)
    }
}
