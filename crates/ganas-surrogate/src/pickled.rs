//! A pickled `Booster` of XGBoost or LightGBM: an object whose state holds one long text, which is the booster.
//!
//! Nothing is built or called: the instructions are walked through, and what they carry is looked at.

/// What was found in a pickle.
#[derive(Debug)]
pub(super) struct Pickled<'a> {
    /// The longest text or bytes.
    pub(super) longest: &'a [u8],
    /// The number that follows the text that was asked for.
    pub(super) number: Option<i64>,
}

/// Walks through the pickle of an object of the class `module.name`, and finds the number that follows the text
/// `before`.
pub(super) fn read<'a>(
    pickle: &'a [u8],
    [module, name]: [&str; 2],
    before: &str,
) -> Result<Pickled<'a>, String> {
    let names = [module.as_bytes(), name.as_bytes()];
    let mut reader = Reader {
        bytes: pickle,
        at: 0,
    };
    let mut named = [false; 2];
    let mut longest: &[u8] = &[];
    let mut number = None;
    let mut is_next = false;
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
            // MEMOIZE, BINPUT, LONG_BINPUT: what was just read gets a number, and is followed by what followed it.
            0x94 => continue,
            b'q' => {
                reader.take(1)?;
                continue;
            }
            b'r' => {
                reader.take(4)?;
                continue;
            }
            // BININT1, BININT2, BININT.
            b'K' | b'M' | b'J' => {
                let value = reader.integer(code)?;
                if is_next {
                    number = Some(value);
                }
                None
            }
            // PROTO, BINGET.
            0x80 | b'h' => skip(reader.take(1)?),
            // LONG_BINGET.
            b'j' => skip(reader.take(4)?),
            // FRAME, BINFLOAT.
            0x95 | b'G' => skip(reader.take(8)?),
            // LONG1.
            0x8a => skip(reader.short()?),
            // STACK_GLOBAL, NEWOBJ, tuples, dictionaries, lists, marks, REDUCE, BUILD, None and truth values.
            0x93 | 0x81 | b')' | 0x85 | 0x86 | 0x87 | b't' | b'}' | b']' | b'(' | b'R' | b'b'
            | b'u' | b's' | b'e' | b'a' | b'N' | 0x88 | 0x89 => None,
            // GLOBAL: two lines.
            b'c' => {
                for (named, name) in named.iter_mut().zip(names) {
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
        is_next = argument == Some(before.as_bytes());
        if let Some(argument) = argument {
            for (named, name) in named.iter_mut().zip(names) {
                *named |= argument == name;
            }
            if argument.len() > longest.len() {
                longest = argument;
            }
        }
    }
    if named != [true; 2] {
        return Err(format!(
            "the pickle is of something else than a {module}.{name}"
        ));
    }
    Ok(Pickled { longest, number })
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

    fn integer(&mut self, code: u8) -> Result<i64, String> {
        Ok(match code {
            b'K' => self.array::<1>()?[0].into(),
            b'M' => u16::from_le_bytes(self.array()?).into(),
            _ => i32::from_le_bytes(self.array()?).into(),
        })
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
