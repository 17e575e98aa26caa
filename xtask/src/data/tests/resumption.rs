//! Downloads that go on where they stopped: after a dropped connection, in a later run, or not at all.

use std::fs;

use super::server::{Server, always, break_off, serve};
use super::{Scene, TAG, content, known, scene, source};

#[test]
fn dropped_connections_are_continued() {
    let (server, scene) = scene([
        break_off(2_500, &content(), TAG),
        break_off(1_200, &content(), TAG),
        break_off(0, &content(), TAG),
        // Three failures are more than the two retries, but there was headway.
        serve(&content(), TAG),
    ]);
    scene.expect(&content());
    assert_eq!(
        server.starts(),
        [None, Some(2_500), Some(3_700), Some(3_700)]
    );
    assert_eq!(server.requests()[1].header("if-range"), Some(TAG));
    assert!(scene.noted("broke off at 2500 of 10000 bytes"));
    assert!(scene.noted("going on with s.bin at 2.50 kB"));
}

#[test]
fn a_later_run_continues() {
    let (server, mut scene) = scene([
        break_off(2_500, &content(), TAG),
        break_off(10, &content(), TAG),
        serve(&content(), TAG),
    ]);
    scene.patience.retries = 0;
    scene.fails(&[
        "2.50 kB of s.bin are kept in ",
        "run the command again to go on",
    ]);
    assert_eq!(scene.files(), ["s.bin.part", "s.bin.part.json"]);
    assert_eq!(fs::read(scene.part()).unwrap(), content()[..2_500]);
    scene.fails(&["2.51 kB of s.bin are kept"]);
    scene.expect(&content());
    assert_eq!(server.starts(), [None, Some(2_500), Some(2_510)]);
}

#[test]
fn a_damaged_part_is_found_out() {
    let (_server, mut scene) = scene([
        break_off(2_500, &content(), TAG),
        serve(&content(), TAG),
        serve(&content(), TAG),
    ]);
    scene.patience.retries = 0;
    scene.fetch().unwrap_err();
    fs::write(scene.part(), vec![b'x'; 2_500]).unwrap();
    scene.fails(&["its sha256 should be"]);
    assert_eq!(scene.files(), ["s.bin.bad"]);
    scene.fetch().unwrap();
    assert_eq!(fs::read(scene.place().file()).unwrap(), content());
}

/// Parts that no fetch has left as they are here.
#[test]
fn strange_parts() {
    for (part, starts, note) in [
        (&content()[..], &[][..], ""),
        (
            &content()[..100],
            &[None],
            "cannot be told to be of the same file",
        ),
        (&[0; 10_001], &[None], "longer than the file"),
    ] {
        let (server, scene) = scene([serve(&content(), TAG)]);
        fs::write(scene.part(), part).unwrap();
        scene.expect(&content());
        assert_eq!(server.starts(), starts, "{note}");
        assert!(note.is_empty() || scene.noted(note), "{note}");
    }
}

#[test]
fn a_part_from_another_address_is_not_continued() {
    let (_first, mut scene) = scene([break_off(2_500, &content(), TAG)]);
    scene.patience.retries = 0;
    scene.fetch().unwrap_err();
    let other = Server::start([serve(&content(), TAG)]);
    scene.source = known(&other.url("s.bin"), &content());
    scene.expect(&content());
    assert_eq!(other.starts(), [None]);
}

/// Two answers, the first of which breaks off after a quarter; where the second request begins, and what is noted.
#[test]
fn second_requests() {
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    let whole =
        |tags: &str, body: &[u8]| always(&format!("200 OK\nContent-Length: 10000\n{tags}"), body);
    let dated = format!("ETag: W/\"v1\"\nLast-Modified: {date}");
    let tagged = format!("ETag: {TAG}");
    for (answers, if_range, note) in [
        (
            [break_off(2_500, &content(), TAG), serve(&content(), TAG)],
            Some(TAG),
            "going on with s.bin at 2.50 kB",
        ),
        // Weak tags do not vouch for bytes; dates stand in for tags.
        (
            [
                break_off(2_500, &content(), "W/\"v1\""),
                serve(&content(), "W/\"v1\""),
            ],
            None,
            "starting over",
        ),
        (
            [whole(&dated, &content()[..2_500]), serve(&content(), date)],
            Some(date),
            "going on",
        ),
        (
            [
                break_off(2_500, &content(), TAG),
                whole(&tagged, &content()),
            ],
            Some(TAG),
            "it ignores Range); starting over",
        ),
        (
            [
                break_off(2_500, &[b'o'; 10_000], "\"v0\""),
                serve(&content(), TAG),
            ],
            Some("\"v0\""),
            "the file has changed on the server; starting over",
        ),
    ] {
        let (server, scene) = scene(answers);
        scene.expect(&content());
        assert_eq!(server.requests()[1].header("if-range"), if_range, "{note}");
        assert_eq!(server.starts(), [None, if_range.map(|_| 2_500)], "{note}");
        assert!(scene.noted(note), "{note}");
    }
}

#[test]
fn server_that_ignores_range_and_always_breaks_off() {
    let head = format!("200 OK\nContent-Length: 10000\nETag: {TAG}");
    let (server, scene) = scene([always(&head, &content()[..5_000])]);
    scene.fails(&["after 2 retries without headway"]);
    // That each attempt begins again and gets as far as the first is no headway.
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn ranges_that_were_not_asked_for() {
    for range in ["bytes 2501-9999/10000", "nonsense"] {
        let head = format!("206 Partial Content\nContent-Range: {range}");
        let (server, scene) = scene([
            break_off(2_500, &content(), TAG),
            always(&head, &content()[2_500..]),
        ]);
        scene.fails(&["where bytes 2500 to the end"]);
        assert_eq!(server.requests().len(), 2);
        assert_eq!(fs::read(scene.part()).unwrap(), content()[..2_500]);
    }
    let (_server, scene) = scene([always("206 Partial Content", &content())]);
    scene.fails(&["status 206"]);
}

#[test]
fn a_rest_of_another_total() {
    let head = "206 Partial Content\nContent-Range: bytes 2500-8999/9000";
    let (_server, scene) = scene([
        break_off(2_500, &content(), TAG),
        always(head, &content()[2_500..9_000]),
    ]);
    scene.fails(&["offers 9000 bytes"]);
}

#[test]
fn nothing_more() {
    // The size is not known, and the part is complete.
    let server = Server::start([break_off(10_000, &content(), TAG), serve(&content(), TAG)]);
    let scene = Scene::new(source(&server.url("x"), ""));
    scene.fetch().unwrap();
    fs::rename(scene.place().file(), scene.part()).unwrap();
    let version = format!(
        "{{\"url\": \"{}\", \"validator\": \"\\\"v1\\\"\"}}",
        server.url("x")
    );
    fs::write(scene.place().version(), version).unwrap();
    scene.expect(&content());
    assert_eq!(server.starts(), [None, Some(10_000)]);

    // The part is longer than the file.
    let server = Server::start([
        break_off(10_001, &[b'x'; 10_002], TAG),
        serve(&content(), TAG),
        serve(&content(), TAG),
    ]);
    let scene = Scene::new(source(&server.url("x"), ""));
    scene.expect(&content());
    assert_eq!(server.starts(), [None, Some(10_001), None]);
    assert!(scene.noted("nothing after byte 10001"));
}
