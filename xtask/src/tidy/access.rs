//! Files, sockets, clock, environment and terminal are used where the architecture says, and nowhere else.
//!
//! The check knows names from the standard library. It does not see a file that a dependency opens, nor the methods of
//! `Path` that ask the file system; clippy's `disallowed_methods` and review do the rest.

use super::Finding;
use super::crate_graph::FOR_TESTS;
use super::lexer::{CodePath, Token, code_paths, without_tests};

/// Something of the outside world, and who may touch it.
struct Rule {
    /// What it is.
    subject: &'static str,
    /// Names that use it; the words of one must follow each other in a path.
    names: &'static [&'static [&'static str]],
    /// Names of macros that use it.
    macros: &'static [&'static str],
    /// The folders whose code may.
    allowed: &'static [&'static str],
    /// Whether test code may, too.
    in_tests: bool,
    /// What to do instead.
    advice: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        subject: "the file system",
        names: &[
            &["std", "fs"],
            &["File", "open"],
            &["File", "create"],
            &["File", "create_new"],
            &["File", "options"],
            &["OpenOptions"],
        ],
        macros: &[],
        allowed: &[
            "crates/ganas/",
            "crates/ganas-cli/",
            "crates/ganas-eval/",
            // The cache of compiled kernels, in a folder that the caller names.
            "crates/ganas-gnn/src/cuda/compiler.rs",
            "crates/ganas-report/",
            "crates/ganas-store/",
            "xtask/",
        ],
        in_tests: true,
        advice: "take text, bytes or a reader as an argument",
    },
    Rule {
        subject: "sockets",
        names: &[
            &["std", "net"],
            &["os", "unix", "net"],
            &["TcpListener"],
            &["TcpStream"],
            &["UdpSocket"],
            // The HTTP client opens them for whoever calls it.
            &["ureq"],
        ],
        macros: &[],
        allowed: &["xtask/"],
        in_tests: false,
        advice: "ganas never goes to the network by itself; only xtask does",
    },
    Rule {
        subject: "the clock",
        names: &[&["Instant", "now"], &["SystemTime"]],
        macros: &[],
        // Only time tells that a worker hangs; no time enters what it measured.
        allowed: &[
            "benches/",
            "crates/ganas/src/clock.rs",
            "crates/ganas-cli/",
            "crates/ganas-eval/src/worker/clock.rs",
            "xtask/",
        ],
        in_tests: true,
        advice: "results do not depend on time; measure in an observer of the command line",
    },
    Rule {
        subject: "other programs",
        names: &[&["process", "Command"], &["Command", "new"]],
        macros: &[],
        allowed: &[
            "crates/ganas-cli/",
            "crates/ganas-eval/src/worker/guard.rs",
            "crates/ganas-eval/src/worker/process.rs",
            "xtask/",
        ],
        in_tests: true,
        advice: "evaluators of users are started by the worker pool, which knows how to end them",
    },
    Rule {
        subject: "the environment",
        names: &[
            // Everything but `env::consts`, which is about the target and not the machine.
            &["env", "var"],
            &["env", "var_os"],
            &["env", "vars"],
            &["env", "vars_os"],
            &["env", "set_var"],
            &["env", "remove_var"],
            &["env", "args"],
            &["env", "args_os"],
            &["env", "current_dir"],
            &["env", "current_exe"],
            &["env", "home_dir"],
            &["env", "temp_dir"],
        ],
        macros: &[],
        allowed: &["crates/ganas-cli/", "xtask/"],
        in_tests: true,
        advice: "take the value as an argument",
    },
    Rule {
        subject: "the terminal",
        names: &[&["io", "stdin"], &["io", "stdout"], &["io", "stderr"]],
        macros: &["print", "println", "eprint", "eprintln", "dbg"],
        allowed: &["crates/ganas-cli/", "xtask/"],
        in_tests: true,
        advice: "return the text, or tell it to an observer",
    },
];

/// Whether a file holds test code only.
///
/// The crates for tests count as such: no crate may depend on them but for its tests.
fn is_test_code(path: &str) -> bool {
    FOR_TESTS.iter().any(|name| {
        path.strip_prefix("crates/")
            .and_then(|path| path.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('/'))
    }) || path.ends_with("/tests.rs")
        || path
            .split('/')
            .any(|folder| ["tests", "benches", "examples", "fuzz"].contains(&folder))
}

