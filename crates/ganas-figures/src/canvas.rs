//! An SVG that is being drawn.

use std::fmt::{self, Write as _};

/// The size of letters.
pub(crate) const LETTER: f64 = 12.0;

/// An SVG that is being drawn. Text and axes have the colour of the text around it, so that a page can change it.
pub(crate) struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

/// Where a text stands relative to its place.
#[derive(Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self {
            body: String::new(),
            width,
            height,
        }
    }

    /// Adds an element as it is: attributes must not need to be escaped.
    pub(crate) fn add(&mut self, element: fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), attributes: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" {attributes}/>"#
        ));
    }

    pub(crate) fn text(&mut self, at: (f64, f64), anchor: Anchor, text: &str) {
        self.styled_text(at, anchor, "", text);
    }

    /// The title of a figure, above everything else.
    pub(crate) fn title(&mut self, text: &str) {
        let title = shortened(text, self.width - 20.0);
        let middle = self.width / 2.0;
        self.styled_text(
            (middle, 20.0),
            Anchor::Middle,
            r#"font-weight="bold""#,
            &title,
        );
    }

    pub(crate) fn styled_text(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        attributes: &str,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" {attributes}>{text}</text>"#
        ));
    }

    /// Opens a group; whatever is in its label is escaped.
    pub(crate) fn open(&mut self, class: &str, label: &str) {
        let label = escaped(label);
        self.add(format_args!(r#"<g class="{class}" data-label="{label}">"#));
    }

    pub(crate) fn close(&mut self) {
        self.add(format_args!("</g>"));
    }

    /// The whole, with what it shows for who does not see it.
    pub(crate) fn finish(self, id: &str, title: &str, description: &str) -> String {
        let Self {
            body,
            width,
            height,
        } = self;
        let (title, description) = (escaped(title), escaped(description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" color=\"#222222\" font-family=\"DejaVu Sans, Verdana, sans-serif\" \
             font-size=\"{LETTER}\" fill=\"currentColor\">\n\
             <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{description}</desc>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// About how wide a text is, rather more than less.
pub(crate) fn width_of(text: &str) -> f64 {
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    f64::from(letters) * LETTER * 0.64
}

/// A text that is at most so wide, with dots in place of its end.
pub(crate) fn shortened(text: &str, width: f64) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width_of(&kept) + 2.0 * LETTER * 0.64 > width {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// A text in XML; what XML cannot hold becomes a replacement character.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        assert_eq!(
            escaped("<a b=\"&\u{1b}\">"),
            "&lt;a b=&quot;&amp;\u{fffd}&quot;&gt;"
        );
    }

    #[test]
    fn long_texts_are_shortened() {
        let short = shortened("a text that is much longer than its place", 80.0);
        assert!(short.ends_with('…') && width_of(&short) <= 80.0, "{short}");
        assert_eq!(shortened("short", 80.0), "short");
    }
}
