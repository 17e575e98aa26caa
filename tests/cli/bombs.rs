//! Files that are small and become large: each is an error, within a bound on memory.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sandbox::{Ended, Sandbox};
use crate::synthetic_table::{archs, csv, row};

/// KiB of address space that a command gets, which is more than the memory that it takes.
const ADDRESS_SPACE: u32 = 1_300_000;

const MIB: usize = 1 << 20;

/// Runs a command with little address space: one that needs more is aborted, and has another exit code than an error.
fn limited(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            &format!("ulimit -v {ADDRESS_SPACE} && exec \"$@\""),
            "sh",
        ])
        .arg(ganas_testkit::program::ganas())
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env_remove("GANAS_DATA")
        .env("XDG_CACHE_HOME", sandbox.path("cache"))
        // Threads reserve address space that they do not use.
        .env("RAYON_NUM_THREADS", "2")
        .env("MALLOC_ARENA_MAX", "1")
        .stdin(Stdio::null());
    command.output().unwrap().into()
}

/// Imports a file that must be refused with this in the message, which must be short.
#[track_caller]
fn check(name: &str, content: &[u8], expected: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write(name, content);
    let import = [
        "table",
        "import",
        "--space",
        "nasbench201",
        name,
        "-o",
        "t.arrow",
    ];
    let ended = limited(&sandbox, &import);
    let stderr: String = ended.stderr.chars().take(3000).collect();
    assert_eq!(ended.code, 1, "{stderr}");
    for expected in expected {
        assert!(stderr.contains(expected), "{expected} in {stderr}");
    }
    assert!(
        ended.stderr.len() < 2000,
        "{} bytes: {stderr}",
        ended.stderr.len()
    );
    assert!(!sandbox.path("t.arrow").exists());
}

/// A gzip'd file of so many times the content.
fn gz(content: &[u8], times: usize) -> Vec<u8> {
    let mut one = GzEncoder::new(Vec::new(), Compression::default());
    one.write_all(content).unwrap();
    one.finish().unwrap().repeat(times)
}

/// A bzip2 file of a beginning and so many times the content.
fn bz2(start: &[u8], content: &[u8], times: usize) -> Vec<u8> {
    let one = |content: &[u8]| {
        let mut one = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        one.write_all(content).unwrap();
        one.finish().unwrap()
    };
    [one(start), one(content).repeat(times)].concat()
}

const RAISE: &[&str] = &["would take more than", "GANAS_MAX_UNPACKED"];

#[test]
fn gzip() {
    for content in [
        vec![0; MIB],
        b"a,b\n".repeat(MIB / 4),
        b"{\"a\":1}\n".repeat(MIB / 8),
    ] {
        check("bomb.csv.gz", &gz(&content, 4000), RAISE);
    }
    // One layer is unpacked, and the next is no CSV.
    let inner = gz(&vec![0; MIB], 1000);
    check("twice.csv.gz", &gz(&inner, 1), &["twice.csv.gz"]);
}

#[test]
fn rows_that_fit_are_bounded_by_what_they_become() {
    let header = "arch,m\n".as_bytes();
    let one = |content: &[u8]| gz(content, 1);
    let rows = format!("{},1\n", archs()[0]).repeat(8000);
    let bomb = [one(header), one(rows.as_bytes()).repeat(300)].concat();
    check("rows.csv.gz", &bomb, RAISE);
    let bomb = [one(header), one(&b"x,1\n".repeat(MIB / 4)).repeat(200)].concat();
    check("short.csv.gz", &bomb, RAISE);
}

