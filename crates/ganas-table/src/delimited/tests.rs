//! The reader of CSV against one that holds the whole text, on texts that are odd in every way.

use proptest::prelude::*;

use super::*;

/// What is read of a text: the line and the text of each architecture, and the columns.
type Content = (Vec<(u64, String)>, SourceColumns);

const UNBOUNDED: Bound = Bound {
    what: "its table in memory",
    limit: u64::MAX,
};

/// Reads in chunks of so many bytes.
fn streamed(text: &[u8], key: &str, chunk_bytes: usize) -> Result<Content, TableError> {
    let file = Path::new("t.csv");
    let key = KeyTemplate::parse(key)?;
    let window = TextWindow::new(text, chunk_bytes);
    let mut reader = CsvReader::begin(file, window, &key, UNBOUNDED)?;
    let (mut rows, mut batch) = (Vec::new(), Batch::default());
    loop {
        batch.clear();
        reader.read(&mut batch)?;
        if batch.is_empty() {
            return Ok((rows, reader.finish()?));
        }
        rows.extend(batch.rows());
    }
}

/// Reads with the whole text in memory, line ends counted one by one: the oracle.
fn whole(text: &[u8], key: &str) -> Result<Content, TableError> {
    let file = Path::new("t.csv");
    let key = KeyTemplate::parse(key)?;
    let no_rows = || {
        let key_column = key.as_str().to_owned();
        ImportProblem::NoRows { key_column }.in_file(file)
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let (mut at, mut line) = (0, 1);
    let mut record = ByteRecord::new();
    let mut next = |record: &mut ByteRecord| {
        let offset = usize::try_from(reader.position().byte()).unwrap();
        while let Some(&byte) = text.get(at) {
            if at >= offset && !matches!(byte, b'\n' | b'\r') {
                break;
            }
            let next = text.get(at + 1);
            line += u64::from(byte == b'\n' || byte == b'\r' && next != Some(&b'\n'));
            at += 1;
        }
        let read = reader.read_byte_record(record).unwrap();
        read.then_some(line)
    };
    let line = next(&mut record).ok_or_else(no_rows)?;
    let names = header(file, line, &record)?;
    let pieces = key.resolve(|column| {
        let index = names.iter().position(|name| name == column);
        index.ok_or_else(|| {
            ImportProblem::MissingKeyColumn {
                column: column.to_owned(),
                suggestion: closest(column, names.iter().map(String::as_str)),
                known: names.join(", "),
            }
            .in_file(file)
        })
    })?;
    let readers = names.iter().map(|name| ColumnReader::new(name.clone(), 0));
    let mut columns: Vec<ColumnReader> = readers.collect();
    let mut rows = Vec::new();
    while let Some(line) = next(&mut record) {
        if record.len() != names.len() {
            return Err(ImportProblem::FieldCount {
                line,
                expected: names.len(),
                found: record.len(),
            }
            .in_file(file));
        }
        let mut cells = Vec::new();
        for (cell, column) in record.iter().zip(&mut columns) {
            let Ok(cell) = std::str::from_utf8(cell) else {
                let column = column.name().to_owned();
                return Err(ImportProblem::NotUtf8 { line, column }.in_file(file));
            };
            cells.push(cell);
            column.push(line, cell);
        }
        let mut text = String::new();
        join(&pieces, &mut text, |&index, text| {
            text.push_str(cells[index])
        });
        rows.push((line, text));
    }
    if rows.is_empty() {
        return Err(no_rows());
    }
    columns.retain(|column| !key.uses(column.name()));
    Ok((rows, SourceColumns::collect(columns)))
}

/// Checks that both read the same, or find the same wrong.
#[track_caller]
fn check(text: &[u8], key: &str, chunks: impl IntoIterator<Item = usize>) {
    let said = |content: Result<Content, TableError>| match content {
        Ok(content) => format!("{content:?}"),
        Err(error) => error.to_string(),
    };
    let expected = said(whole(text, key));
    for chunk_bytes in chunks {
        let found = said(streamed(text, key, chunk_bytes));
        assert_eq!(found, expected, "{chunk_bytes}: {}", text.escape_ascii());
    }
}

#[test]
fn chunks_end_anywhere() {
    for text in [
        "arch,x\na,1\nb,2\n",
        // In a quoted cell, between the two quotes of one, in a character, in a line end.
        "arch,note,x\r\n\"a, \"\"é\"\"\r\n\",\"\n\r\n,\",1\r\nb,,2\r\n",
        "\u{feff}\"ä\",arch\n1,a\n\n\r\n\rNA,\"b\nß\"\rinf,c",
        "arch,x\r\r\n\n\"unclosed\n\n,1\n",
        "arch,x\na,1\nb,2,3\n",
        "arch,x\n\n\na\n",
        "arch,arch\na,1\n",
        "\n\r\n\r",
        "x,y\n1,2\n",
        "arch,x\n\"a\"b\"c,\"1\" \n",
    ] {
        check(text.as_bytes(), "arch", 1..=text.len() + 1);
        check(text.as_bytes(), "{x}:{arch}", 1..=text.len() + 1);
    }
    check(b"arch,x\na,\xc3\n\xa9,1\n", "arch", 1..20);
    check(b"arch,\xff\na,1\n", "arch", 1..20);
}

/// Records lie across the buffer of the CSV reader, too, which is larger than any of the texts above.
#[test]
fn long_texts_are_read_as_a_whole() {
    let mut text = "arch,note,x,y\r\n".to_owned();
    for row in 0..700 {
        let note = "é\r\n\"\",".repeat(row % 13);
        text.push_str(&format!("a{row},\"{note}\",{row}.5,\r\n"));
        if row % 5 == 0 {
            text.push_str("\n\r");
        }
    }
    check(
        text.as_bytes(),
        "arch",
        [1, 7, 64, 4095, 8192, 8193, 1 << 16],
    );
    text.push_str("last,1\n");
    check(
        text.as_bytes(),
        "arch",
        [1, 7, 64, 4095, 8192, 8193, 1 << 16],
    );
}

#[test]
fn a_row_without_an_end_is_refused() {
    let endless = format!("arch,x\na,\"{}", "1\n".repeat(9 << 20));
    let error = streamed(endless.as_bytes(), "arch", 1 << 16).unwrap_err();
    let said = "t.csv: line 2: not readable as CSV: the row has more than 16777216 bytes; is a quote missing?";
    assert_eq!(error.to_string(), said);
}

fn piece() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        &b"a"[..],
        b",",
        b",",
        b",",
        b"\"",
        b"\"\"",
        b"\",\"",
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        "é".as_bytes(),
        b"\xc3",
        b"\xff",
        b"1.5",
        b"-2e3",
        b"NA",
        b"inf",
        b" ",
        b"a,1,\n",
        b"b,,x\r\n",
        b"\xef\xbb\xbf",
        b"\0",
    ])
}

proptest! {
    #[test]
    fn odd_texts_are_read_as_a_whole(
        has_header in any::<bool>(),
        pieces in prop::collection::vec(piece(), 0..40),
        chunk_bytes in 1usize..12,
    ) {
        let mut text = if has_header { b"arch,x,y\n".to_vec() } else { Vec::new() };
        text.extend(pieces.concat());
        check(&text, "arch", [chunk_bytes]);
        check(&text, "{arch}{x}", [chunk_bytes]);
    }
}
