//! Downloads from servers that lie about length, send wrong bytes, redirect, refuse and fall silent.

use std::fs;
use std::time::Duration;

use ureq::Proxy;

use super::server::{
    Answer, Server, always, break_off, chunked, fall_silent, redirect, serve, until_closed,
};
use super::{Scene, TAG, content, known, scene, sha256, source};

#[test]
fn good_server() {
    let (server, scene) = scene([serve(&content(), TAG)]);
    scene.expect(&content());
    assert_eq!(server.starts(), [None]);
    let request = &server.requests()[0];
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("ganas-xtask/"), "{agent}");

    // The second time, the file is checked and nothing is asked for.
    scene.expect(&content());
    assert!(scene.noted("is there already"));
    assert_eq!(server.requests().len(), 1);
}

/// What a server sends whatever is asked for, what the error says, which files stay, and how often is asked.
type Fault = (Vec<Answer>, String, &'static [&'static str], usize);

#[test]
fn faults() {
    let (wrong, page) = (vec![b'x'; 10_000], b"<!DOCTYPE html><html>confirm</html>");
    let (short, long) = (
        &content()[..9_000],
        [content(), b"surplus".to_vec()].concat(),
    );
    let (should, is) = (sha256(&content()), sha256(&wrong));
    let unequal = format!("its sha256 should be {should}, but is {is}");
    let offers = |length| format!("offers {length} bytes, but s.bin should have 10000 bytes");
    let broken = || "after 2 retries without headway".to_owned();
    let ten = "200 OK\nContent-Length: 10000";
    let (part, none): (&[&str], &[&str]) = (&["s.bin.part"], &[]);
    let empty = |status: &str| vec![always(&format!("{status}\nContent-Length: 0"), b"")];
    let mut faults: Vec<Fault> = vec![
        (vec![serve(&wrong, TAG)], unequal, &["s.bin.bad"], 1),
        (vec![always(ten, short)], broken(), part, 3),
        (vec![chunked(&long)], offers(10_007), none, 1),
        (vec![chunked(short)], broken(), part, 3),
        (vec![until_closed(short)], broken(), part, 3),
        (
            vec![redirect("again")],
            "too many redirects".into(),
            none,
            11,
        ),
        (
            vec![always(
                &format!("{ten}\nContent-Encoding: gzip"),
                &content(),
            )],
            "encoded as gzip".into(),
            none,
            1,
        ),
        (
            vec![always(&format!("{ten}\nContent-Type: text/html"), page)],
            "a web page instead of the file".into(),
            none,
            1,
        ),
        (
            empty("502 Bad Gateway\nRetry-After: 3600"),
            "answers with status 502".into(),
            none,
            3,
        ),
    ];
    for length in [9_999, 10_001, 0] {
        let answer = serve(&vec![b'x'; length], TAG);
        faults.push((vec![answer], offers(length), none, 1));
    }
    // A length that is too small is found out where the size is known.
    let small = always("200 OK\nContent-Length: 9000", &content());
    faults.push((vec![small], offers(9_000), none, 1));
    // What will not change is not asked for again.
    for (status, expected) in [
        ("404 Not Found", "no longer where the catalogue says"),
        ("410 Gone", "no longer where the catalogue says"),
        ("403 Forbidden", "the server refuses the file"),
        ("400 Bad Request", "answers with status 400"),
        ("204 No Content", "answers with status 204"),
    ] {
        faults.push((empty(status), expected.to_owned(), none, 1));
    }
    for (answers, expected, files, requests) in faults {
        let (server, scene) = scene(answers);
        scene.fails(&[&expected]);
        assert_eq!(scene.files(), files, "{expected}");
        assert_eq!(server.requests().len(), requests, "{expected}");
    }
}

#[test]
fn what_is_no_fault() {
    let longer = [content(), b"surplus".to_vec()].concat();
    let busy = |status: &str| {
        let head = format!("{status}\nContent-Length: 0\nRetry-After: 3600");
        always(&head, b"")
    };
    for (answers, requests) in [
        // As HTTP has it, what follows the announced bytes is no part of the file.
        (vec![always("200 OK\nContent-Length: 10000", &longer)], 1),
        (vec![chunked(&content())], 1),
        (vec![until_closed(&content())], 1),
        // What may change is asked for again.
        (
            vec![
                busy("500 Internal Server Error"),
                busy("503 Service Unavailable"),
                serve(&content(), TAG),
            ],
            3,
        ),
    ] {
        let (server, scene) = scene(answers);
        scene.expect(&content());
        assert_eq!(server.requests().len(), requests);
    }
}

