//! Ctrl-C: stops at a safe point, says how to continue, and the record is that of a run without it.

#![cfg(unix)]

use std::process::Command;
use std::time::Duration;

use crate::sandbox::{Ended, SMALL, Sandbox, search};

#[test]
fn an_interrupted_search_can_be_continued() {
    let sandbox = Sandbox::with_table();
    let arguments = |study| {
        let mut all = search(&["--budget", "500", "--seeds", "0..2", "--threads", "1"]);
        all.extend(["--study", study]);
        all.extend(SMALL);
        all
    };
    let mut child = sandbox.spawn(arguments("a.db"));
    let mut polls = 0;
    while !(sandbox.path("a.db").exists()
        && sandbox
            .ganas(["export", "a.db"])
            .stdout
            .contains(r#""type":"trial""#))
    {
        assert!(child.try_wait().unwrap().is_none(), "ended too early");
        polls += 1;
        assert!(polls < 1_000, "no trial");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let ended = Ended::from(child.wait_with_output().unwrap())
        .expect_code(130)
        .expect_stderr(&[
            "stopping after what is being evaluated",
            "interrupted: 0 of 2 runs are finished",
            "continue with: ganas search --space nasbench201 --table nb201.arrow",
            "--resume\n",
        ]);
    assert!(ended.stdout.contains("interrupted"), "{}", ended.stdout);
    let export = sandbox.export("a.db");
    assert!(export.contains(r#""stop":"interrupted""#), "{export}");

    let mut resumed = arguments("a.db");
    resumed.push("--resume");
    let ended = sandbox.ganas(resumed).expect_code(0);
    assert!(!ended.stdout.contains("interrupted"), "{}", ended.stdout);
    sandbox.ganas(arguments("b.db")).expect_code(0);
    assert!(
        sandbox.export("a.db") == sandbox.export("b.db"),
        "the interruption is seen in the record"
    );
}
