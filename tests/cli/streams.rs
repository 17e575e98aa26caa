//! A stdout or stderr that cannot be written: nothing panics, and the exit code says what it always says.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;
use ganas_testkit::scripted_worker;

/// Runs a command by a shell that arranges its streams, and returns the exit code; what can still be read comes with it.
fn run(sandbox: &Sandbox, arguments: &[&str], streams: &str) -> (i32, String) {
    let inner = sandbox.command(arguments);
    // The exit code of the command, whatever reads from it.
    let code = sandbox.path("code");
    let _ = std::fs::remove_file(&code);
    // Each search begins anew.
    let _ = std::fs::remove_file(sandbox.path("nasbench201.study.db"));
    let script = streams.replace(
        "GANAS",
        &format!("{{ \"$@\"; echo $? > '{}'; }}", code.display()),
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script, "sh"])
        .arg(inner.get_program())
        .args(arguments)
        .current_dir(inner.get_current_dir().unwrap())
        .stdin(Stdio::null());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let code = std::fs::read_to_string(code).unwrap();
    (
        code.trim().parse().unwrap(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn nothing_panics() {
    let sandbox = Sandbox::new();
    let good = scripted_worker::command("");
    let bad = scripted_worker::command("percent=60 kinds=refuse,garbage");
    let random = ["search", "--algorithm", "random", "--budget", "20"];
    sandbox
        .ganas(random.iter().chain(&["--study", "a.db"]))
        .expect_code(0);
    let workers = |evaluator| {
        [
            &random[..],
            &[
                "--space",
                "nasbench201",
                "--max-failures",
                "1000",
                "--evaluator",
                evaluator,
            ],
        ]
        .concat()
    };
    let build = |evaluator| {
        let all = [
            "table",
            "build",
            "--space",
            "nasbench101-v4",
            "--sample",
            "5",
        ];
        [
            &all[..],
            &[
                "--seeds",
                "0..1",
                "-o",
                "a.arrow",
                "--overwrite",
                "--resume",
                "--evaluator",
                evaluator,
            ],
        ]
        .concat()
    };
    for arguments in [
        random.to_vec(),
        [&random[..], &["--json"]].concat(),
        workers(&good),
        workers(&bad),
        workers("exit 3"),
        build(&good),
        vec!["top", "a.db"],
        vec!["export", "a.db"],
        vec!["space", "enumerate", "nasbench201"],
        vec!["space", "list"],
        vec!["devices"],
        vec!["completions", "bash"],
        vec!["config"],
        vec!["--help"],
        vec!["search", "--help"],
        vec!["--version"],
        vec!["search", "--budget", "none"],
        vec!["no-such-command"],
        vec![],
        vec!["top", "missing.db"],
    ] {
        let (usual, _) = run(&sandbox, &arguments, "GANAS");
        assert!((0..=3).contains(&usual), "{arguments:?}: {usual}");
        // Without a stderr, or a reader of stdout, all is as it is with them.
        for streams in [
            "GANAS 2>&-",
            "GANAS 2>/dev/full",
            "GANAS >&-",
            "GANAS | head -c 1",
            "GANAS | true",
            "{ GANAS 2>&1 >&3 | true; } 3>&1",
            "GANAS >&- 2>&-",
            "GANAS 2>&1 | true",
        ] {
            let (code, text) = run(&sandbox, &arguments, streams);
            assert_eq!(code, usual, "{arguments:?} {streams}: {text}");
            assert!(
                !text.contains("panicked"),
                "{arguments:?} {streams}: {text}"
            );
        }
        // A result that cannot be written is a failure, whatever else there is to say.
        for streams in ["GANAS >/dev/full", "GANAS >/dev/full 2>&1"] {
            let (code, text) = run(&sandbox, &arguments, streams);
            let expected = if usual == 1 || usual == 2 { usual } else { 1 };
            assert_eq!(code, expected, "{arguments:?} {streams}: {text}");
            assert!(
                !text.contains("panicked"),
                "{arguments:?} {streams}: {text}"
            );
        }
    }
}

#[test]
fn what_workers_say_is_shown_and_not_obeyed() {
    let sandbox = Sandbox::new();
    let hello = r#"{"type":"hello","protocol":1,"name":"t","version":"1","metrics":[{"name":"valid","role":"validation"}]}"#;
    let failure = r#"'{"type":"failure","id":'$id',"kind":"bad","message":"\u001b[2Jerror: it is done\u0007","retryable":false}'"#;
    let evaluator = format!(
        "printf '\\033]0;title\\007\\n'; printf '%s\\n' '{hello}'; read -r line; while read -r line; do id=${{line#*'\"id\":'}}; id=${{id%%,*}}; printf '%s\\n' {failure}; done"
    );
    let ended = sandbox
        .ganas([
            "search",
            "--space",
            "nasbench201",
            "--algorithm",
            "random",
            "--budget",
            "3",
            "--study",
            "a.db",
            "--evaluator",
            &evaluator,
        ])
        .expect_code(3)
        .expect_stderr(&[r"bad: \u{1b}[2Jerror: it is done\u{7}"]);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    let export = sandbox.export("a.db");
    assert!(!export.contains('\u{1b}'), "{export}");
}

/// Memory of floods: what a worker says without end is not kept.
#[test]
fn floods_do_not_fill_the_memory() {
    let sandbox = Sandbox::new();
    let hello = r#"{"type":"hello","protocol":1,"name":"t","version":"1","metrics":[{"name":"valid","role":"validation"}]}"#;
    let words = format!(
        "hello() {{ printf '%s\\n' '{hello}'; }}; ask() {{ read -r line || exit 0; id=${{line#*'\"id\":'}}; id=${{id%%,*}}; }}; read -r greeting;"
    );
    let long = "m".repeat(50_000);
    for (name, script) in [
        (
            "progress",
            r#"hello; ask; yes '{"type":"progress","id":'$id',"metrics":{"valid":0.5}}'"#
                .to_owned(),
        ),
        (
            "long progress",
            format!(
                r#"hello; ask; yes '{{"type":"progress","id":'$id',"metrics":{{"{long}":0.5}}}}'"#
            ),
        ),
        (
            "a line without end",
            "hello; ask; yes | tr -d '\\n'".to_owned(),
        ),
        ("lines before the hello", "yes".to_owned()),
        ("zeros", "cat /dev/zero".to_owned()),
    ] {
        let evaluator = format!("{words} {script}");
        let mut child = sandbox.spawn([
            "search",
            "--space",
            "nasbench201",
            "--algorithm",
            "random",
            "--budget",
            "2",
            "--retries",
            "0",
            "--timeout",
            "4s",
            "--grace",
            "1s",
            "--threads",
            "1",
            "--evaluator",
            &evaluator,
        ]);
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0_u64;
        while child.try_wait().unwrap().is_none() {
            let status = std::fs::read_to_string(&status).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(kib.unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(1 | 3)), "{name}: {code:?}");
        // The program itself takes some 30 MB.
        assert!(peak < 200_000, "{name}: {peak} kB");
        eprintln!("{name}: {peak} kB");
    }
}
