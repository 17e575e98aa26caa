//! Forms of texts that have to be named, because texts of another form look the same.

/// A form in which other tools write architectures, and which its texts alone do not tell.
///
/// It is named before the text, `NAME:text`, or for many texts at once; see
/// [`decode_form`](crate::SearchSpace#method.decode_form).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextForm {
    /// Its name.
    pub name: &'static str,
    /// What its texts mean.
    pub meaning: &'static str,
}

/// All forms with their meanings.
pub(crate) fn in_words(forms: &[TextForm]) -> String {
    let forms = forms.iter();
    let forms: Vec<String> = forms
        .map(|form| format!("`{}` ({})", form.name, form.meaning))
        .collect();
    forms.join(" or ")
}
