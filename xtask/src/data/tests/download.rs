//! Downloads from servers that lie about length, send wrong bytes, redirect, refuse and fall silent.

use std::fs;
use std::time::Duration;

use ureq::Proxy;

use super::server::{Server, always, break_off, fall_silent, redirect, serve};
use super::{Scene, TAG, content, known, scene, sha256, source};

#[test]
fn good_server() {
    let (server, scene) = scene([serve(&content(), TAG)]);
    scene.expect(&content());
    assert_eq!(server.starts(), [None]);
    let request = &server.requests()[0];
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("ganas-xtask/")
    );

    // The second time, the file is checked and nothing is asked for.
    scene.expect(&content());
    assert!(scene.noted("is there already"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn nothing_is_known_of_the_file() {
    let server = Server::start([serve(&content(), TAG)]);
    Scene::new(source(&server.url("x"), "")).expect(&content());
}

#[test]
fn wrong_bytes_are_kept_apart() {
    let wrong = vec![b'x'; 10_000];
    let (_server, scene) = scene([serve(&wrong, TAG)]);
    let (should, is) = (sha256(&content()), sha256(&wrong));
    let expected = format!("its sha256 should be {should}, but is {is}");
    scene.fails(&[&expected, "s.bin.bad"]);
    assert_eq!(scene.files(), ["s.bin.bad"]);
    assert_eq!(fs::read(scene.place().bad()).unwrap(), wrong);
}

#[test]
fn another_size_than_the_catalogue_says() {
    for length in [9_999, 10_001, 0] {
        let (server, scene) = scene([serve(&vec![b'x'; length], TAG)]);
        let expected = format!("offers {length} bytes, but s.bin should have 10000 bytes");
        scene.fails(&[&expected]);
        assert!(scene.files().is_empty());
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn another_size_than_roughly_known() {
    let server = Server::start([serve(&content(), TAG)]);
    let far = Scene::new(source(&server.url("x"), "size_about = 20_000"));
    far.fails(&["should have about 20.00 kB"]);
    Scene::new(source(&server.url("x"), "size_about = 9_500")).expect(&content());
}

#[test]
fn fewer_bytes_than_content_length() {
    for lines in ["", "size = 10000"] {
        let server = Server::start([always("200 OK\nContent-Length: 10000", &content()[..9_000])]);
        let scene = Scene::new(source(&server.url("x"), lines));
        scene.fails(&["broke off at 9000 of 10000 bytes"]);
        assert_eq!(scene.files(), ["s.bin.part"]);
    }
}

#[test]
fn more_bytes_than_content_length() {
    let mut longer = content();
    longer.extend(b"surplus");
    // As HTTP has it, what follows the announced bytes is no part of the file.
    let (_server, good) = scene([always("200 OK\nContent-Length: 10000", &longer)]);
    good.expect(&content());
    // A length that is too small is found out where the size is known.
    let (_server, bad) = scene([always("200 OK\nContent-Length: 9000", &content())]);
    bad.fails(&["offers 9000 bytes"]);
}

#[test]
fn bodies_without_a_length() {
    let chunked = |bytes: &[u8]| {
        let mut body = format!("{:x}\r\n", bytes.len()).into_bytes();
        body.extend(bytes);
        body.extend(b"\r\n0\r\n\r\n");
        always("200 OK\nTransfer-Encoding: chunked", &body)
    };
    let (_server, exact) = scene([chunked(&content())]);
    exact.expect(&content());

    let mut longer = content();
    longer.push(b'x');
    let (_server, long) = scene([chunked(&longer)]);
    long.fails(&["offers 10001 bytes"]);
    assert!(long.files().is_empty());

    let (_server, short) = scene([chunked(&content()[..9_000])]);
    short.fails(&["broke off at 9000 of 10000 bytes"]);

    let (_server, to_the_end) = scene([always("200 OK\nConnection: close", &content())]);
    to_the_end.expect(&content());
    let (_server, cut) = scene([always("200 OK\nConnection: close", &content()[..9_000])]);
    cut.fails(&["broke off at 9000 of 10000 bytes"]);
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
    let lines: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.0.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        lines,
        ["s.bin", "a", "b", "s.bin", "c"].map(|path| format!("GET /{path} HTTP/1.1"))
    );
    // What is asked for survives the redirect.
    assert_eq!(server.starts()[4], Some(2_500));
    assert_eq!(server.requests()[4].header("if-range"), Some(TAG));
}

#[test]
fn redirect_loop() {
    let (server, scene) = scene([redirect("again")]);
    scene.fails(&["too many redirects"]);
    assert_eq!(server.requests().len(), 11);
    assert!(scene.files().is_empty());
}

#[test]
fn statuses() {
    // What will not change is not asked for again.
    for (status, expected) in [
        ("404 Not Found", "no longer where the catalogue says"),
        ("410 Gone", "no longer where the catalogue says"),
        ("403 Forbidden", "the server refuses the file"),
        ("400 Bad Request", "answers with status 400"),
        ("204 No Content", "answers with status 204"),
    ] {
        let (server, scene) = scene([always(&format!("{status}\nContent-Length: 0"), b"")]);
        scene.fails(&[expected]);
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    // What may change is.
    let busy = |status: &str| {
        always(
            &format!("{status}\nContent-Length: 0\nRetry-After: 3600"),
            b"",
        )
    };
    let (server, good) = scene([
        busy("500 Internal Server Error"),
        busy("503 Service Unavailable"),
        serve(&content(), TAG),
    ]);
    good.expect(&content());
    assert_eq!(server.requests().len(), 3);
    let (server, bad) = scene([busy("502 Bad Gateway")]);
    bad.fails(&["after 2 retries", "answers with status 502"]);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn web_pages_are_no_data() {
    let page = b"<!DOCTYPE html><html>please confirm</html>";
    let head = format!("200 OK\nContent-Length: {}", page.len());
    let announced = Server::start([always(&format!("{head}\nContent-Type: text/html"), page)]);
    Scene::new(source(&announced.url("x"), "")).fails(&["a web page instead of the file"]);
    let hidden = Server::start([always(&head, page)]);
    Scene::new(source(&hidden.url("x"), "")).fails(&["it is a web page"]);
}

#[test]
fn encodings_that_were_not_asked_for() {
    let (_server, scene) = scene([always(
        "200 OK\nContent-Encoding: gzip\nContent-Length: 10000",
        &content(),
    )]);
    scene.fails(&["encoded as gzip"]);
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

    // Without the proxy, there is no such host.
    fs::remove_file(scene.place().file()).unwrap();
    scene.proxy = None;
    assert!(scene.fetch().is_err());
    assert_eq!(server.requests().len(), 1);
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