#[test]
fn pickles_in_bzip2() {
    for content in [
        &b"]"[..],
        b"N",
        b"(",
        b"}",
        b")",
        b"]Na",
        b"(l",
        b"]q\0",
        b"]r\0\0\0\0",
        b"K\x01",
        b"2",
        b"\x8f",
    ] {
        let content = content.repeat(MIB / content.len());
        let whole = [bz2(b"\x80\x02N", &content, 40), bz2(b".", b"", 0)].concat();
        check("whole.pickle.pbz2", &whole, &["whole.pickle.pbz2"]);
    }
    // Too much by its length.
    check(
        "bomb.pickle.pbz2",
        &bz2(b"\x80\x02N", &b"]".repeat(MIB), 4000),
        RAISE,
    );
    // Long texts and bytes.
    for opcode in [b'X', b'B'] {
        let mut text = vec![opcode];
        text.extend((1u32 << 20).to_le_bytes());
        text.extend(vec![b'a'; MIB]);
        check("texts.pickle.pbz2", &bz2(b"\x80\x02", &text, 4000), RAISE);
    }
    // Entries of the watched mapping, with what would stay of each.
    let start = b"\x80\x02}q\0X\x0a\0\0\0arch2infos}q\x01(";
    for kept in [
        &b"K\x01c__builtin__\nset\n(NNNNNNNNtb"[..],
        b"K\x01]",
        b"K\x01ctorch\nSize\n(NNNNNNNN]]tR",
    ] {
        let content = kept.repeat(MIB / kept.len());
        check(
            "entries.pickle.pbz2",
            &bz2(start, &content, 4000),
            &["entries.pickle.pbz2"],
        );
    }
}

#[test]
fn pickles_as_they_are() {
    for content in [&b"]"[..], b"N", b"(", b"}", b")", b"]Na", b"(l"] {
        let content = content.repeat(9 * MIB / content.len());
        let pickle = [b"\x80\x02", &content[..], b"."].concat();
        check("bomb.pkl", &pickle, &["bomb.pkl"]);
    }
    // Lists in lists in lists.
    let deep = [
        b"\x80\x02",
        &b"]".repeat(MIB)[..],
        &b"a".repeat(MIB - 1),
        b".",
    ]
    .concat();
    check("deep.pkl", &deep, &["deep.pkl"]);
}

#[test]
fn records_in_a_tar_file() {
    let record = bz2(b"\x80\x02", &b"]".repeat(MIB), 1000);
    let mut tar = tar::Builder::new(Vec::new());
    for index in 0..40 {
        let mut header = tar::Header::new_gnu();
        header.set_size(record.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, format!("{index:06}.pickle.pbz2"), &record[..])
            .unwrap();
    }
    let tar = tar.into_inner().unwrap();
    check(
        "bomb.tar",
        &tar,
        &["bomb.tar: 000000.pickle.pbz2", "expected at most"],
    );
}

#[test]
fn columns_without_number() {
    let arch = &archs()[0];
    let mut wide = "arch".to_owned();
    (0..100_000).for_each(|i| write!(wide, ",m{i}").unwrap());
    write!(wide, "\n{arch}").unwrap();
    wide.push_str(&",1".repeat(100_000));
    check("wide.csv", wide.as_bytes(), &["more than 16384 columns"]);

    let mut keys = String::new();
    for i in 0..30_000 {
        writeln!(keys, "{{\"arch\":\"{arch}\",\"k{i}\":{i}}}").unwrap();
    }
    check("keys.jsonl", keys.as_bytes(), &["keys.jsonl"]);
    let short = keys.replace(&**arch, "x");
    check("short.jsonl", short.as_bytes(), &["short.jsonl"]);
    let nested = format!("{{\"arch\":\"{arch}\",\"v\":{}", "[".repeat(MIB));
    check("nested.jsonl", nested.as_bytes(), &["nested.jsonl: line 1"]);
}

