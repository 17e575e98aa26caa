//! A table, and the forms in which it is written.

/// How a column is aligned in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table that is being filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextTable {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table with a header.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = (S, Align)>) -> Self {
        let (names, aligns) = columns
            .into_iter()
            .map(|(name, align)| (name.into(), align))
            .unzip();
        Self {
            aligns,
            rows: vec![names],
        }
    }

    /// A table with a header, all of whose columns are aligned left.
    pub fn of_names<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self::new(names.into_iter().map(|name| (name, Align::Left)))
    }

    /// Adds a row; missing cells at its end are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The rows as they were filled in, the header first.
    pub fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// Columns aligned with spaces; no line has spaces at its end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.aligns.len()).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&self.aligns).zip(&widths);
            let padded = cells.map(|((cell, align), width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// A table of GitHub's Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let (header, rows) = self
            .rows
            .split_first()
            .expect("invariant: a table has a header");
        let rule = "---|".repeat(self.aligns.len());
        let rows: String = rows.iter().map(line).collect();
        format!("{}|{rule}\n{rows}", line(header))
    }

    /// Comma-separated values, with quotes where they are needed.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        for row in &self.rows {
            writer
                .write_record(row)
                .expect("invariant: memory can be written to");
        }
        let bytes = writer
            .into_inner()
            .expect("invariant: memory can be written to");
        String::from_utf8(bytes).expect("invariant: the cells are text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_table() {
        let mut table = TextTable::new([
            ("seed", Align::Right),
            ("arch", Align::Left),
            ("n", Align::Right),
        ]);
        table.row(["1000", "±a", "5"].map(str::to_owned));
        table.row(["7", "b,c"].map(str::to_owned));
        assert_eq!(table.to_text(), "seed  arch  n\n1000  ±a    5\n   7  b,c\n");
        assert_eq!(
            table.to_markdown(),
            "| seed | arch | n |\n|---|---|---|\n| 1000 | ±a | 5 |\n| 7 | b,c |\n"
        );
        assert_eq!(table.to_csv(), "seed,arch,n\n1000,±a,5\n7,\"b,c\"\n");
    }
}
