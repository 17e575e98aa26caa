//! The commands of docs/RECIPES.md and of a section of docs/STUDIES.md, as they stand there.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;

use crate::sandbox::{Ended, Sandbox};

/// A worker in Python that is done at once.
const TRAIN: &str = "\
from ganas_worker import Metric, evaluator

@evaluator(name='train', version='1', metrics=[Metric('valid', 'validation', 0, 1)])
def train(evaluation):
    return {'valid': (int(evaluation.arch.key[:6], 16) + evaluation.seed) % 1000 / 1000}

if __name__ == '__main__':
    train.serve()
";

/// A `sbatch` that does the job at once: each task of an array in turn.
const SBATCH: &str = "\
#!/bin/sh
array=$(sed -n 's/^#SBATCH --array=\\([0-9]*\\)-\\([0-9]*\\)$/\\1 \\2/p' \"$1\")
set -- \"$1\" $array
if test $# = 1; then exec sh \"$1\"; fi
for task in $(seq \"$2\" \"$3\"); do
    SLURM_ARRAY_TASK_ID=$task sh \"$1\" || exit
done
";

/// The text of a document.
fn document(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(folder.join("docs").join(name)).unwrap()
}

/// The blocks of code in a section, in this language.
fn blocks(document: &str, section: &str, language: &str) -> Vec<String> {
    let start = format!("\n## {section}\n");
    let text = document.split_once(&start).unwrap().1;
    let text = text.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = text.split(fence.as_str()).skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap().to_owned() + "\n")
        .collect()
}

/// A folder with `train.py`, and `ganas` and `sbatch` in `bin`; nothing without Python.
fn kitchen() -> Option<Sandbox> {
    if !has_python("import json") {
        eprintln!("skipped: there is no python3");
        return None;
    }
    let sandbox = Sandbox::new();
    sandbox.write("train.py", TRAIN.as_bytes());
    for folder in ["bin", "local", "shared"] {
        std::fs::create_dir(sandbox.path(folder)).unwrap();
    }
    let ganas = ganas_testkit::program::ganas();
    std::os::unix::fs::symlink(ganas, sandbox.path("bin/ganas")).unwrap();
    sandbox.write("bin/sbatch", SBATCH.as_bytes());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(sandbox.path("bin/sbatch"), mode).unwrap();
    Some(sandbox)
}

fn has_python(code: &str) -> bool {
    let python = Command::new("python3").args(["-c", code]).output();
    python.is_ok_and(|ended| ended.status.success())
}

/// Runs a program in the folder as the recipes expect it.
fn run(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Ended {
    let path = std::env::var("PATH").unwrap();
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/ganas-worker/src");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("PATH", format!("{}:{path}", sandbox.path("bin").display()))
        .env("PYTHONPATH", package)
        .env("HOME", sandbox.path(""))
        .env("XDG_CACHE_HOME", sandbox.path("cache"))
        .env("TMPDIR", sandbox.path("local"))
        .env("SHARED", sandbox.path("shared"))
        .env_remove("GANAS_DATA")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    output.into()
}

fn sh(sandbox: &Sandbox, script: &str) -> Ended {
    run(sandbox, "sh", &["-ec", script])
}

/// The unique trials of a study.
fn trials(sandbox: &Sandbox, study: &str) -> usize {
    sandbox.export(study).matches(r#""repeat":false"#).count()
}

#[test]
fn the_studies_page() {
    let Some(sandbox) = kitchen() else { return };
    let page = document("STUDIES.md");
    let blocks = blocks(&page, "Living with a study", "sh");
    let [search, join, lists] = &blocks[..] else {
        panic!("{} blocks of commands", blocks.len())
    };
    sh(&sandbox, search).expect_code(0);
    assert_eq!(trials(&sandbox, "my.db"), 20);
    sh(&sandbox, &search.replace("20", "50 --resume")).expect_code(0);
    assert_eq!(trials(&sandbox, "my.db"), 50);
    sh(&sandbox, &format!("{join}\nwait $!")).expect_code(0);
    assert_eq!(trials(&sandbox, "shared.db"), 20);
    let top = sandbox.ganas(["top", "my.db", "-n", "2", "--json"]).json();
    let list: String = (top["top"].as_array().unwrap().iter())
        .map(|entry| format!("{}\n", entry["arch"].as_str().unwrap()))
        .collect();
    sandbox.write("list.txt", list.as_bytes());
    sh(&sandbox, lists).expect_code(0);
    let csv = std::fs::read_to_string(sandbox.path("best.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 30);
    sh(&sandbox, lists)
        .expect_code(0)
        .expect_stderr(&["30 evaluations: 0 new, 30 reused"]);
}

#[test]
fn pandas() {
    let Some(sandbox) = kitchen() else { return };
    let page = document("RECIPES.md");
    let search = "ganas search --space nasbench101-v4 --algorithm random --evaluator 'python3 train.py' \
                  --study my.db --budget 6 --seeds 0..2 --quiet";
    sh(&sandbox, search).expect_code(0);
    for commands in blocks(&page, "pandas", "sh") {
        sh(&sandbox, &commands).expect_code(0);
    }
    for (file, lines) in [("trials.csv", 1 + 12), ("best.csv", 1 + 9)] {
        let text = std::fs::read_to_string(sandbox.path(file)).unwrap();
        assert_eq!(text.lines().count(), lines, "{file}");
    }
    if !has_python("import pandas") {
        eprintln!("skipped: python3 has no pandas");
        return;
    }
    let code = blocks(&page, "pandas", "python").concat()
        + "assert len(trials) == 12, len(trials)\nassert len(lists) == 9, len(lists)\n";
    let ended = run(&sandbox, "python3", &["-c", &code]).expect_code(0);
    assert!(ended.stdout.contains("mean"), "{}", ended.stdout);
}

#[test]
fn slurm_on_one_node() {
    let Some(sandbox) = kitchen() else { return };
    let page = document("RECIPES.md");
    let job = blocks(&page, "Slurm, one node", "sh").concat();
    // The first job has no time for all of it.
    sandbox.write("short.sh", job.replace("7.5h", "0.01s").as_bytes());
    sandbox.write("job.sh", job.as_bytes());
    run(&sandbox, "sbatch", &["short.sh"])
        .expect_code(0)
        .expect_stderr(&["the time is over: 0 of 1 runs are finished"]);
    assert!(trials(&sandbox, "my.db") < 40);
    for _ in 0..2 {
        run(&sandbox, "sbatch", &["job.sh"]).expect_code(0);
        assert_eq!(trials(&sandbox, "my.db"), 40);
    }
}

#[test]
fn slurm_arrays() {
    let Some(sandbox) = kitchen() else { return };
    let page = document("RECIPES.md");
    let jobs = blocks(&page, "Slurm, an array", "sh");
    let [job, joined] = &jobs[..] else {
        panic!("{} jobs", jobs.len())
    };
    sandbox.write("joined.sh", joined.as_bytes());
    run(&sandbox, "sbatch", &["joined.sh"]).expect_code(0);
    assert_eq!(trials(&sandbox, "shared/my.db"), 20);
    sandbox.write("job.sh", job.as_bytes());
    run(&sandbox, "sbatch", &["job.sh"]).expect_code(0);
    for task in 0..3 {
        assert_eq!(trials(&sandbox, &format!("my-{task}.db")), 20);
    }
    let later = "ganas search --space nasbench101-v4 --algorithm random --evaluator 'exec python3 train.py' \
                 --budget 4 --study later.db --warm-start my-0.db --warm-start my-1.db --warm-start my-2.db";
    sh(&sandbox, later)
        .expect_code(0)
        .expect_stderr(&["20 of 40 results of my-0.db; "]);
}

#[test]
fn a_notebook() {
    let Some(sandbox) = kitchen() else { return };
    let page = document("RECIPES.md");
    let cells = blocks(&page, "A notebook", "python");
    let [first, second] = &cells[..] else {
        panic!("{} cells", cells.len())
    };
    // Until there is something to see.
    let between = "\
import time
seen = []
while not seen:
    ended = search.poll()
    try:
        seen = best()
    except subprocess.CalledProcessError:
        assert ended is None, ended
    time.sleep(0.02)
";
    let after = "assert search.returncode in (0, 130), search.returncode\n";
    let code = format!("{first}\n{between}\n{second}\n{after}");
    run(&sandbox, "python3", &["-c", &code]).expect_code(0);
    assert!(trials(&sandbox, "my.db") > 0);
}

#[test]
fn a_shared_file_system() {
    let Some(sandbox) = kitchen() else { return };
    let page = document("RECIPES.md");
    let commands = blocks(&page, "A shared file system", "sh").concat();
    sh(&sandbox, &commands).expect_code(0);
    for beside in ["my.db-wal", "my.db-shm", "my.db-journal"] {
        assert!(!sandbox.path("local").join(beside).exists(), "{beside}");
    }
    let export = std::fs::read_to_string(sandbox.path("shared/my.jsonl")).unwrap();
    assert_eq!(export, sandbox.export("shared/my.db"));
    // And the next job goes on with the copy.
    std::fs::copy(sandbox.path("shared/my.db"), sandbox.path("local/my.db")).unwrap();
    sh(&sandbox, &commands.replace("--budget 20", "--budget 25")).expect_code(0);
    assert_eq!(trials(&sandbox, "shared/my.db"), 25);
}
