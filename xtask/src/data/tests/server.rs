//! A server on this machine that answers by a script, with all the faults of real ones.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// One answer: from the request to the bytes that are sent.
pub(super) type Answer = Box<dyn Fn(&Request) -> Reply + Send>;

/// A request, as it came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The request line and the headers.
    pub(super) text: String,
    /// The address of the server, as `http://host:port`.
    pub(super) base: String,
}

/// What is sent, and then.
#[derive(Debug)]
pub(super) struct Reply {
    bytes: Vec<u8>,
    /// Whether the connection then stays open in silence.
    silent: bool,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Request {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().skip(1).find_map(|line| {
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
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let thread = {
            let (requests, ended) = (Arc::clone(&requests), Arc::clone(&ended));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    let mut stream = stream.unwrap();
                    let Some(request) = read_request(&mut stream, address) else {
                        continue;
                    };
                    let reply = answers[0](&request);
                    requests.lock().unwrap().push(request);
                    if answers.len() > 1 {
                        answers.pop_front();
                    }
                    // The client may have gone already.
                    let _ = stream.write_all(&reply.bytes);
                    if reply.silent {
                        wait_for_the_end(&mut stream);
                    }
                }
            })
        };
        Self {
            address,
            requests,
            ended,
            thread: Some(thread),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let result = thread.join();
            if !std::thread::panicking() {
                result.unwrap();
            }
        }
    }
}

fn read_request(stream: &mut TcpStream, address: SocketAddr) -> Option<Request> {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    if text.starts_with("CONNECT ") {
        // As a proxy does: from here on, the connection is to the other side.
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let inner = read_request(stream, address)?;
        return Some(Request {
            text: format!("{text}{}", inner.text),
            ..inner
        });
    }
    Some(Request {
        text,
        base: format!("http://{address}"),
    })
}

fn wait_for_the_end(stream: &mut TcpStream) {
    let mut bytes = [0; 16];
    while matches!(stream.read(&mut bytes), Ok(length) if length > 0) {}
}

/// Exactly these bytes.
pub(super) fn raw(head: &str, body: &[u8]) -> Reply {
    let mut bytes = format!("HTTP/1.1 {}\r\n\r\n", head.replace('\n', "\r\n")).into_bytes();
    bytes.extend(body);
    Reply {
        bytes,
        silent: false,
    }
}

/// An answer that does not depend on the request.
pub(super) fn always(head: &str, body: &[u8]) -> Answer {
    let (head, body) = (head.to_owned(), body.to_owned());
    Box::new(move |_| raw(&head, &body))
}

/// A good server: the file, or the rest of it when the tag is right.
pub(super) fn serve(file: &[u8], etag: &str) -> Answer {
    let (file, etag) = (file.to_owned(), etag.to_owned());
    Box::new(move |request| whole_or_rest(request, &file, &etag))
}

/// A good server whose connection breaks off after so many bytes of the body.
pub(super) fn break_off(after: usize, file: &[u8], etag: &str) -> Answer {
    let (file, etag) = (file.to_owned(), etag.to_owned());
    Box::new(move |request| cut(whole_or_rest(request, &file, &etag), after))
}

/// A good server that falls silent after so many bytes of the body.
pub(super) fn fall_silent(after: usize, file: &[u8], etag: &str) -> Answer {
    let (file, etag) = (file.to_owned(), etag.to_owned());
    Box::new(move |request| Reply {
        silent: true,
        ..cut(whole_or_rest(request, &file, &etag), after)
    })
}

/// The whole file, whatever was asked for.
pub(super) fn ignore_range(file: &[u8], etag: &str) -> Answer {
    let (file, etag) = (file.to_owned(), etag.to_owned());
    Box::new(move |_| whole(&file, &etag))
}

/// Sends the client elsewhere.
pub(super) fn redirect(path: &str) -> Answer {
    let path = path.to_owned();
    Box::new(move |request| {
        raw(
            &format!(
                "302 Found\nLocation: {}/{path}\nContent-Length: 0",
                request.base
            ),
            b"",
        )
    })
}

fn whole(file: &[u8], etag: &str) -> Reply {
    raw(
        &format!("200 OK\nContent-Length: {}\nETag: {etag}", file.len()),
        file,
    )
}

fn whole_or_rest(request: &Request, file: &[u8], etag: &str) -> Reply {
    match request.range_start() {
        Some(start) if request.header("if-range") == Some(etag) => {
            let total = file.len();
            if start >= total {
                return raw(
                    &format!(
                        "416 Range Not Satisfiable\nContent-Range: bytes */{total}\nContent-Length: 0"
                    ),
                    b"",
                );
            }
            raw(
                &format!(
                    "206 Partial Content\nContent-Range: bytes {start}-{}/{total}\nContent-Length: {}\nETag: {etag}",
                    total - 1,
                    total - start
                ),
                &file[start..],
            )
        }
        _ => whole(file, etag),
    }
}

fn cut(mut reply: Reply, after: usize) -> Reply {
    let end = b"\r\n\r\n";
    let head = reply
        .bytes
        .windows(end.len())
        .position(|bytes| bytes == end)
        .unwrap();
    reply.bytes.truncate(head + end.len() + after);
    reply
}
