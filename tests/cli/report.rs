//! `ganas report` and `ganas space draw`: pages and figures of studies, whole and in every form.

use crate::sandbox::{SMALL, Sandbox};

/// A study with three algorithms on a table that is part of the program.
fn studied() -> Sandbox {
    let sandbox = Sandbox::new();
    let common =
        "search --table digits-4 --quiet --study s.db --budget 16 --seeds 0..3 --algorithm";
    for algorithm in ["random", "local-search", "ga-nas"] {
        let mut words: Vec<&str> = common.split(' ').chain([algorithm]).collect();
        if algorithm == "ga-nas" {
            words.extend(SMALL);
        }
        sandbox.ganas(words).expect_code(0);
    }
    sandbox
}

#[test]
fn a_page_has_everything_in_itself() {
    let sandbox = studied();
    let before = std::fs::read(sandbox.path("s.db")).unwrap();
    let ended = sandbox
        .ganas([
            "report",
            "s.db",
            "-o",
            "page.html",
            "--figures",
            "figures",
            "--budgets",
            "8,16",
        ])
        .expect_code(0);
    assert!(
        ended.stderr.contains("wrote page.html with"),
        "{}",
        ended.stderr
    );
    assert_eq!(std::fs::read(sandbox.path("s.db")).unwrap(), before);
    let html = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    for heading in [
        "Results by budget",
        "Regret",
        "Queries to a target",
        "Ranks and profiles",
        "Best architectures",
        "Diagnostics of the searchers",
        "Importance of decisions",
        "Runs",
        "How it was made",
        "Checklist",
    ] {
        assert!(html.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    for said in [
        "selected on",
        "unique queries",
        "the best of the table",
        "ganas search --space nasbench101-v4 --algorithm random",
        "--seeds 0..3",
    ] {
        assert!(html.contains(said), "{said}");
    }
    for loads in ["<link rel=\"stylesheet", "src=", "https://", "@import"] {
        assert!(!html.contains(loads), "{loads}");
    }
    // Every figure is there in three forms, and its data have lines.
    let mut drawings = 0;
    for entry in std::fs::read_dir(sandbox.path("figures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "svg") {
            drawings += 1;
            let picture = std::fs::read(path.with_extension("png")).unwrap();
            assert!(picture.starts_with(b"\x89PNG"));
            let data = std::fs::read_to_string(path.with_extension("csv")).unwrap();
            assert!(data.lines().count() > 1, "{}", path.display());
        }
    }
    assert_eq!(drawings, html.matches("<figure id=").count());
    // The same study gives the same page.
    sandbox
        .ganas(["report", "s.db", "-o", "again.html", "--budgets", "8,16"])
        .expect_code(0);
    assert_eq!(
        std::fs::read_to_string(sandbox.path("again.html")).unwrap(),
        html
    );
}

#[test]
fn watching_ends_when_nothing_runs() {
    let sandbox = studied();
    let words = ["report", "s.db", "--watch", "--every", "1s"];
    sandbox.ganas(words).expect_code(0);
    let html = std::fs::read_to_string(sandbox.path("report.html")).unwrap();
    assert!(!html.contains("http-equiv=\"refresh\""));
}

#[test]
fn what_cannot_be_reported_is_an_error() {
    let sandbox = studied();
    for (words, code, says) in [
        ("report none.db", 1, "none.db"),
        (
            "report s.db --baseline evolution",
            1,
            "`evolution` is none of the algorithms",
        ),
        (
            "report s.db --table digits-5",
            2,
            "no run of s.db has searched this table",
        ),
        ("report s.db -o s.db", 1, "s.db"),
        ("report s.db --budgets 0", 2, "0"),
        ("report s.db --every 5s", 2, "--watch"),
    ] {
        let ended = sandbox.ganas(words.split(' ')).expect_code(code);
        assert!(ended.stderr.contains(says), "{words}: {}", ended.stderr);
    }
}

#[test]
fn an_architecture_is_drawn_in_every_form() {
    let sandbox = Sandbox::new();
    let arch = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|";
    let draw = ["space", "draw", "nasbench201", arch];
    let dot = sandbox.ganas(draw).expect_code(0).stdout;
    assert!(dot.starts_with("digraph \"nasbench201\" {"), "{dot}");
    let svg = sandbox
        .ganas(draw.iter().chain(&["--format", "svg"]))
        .expect_code(0)
        .stdout;
    assert!(
        svg.starts_with("<svg") && svg.contains("avg_pool_3x3"),
        "{svg}"
    );
    sandbox
        .ganas(draw.iter().chain(&["-o", "a.png"]))
        .expect_code(0);
    assert!(
        std::fs::read(sandbox.path("a.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    let refused = sandbox
        .ganas(draw.iter().chain(&["--format", "png"]))
        .expect_code(2);
    assert!(refused.stderr.contains("--output"), "{}", refused.stderr);
}
