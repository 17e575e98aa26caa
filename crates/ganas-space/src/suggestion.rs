//! What may be meant by a name that is not known: "did you mean".

/// The longest name that is compared, in bytes: nobody misspelt a longer one.
const MAX_COMPARED: usize = 256;

/// The candidate that is most like `name`, when it is close enough to be meant (Jaro-Winkler at least 0.8).
#[must_use]
pub fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>,
) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| candidate.as_ref())
        .filter(|candidate| name.len().max(candidate.len()) <= MAX_COMPARED)
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// The end of an error message that names the suggestion, or nothing.
#[must_use]
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn suggests_only_what_is_close() {
        let known = ["cifar10_valid_12", "cifar10_test_12", "params_m"];
        assert_eq!(
            closest("cifar10_vaild_12", known).as_deref(),
            Some("cifar10_valid_12")
        );
        assert_eq!(closest("zzz", known), None);
        let long = "params_m".repeat(1_000_000);
        assert_eq!(closest(&long, known), None);
        assert_eq!(
            closest("params_n", [&*long, "params_m"]).as_deref(),
            Some("params_m")
        );
        assert_eq!(did_you_mean(Some("arch")), " (did you mean `arch`?)");
        assert_eq!(did_you_mean(None), "");
    }
}