#[test]
fn long_cells_are_quoted_in_part() {
    let arch = &archs()[0];
    let long = "x".repeat(MIB);
    for content in [
        format!("arch,m\n{arch},1\n{arch},{long}\n"),
        format!("arch,m\n{long},1\n"),
        format!("arch,m\n{arch},{}\n", "9".repeat(MIB)),
        format!("{long},m\n{arch},1\n"),
        format!("{long},{long}\n{arch},1\n"),
        format!("arch,{long}\n{arch},text\n"),
        format!("arch,m\n{arch},{long}\n"),
        format!("{{\"arch\":\"{long}\",\"m\":1}}\n"),
        format!("{{\"{long}\":1}}\n"),
        format!("{{\"arch\":\"{arch}\",\"m\":1}}\n{{\"arch\":\"{arch}\",\"m\":\"{long}\"}}\n"),
        format!("{{\"arch\":\"{arch}\",{long}}}\n"),
        "{\"arch\":\"".to_owned() + &long,
    ] {
        check("long.csv", content.as_bytes(), &["long.csv"]);
    }
    // A row without an end.
    let mut endless = GzEncoder::new(Vec::new(), Compression::fast());
    endless.write_all(b"arch,m\n\"").unwrap();
    (0..200).for_each(|_| endless.write_all(&vec![b'x'; MIB]).unwrap());
    check(
        "endless.csv.gz",
        &endless.finish().unwrap(),
        &["more than 16777216 bytes"],
    );
}

#[test]
fn what_has_no_end_is_not_read() {
    let sandbox = Sandbox::new();
    Command::new("mkfifo")
        .arg(sandbox.path("pipe.arrow"))
        .status()
        .unwrap();
    Command::new("mkfifo")
        .arg(sandbox.path("pipe"))
        .status()
        .unwrap();
    for source in ["/dev/zero", "/dev/full", "pipe", "pipe.arrow", "."] {
        let import = [
            "table",
            "import",
            "--space",
            "nasbench201",
            source,
            "-o",
            "t.arrow",
        ];
        let search = [
            "search",
            "--space",
            "nasbench201",
            "--table",
            source,
            "--budget",
            "2",
        ];
        let info = ["table", "info", source];
        for arguments in [&import[..], &search, &info] {
            let ended = limited(&sandbox, arguments);
            assert_eq!(ended.code, 1, "{arguments:?}: {}", ended.stderr);
            assert!(
                ended.stderr.contains("not a regular file"),
                "{arguments:?}: {}",
                ended.stderr
            );
        }
    }
}

#[test]
fn surrogates() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("yahpo")).unwrap();
    fs::create_dir(sandbox.path("accel")).unwrap();
    let bomb = gz(&b"[1,".repeat(MIB / 3), 4000);
    sandbox.write("yahpo/tensors.bin", b"");
    sandbox.write("yahpo/graph.json.gz", &bomb);
    sandbox.write("accel/feature_order.json", &bomb);
    sandbox.write("accel/member_0.xgboost.json.gz", &bomb);
    for (space, folder) in [("darts", "yahpo"), ("mbconv", "accel")] {
        let search = [
            "search",
            "--space",
            space,
            "--surrogate",
            folder,
            "--budget",
            "2",
        ];
        let ended = limited(&sandbox, &search).expect_code(1);
        ended.expect_stderr(RAISE);
    }
}

#[test]
fn the_bound_can_be_set() {
    let sandbox = Sandbox::new();
    let good = csv(archs()[..1000].iter().map(|arch| row(arch)));
    sandbox.write("good.csv.gz", &gz(good.as_bytes(), 1));
    let import = |bound: &str| {
        let arguments = "table import --space nasbench201 good.csv.gz -o t.arrow --overwrite";
        let mut command = sandbox.command(arguments.split(' '));
        Ended::from(command.env("GANAS_MAX_UNPACKED", bound).output().unwrap())
    };
    import("1K")
        .expect_code(1)
        .expect_stderr(&["more than 1024 bytes"]);
    import("16G").expect_code(0);
    import("").expect_code(0);
    import("lots")
        .expect_code(2)
        .expect_stderr(&["GANAS_MAX_UNPACKED", "`lots`", "16G"]);
}
