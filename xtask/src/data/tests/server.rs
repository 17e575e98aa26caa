//! A server on this machine that answers by a script, with all the faults of real ones.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer: from the request to the bytes that are sent.
pub(super) type Answer = Box<dyn Fn(&Request) -> Reply + Send>;

/// A request, as it came: the request line and the headers.
#[derive(Clone, Debug)]
pub(super) struct Request(pub(super) String);

/// What is sent, and whether the connection then stays open in silence.
pub(super) struct Reply {
    head: String,
    body: Vec<u8>,
    is_silent: bool,
}

/// The server; its thread ends with the tests.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Request {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.0.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The first byte that is asked for.
    pub(super) fn range_start(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

impl Server {
    /// Answers each connection with the next answer, and closes it. The last answer is repeated.
    pub(super) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
        };
        let requests = Arc::clone(&server.requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(text) = read_request(&mut stream) else {
                    continue;
                };
                let request = Request(text);
                let reply = answers[0](&request);
                requests.lock().unwrap().push(request);
                if answers.len() > 1 {
                    answers.pop_front();
                }
                // The client may have gone already.
                let _ = stream.write_all(&[reply.head.as_bytes(), &reply.body].concat());
                if reply.is_silent {
                    let _ = stream.read_to_end(&mut Vec::new());
                }
            }
        });
        server
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The first bytes that were asked for, request by request.
    pub(super) fn starts(&self) -> Vec<Option<usize>> {
        self.requests().iter().map(Request::range_start).collect()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let limit = Some(Duration::from_secs(5));
    stream.set_read_timeout(limit).unwrap();
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    if text.starts_with("CONNECT ") {
        // As a proxy does: from here on, the connection is to the other side.
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        return Some(text + &read_request(stream)?);
    }
    Some(text)
}

fn reply(head: &str, body: &[u8]) -> Reply {
    Reply {
        head: format!("HTTP/1.1 {}\r\n\r\n", head.replace('\n', "\r\n")),
        body: body.to_owned(),
        is_silent: false,
    }
}

/// Exactly these bytes, whatever is asked for.
pub(super) fn always(head: &str, body: &[u8]) -> Answer {
    let (head, body) = (head.to_owned(), body.to_owned());
    Box::new(move |_| reply(&head, &body))
}

/// A file in one chunk.
pub(super) fn chunked(file: &[u8]) -> Answer {
    let head = format!("{:x}\r\n", file.len());
    let body = [head.as_bytes(), file, b"\r\n0\r\n\r\n"].concat();
    always("200 OK\nTransfer-Encoding: chunked", &body)
}

/// A file that ends with the connection.
pub(super) fn until_closed(file: &[u8]) -> Answer {
    always("200 OK\nConnection: close", file)
}

/// A good server: the file, or the rest of it when the tag is right.
pub(super) fn serve(file: &[u8], etag: &str) -> Answer {
    break_off(usize::MAX, file, etag)
}

/// A good server whose connection breaks off after so many bytes of the body.
pub(super) fn break_off(after: usize, file: &[u8], etag: &str) -> Answer {
    let (file, etag) = (file.to_owned(), etag.to_owned());
    Box::new(move |request| {
        let mut reply = whole_or_rest(request, &file, &etag);
        reply.body.truncate(after);
        reply
    })
}

/// A good server that falls silent after so many bytes of the body.
pub(super) fn fall_silent(after: usize, file: &[u8], etag: &str) -> Answer {
    let answer = break_off(after, file, etag);
    Box::new(move |request| Reply {
        is_silent: true,
        ..answer(request)
    })
}

/// Sends the client elsewhere.
pub(super) fn redirect(path: &str) -> Answer {
    always(
        &format!("302 Found\nLocation: /{path}\nContent-Length: 0"),
        b"",
    )
}

fn whole_or_rest(request: &Request, file: &[u8], etag: &str) -> Reply {
    let total = file.len();
    let start = request.range_start();
    let (status, range, body) = match start.filter(|_| request.header("if-range") == Some(etag)) {
        None => ("200 OK", None, file),
        Some(start) if start >= total => (
            "416 Range Not Satisfiable",
            Some(format!("*/{total}")),
            &file[total..],
        ),
        Some(start) => (
            "206 Partial Content",
            Some(format!("{start}-{}/{total}", total - 1)),
            &file[start..],
        ),
    };
    let range = range.map_or(String::new(), |range| {
        format!("\nContent-Range: bytes {range}")
    });
    let length = body.len();
    let head = format!("{status}\nContent-Length: {length}\nETag: {etag}{range}");
    reply(&head, body)
}
