//! Tables for people: columns aligned with spaces.

/// The lines, each with a line feed, none with spaces at its end.
pub(crate) fn render<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = (0..N)
            .map(|column| format!("{:1$}", row[column], width(column)))
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows =
            [["name", "size"], ["a", "2.0 GB"], ["longer", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(render(&rows), "name    size\na       2.0 GB\nlonger\n");
    }
}
