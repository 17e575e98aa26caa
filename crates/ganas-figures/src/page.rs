//! A page of figures and tables: one HTML file that loads nothing.

use ganas_report::tables::TextTable;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::Figure;

/// What the page looks like, in light and in dark, on paper and on small screens.
const STYLE: &str = include_str!("page.css");

/// Hiding series and enlarging figures; the page is complete without it.
const SCRIPT: &str = include_str!("page.js");

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// What stands below the title, a paragraph each.
    pub lead: Vec<String>,
    /// Its sections.
    pub sections: Vec<Section>,
    /// Seconds after which a browser loads it again, while what it shows goes on.
    pub refresh: Option<u32>,
}

/// A section of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its content, in order.
    pub content: Vec<Content>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A paragraph.
    Text(String),
    /// A heading within the section.
    Heading(String),
    /// A table.
    Table(TextTable),
    /// A figure, with its data below it.
    Figure(Figure),
    /// Text as it is, such as a command or a configuration.
    Verbatim(String),
    /// What is shown on demand, under a summary.
    Folded(String, Vec<Content>),
}

impl Section {
    /// A section without content.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            content: Vec::new(),
        }
    }

    /// The figures of the section, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.content.iter().filter_map(|content| match content {
            Content::Figure(figure) => Some(figure),
            _ => None,
        })
    }
}

impl Page {
    /// The figures of the page, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(Section::figures)
    }

    /// Gives figures of the same name numbers, so that each has a name of its own.
    pub fn tell_figures_apart(&mut self) {
        let mut seen: Vec<String> = Vec::new();
        for content in self.sections.iter_mut().flat_map(|s| &mut s.content) {
            let Content::Figure(figure) = content else {
                continue;
            };
            let mut id = figure.id.clone();
            let mut number = 2;
            while seen.contains(&id) {
                id = format!("{}-{number}", figure.id);
                number += 1;
            }
            if id != figure.id {
                *figure = figure.clone().renamed(&id);
            }
            seen.push(id);
        }
    }

    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let sections = self.sections.iter().enumerate();
        let id = |number: usize| format!("section-{}", number + 1);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="Content-Security-Policy"
                        content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
                    @if let Some(seconds) = self.refresh {
                        meta http-equiv="refresh" content=(seconds);
                    }
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header {
                        h1 { (self.title) }
                        @for paragraph in &self.lead { p { (paragraph) } }
                    }
                    nav aria-label="Sections" {
                        ul {
                            @for (number, section) in sections.clone() {
                                li { a href=(format!("#{}", id(number))) { (section.title) } }
                            }
                        }
                    }
                    main #content {
                        @for (number, section) in sections {
                            section id=(id(number)) {
                                h2 { (section.title) }
                                @for content in &section.content { (of_content(content)) }
                            }
                        }
                    }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
        .into_string()
    }
}

fn of_content(content: &Content) -> Markup {
    html! {
        @match content {
            Content::Text(text) => p { (text) },
            Content::Heading(text) => h3 { (text) },
            Content::Table(table) => (of_table(table)),
            Content::Verbatim(text) => pre tabindex="0" { code { (text) } },
            Content::Folded(summary, inner) => details {
                summary { (summary) }
                @for content in inner { (of_content(content)) }
            },
            Content::Figure(figure) => figure id=(figure.id) {
                div.drawing tabindex="0" { (PreEscaped(&figure.svg)) }
                figcaption { (figure.description) }
                details {
                    summary { "Data of this figure" }
                    pre tabindex="0" { code { (excerpt(&figure.csv)) } }
                }
            },
        }
    }
}

fn of_table(table: &TextTable) -> Markup {
    let mut rows = table.rows();
    let header = rows.next();
    html! {
        div.scrolled tabindex="0" {
            table {
                @if let Some(header) = header {
                    thead { tr { @for cell in header { th scope="col" { (cell) } } } }
                }
                tbody {
                    @for row in rows {
                        tr { @for cell in row { td { (cell) } } }
                    }
                }
            }
        }
    }
}

/// So many lines of data stand below a figure; the files of the figures have all.
const LINES: usize = 200;

fn excerpt(csv: &str) -> String {
    let mut lines = csv.lines();
    let mut text: String = lines
        .by_ref()
        .take(LINES)
        .flat_map(|line| [line, "\n"])
        .collect();
    let left = lines.count();
    if left > 0 {
        text.push_str(&format!(
            "and {left} more lines, which `--figures` writes\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_nothing_and_escapes_everything() {
        let mut table = TextTable::of_names(["<name>"]);
        table.row(["a & b".to_owned()]);
        let page = Page {
            title: "Study <x>".to_owned(),
            lead: vec!["of \"runs\"".to_owned()],
            sections: vec![Section {
                title: "Results".to_owned(),
                content: vec![
                    Content::Table(table),
                    Content::Verbatim("</code><script>alert(1)</script>".to_owned()),
                ],
            }],
            refresh: Some(5),
        };
        let html = page.html();
        assert!(html.contains("<h1>Study &lt;x&gt;</h1>"));
        assert!(html.contains("<td>a &amp; b</td>"));
        assert!(html.contains("&lt;script&gt;alert(1)"));
        assert_eq!(html.matches("<script>").count(), 1);
        for loads in ["src=", "http://", "https://", "@import", "url("] {
            assert!(!html.contains(loads), "{loads}");
        }
    }

    #[test]
    fn no_two_figures_have_the_same_name() {
        let figure = Figure {
            id: "x".to_owned(),
            title: String::new(),
            description: String::new(),
            svg: String::new(),
            csv: String::new(),
        };
        let mut page = Page {
            sections: vec![Section {
                title: String::new(),
                content: vec![Content::Figure(figure); 3],
            }],
            ..Page::default()
        };
        page.tell_figures_apart();
        let ids: Vec<&str> = page.figures().map(|figure| &*figure.id).collect();
        assert_eq!(ids, ["x", "x-2", "x-3"]);
    }

    #[test]
    fn long_data_are_cut_and_counted() {
        let csv: String = (0..300).map(|i| format!("{i}\n")).collect();
        let text = excerpt(&csv);
        assert!(text.ends_with("199\nand 100 more lines, which `--figures` writes\n"));
    }
}