#[test]
fn little_is_known_of_the_file() {
    let page = b"<!DOCTYPE html><html>confirm</html>";
    for (file, lines, expected) in [
        (
            &content()[..],
            "size_about = 20_000",
            "should have about 20.00 kB",
        ),
        (page, "", "it is a web page"),
    ] {
        let server = Server::start([serve(file, TAG)]);
        Scene::new(source(&server.url("x"), lines)).fails(&[expected]);
    }
    let broken = Server::start([always("200 OK\nContent-Length: 10000", b"x")]);
    Scene::new(source(&broken.url("x"), "")).fails(&["broke off at 1 of 10000 bytes"]);
    for lines in ["", "size_about = 9_500"] {
        let server = Server::start([serve(&content(), TAG)]);
        Scene::new(source(&server.url("x"), lines)).expect(&content());
    }
}

#[test]
fn redirects() {
    let (server, scene) = scene([
        redirect("a"),
        redirect("b"),
        break_off(2_500, &content(), TAG),
        redirect("c"),
        serve(&content(), TAG),
    ]);
    scene.expect(&content());
    let requests = server.requests();
    let lines: Vec<_> = requests
        .iter()
        .filter_map(|request| request.0.lines().next())
        .collect();
    let paths = ["s.bin", "a", "b", "s.bin", "c"];
    assert_eq!(lines, paths.map(|path| format!("GET /{path} HTTP/1.1")));
    // What is asked for survives the redirect.
    assert_eq!(server.starts()[4], Some(2_500));
    assert_eq!(server.requests()[4].header("if-range"), Some(TAG));
}

#[test]
fn silent_server() {
    let (server, mut scene) = scene([fall_silent(2_500, &content(), TAG), serve(&content(), TAG)]);
    scene.patience.silence = Duration::from_millis(200);
    scene.expect(&content());
    assert_eq!(server.starts(), [None, Some(2_500)]);
    assert!(scene.noted("timeout"));
}

#[test]
fn no_server() {
    // The port is free again.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/s.bin", listener.local_addr().unwrap());
    drop(listener);
    let scene = Scene::new(known(&url, &content()));
    scene.fails(&["after 2 retries", &format!("cannot fetch {url}")]);
    assert!(scene.files().is_empty());
}

#[test]
fn proxy() {
    let (server, mut scene) = scene([serve(&content(), TAG)]);
    scene.source = known("http://data.invalid/s.bin", &content());
    let proxy = Proxy::new(&format!("http://{}", server.address)).unwrap();
    scene.proxy = Some(proxy);
    scene.expect(&content());
    let text = &server.requests()[0].0;
    assert!(
        text.starts_with("CONNECT data.invalid:80 HTTP/1.1"),
        "{text}"
    );
    assert!(text.contains("GET /s.bin HTTP/1.1"), "{text}");
}

#[test]
fn two_fetches_of_one_file() {
    let (server, scene) = scene([serve(&content(), TAG)]);
    let lock = scene.place().lock().unwrap();
    scene.fails(&["another fetch of s.bin is running"]);
    assert!(server.requests().is_empty());
    drop(lock);
    scene.expect(&content());
}

#[test]
fn folders_that_cannot_be() {
    let (_server, mut scene) = scene([serve(&content(), TAG)]);
    let outer = scene.folder.path().join("file");
    fs::write(&outer, "").unwrap();
    let place = super::Place::new(&outer, &scene.source);
    let error = format!("{:#}", place.lock().unwrap_err());
    assert!(
        error.contains("a file stands where a folder should be"),
        "{error}"
    );

    scene.folder = tempfile::tempdir().unwrap();
    fs::create_dir(scene.place().file()).unwrap();
    scene.fails(&["is a folder, and should be a file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk() {
    let (_server, scene) = scene([serve(&content(), TAG)]);
    // A file of the system that can be written to as one can to a full disk.
    std::os::unix::fs::symlink("/dev/full", scene.part()).unwrap();
    scene.fails(&["free some space"]);
    assert!(!scene.place().file().exists());
}