/// What a file uses of the outside world without permission.
pub(super) fn check(path: &str, tokens: &[Token<'_>]) -> Vec<Finding> {
    let all = code_paths(tokens);
    let without_tests = if is_test_code(path) {
        Vec::new()
    } else {
        code_paths(&without_tests(tokens))
    };
    RULES
        .iter()
        .filter(|rule| !rule.allowed.iter().any(|folder| path.starts_with(folder)))
        .flat_map(|rule| {
            let uses = if rule.in_tests { &without_tests } else { &all };
            uses.iter()
                .filter(|used| rule.covers(used))
                .map(|used| rule.finding(path, used))
        })
        .collect()
}

impl Rule {
    fn covers(&self, used: &CodePath<'_>) -> bool {
        let last = used.words.last();
        self.names
            .iter()
            .any(|name| used.words.windows(name.len()).any(|words| words == *name))
            || used.is_macro && last.is_some_and(|last| self.macros.contains(last))
    }

    fn finding(&self, path: &str, used: &CodePath<'_>) -> Finding {
        let allowed: Vec<_> = self
            .allowed
            .iter()
            .map(|folder| folder.trim_end_matches('/'))
            .collect();
        let message = format!(
            "`{}{}` touches {}, which only {} may; {}",
            used.words.join("::"),
            if used.is_macro { "!" } else { "" },
            self.subject,
            allowed.join(", "),
            self.advice
        );
        Finding::error(path, used.line, message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn lines(path: &str, source: &str) -> Vec<usize> {
        check(path, &tokens(source))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn a_leaf_crate_touches_nothing() {
        for source in [
            "use std::fs;",
            "use std::{io, fs::File};",
            "let f = std::fs::read(x);",
            "let f = File::open(x);",
            "use std::net::TcpStream;",
            "use ureq::Agent;",
            "let reply = ureq::get(x).call();",
            "let t = Instant::now();",
            "let t = std::time::SystemTime::now();",
            "let v = std::env::var(\"X\");",
            "println!(\"x\");",
            "std::eprintln!();",
            "use std::io::{Write, stdout};",
            "let x = io::stderr();",
        ] {
            assert_eq!(
                lines("crates/ganas-gnn/src/lib.rs", source),
                [1],
                "{source}"
            );
        }
    }

    #[test]
    fn words_that_only_look_alike() {
        for source in [
            "// std::fs::read\n",
            "let text = \"println!()\";",
            "use std::io::{Read, Write};",
            "use std::path::Path;",
            "let home = env!(\"CARGO_MANIFEST_DIR\");",
            "self.fs.open(x); self.env.var(y); now();",
            "use crate::table::File;",
            "fn print(&self) {} if print != x {}",
            "writeln!(out)",
        ] {
            assert_eq!(
                lines("crates/ganas-gnn/src/lib.rs", source),
                [0; 0],
                "{source}"
            );
        }
    }

    #[test]
    fn the_crates_at_the_edge_may() {
        for (path, source, good) in [
            ("crates/ganas-eval/src/table.rs", "std::fs::read(x);", true),
            ("crates/ganas-store/src/lib.rs", "std::fs::read(x);", true),
            ("crates/ganas-store/src/lib.rs", "Instant::now();", false),
            (
                "crates/ganas-cli/src/main.rs",
                "Instant::now(); println!(); std::env::args();",
                true,
            ),
            (
                "crates/ganas-cli/src/main.rs",
                "use std::net::TcpStream;",
                false,
            ),
            (
                "xtask/src/main.rs",
                "use std::net::TcpStream; println!();",
                true,
            ),
        ] {
            assert_eq!(lines(path, source).is_empty(), good, "{path}: {source}");
        }
    }

    #[test]
    fn test_code_may_but_opens_no_sockets() {
        let source = "std::env::var(\"GANAS_DATA\"); File::open(x); println!();";
        for path in [
            "crates/ganas-gnn/src/ops/tests.rs",
            "crates/ganas-gnn/src/tests/x.rs",
            "tests/src/resume.rs",
            "crates/ganas-testkit/src/lib.rs",
        ] {
            assert_eq!(lines(path, source), [0; 0], "{path}");
            assert_eq!(lines(path, "std::net::TcpStream"), [1], "{path}");
        }
        let inside = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{source}\n}}\nprintln!();");
        assert_eq!(lines("crates/ganas-gnn/src/lib.rs", &inside), [6]);
    }

    #[test]
    fn the_message_says_who_may_and_what_to_do() {
        let found = check("crates/ganas-rl/src/lib.rs", &tokens("println!()"));
        assert_eq!(
            found[0].message,
            "`println!` touches the terminal, which only crates/ganas-cli, xtask may; \
             return the text, or tell it to an observer"
        );
    }
}
