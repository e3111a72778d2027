//! A small static file server for the built page, on 127.0.0.1 only.
//!
//! One thread and one request per connection; GET and HEAD with single byte ranges (RFC 9110, section 14).

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A request line with headers is far below this; more is refused with 431.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// A client that says nothing for this long loses its thread.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Cross-origin isolation gives the page shared memory and fine timers; `no-cache` lets a rebuilt page show at once.
const HEADERS: &str = "Cross-Origin-Opener-Policy: same-origin\r\n\
    Cross-Origin-Embedder-Policy: require-corp\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Cache-Control: no-cache\r\n\
    Accept-Ranges: bytes\r\n\
    Connection: close\r\n";

/// Serves `folder` on `port` until the program is stopped.
pub(crate) fn forever(folder: &Path, port: u16) -> Result<(), String> {
    if !folder.join("index.html").is_file() {
        return Err(format!("{} holds no index.html; `cargo xtask web` builds it", folder.display()));
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!(
                "port {port} is in use; stop the program that holds it, or choose another with `--port N`"
            )
        }
        _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
    })?;
    println!("http://127.0.0.1:{port} serves {}; Ctrl-C stops", folder.display());
    accept(&listener, folder)
}

fn accept(listener: &TcpListener, folder: &Path) -> Result<(), String> {
    let root = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
    for stream in listener.incoming() {
        let root = root.clone();
        // A connection that breaks concerns only its client, who sees it there.
        std::thread::spawn(move || stream.and_then(|stream| answer(stream, &root)));
    }
    Ok(())
}

fn answer(mut stream: TcpStream, root: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_write_timeout(Some(SILENCE_MAX))?;
    let Some(head) = read_head(&mut stream)? else {
        return refuse(&mut stream, "431 Request Header Fields Too Large");
    };
    let mut words = head.lines().next().unwrap_or("").split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    if method != "GET" && method != "HEAD" {
        return refuse(&mut stream, "405 Method Not Allowed\r\nAllow: GET, HEAD");
    }
    let Some((path, mut file)) =
        locate(root, target).and_then(|path| Some((path.clone(), File::open(path).ok()?)))
    else {
        return refuse(&mut stream, "404 Not Found");
    };

    let size = file.metadata()?.len();
    let range = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("range").then(|| parse_range(value.trim(), size))
    });
    let (status, start, end) = match range.unwrap_or(Range::Whole) {
        Range::Whole => ("200 OK".to_owned(), 0, size),
        Range::Part(start, end) => {
            (format!("206 Partial Content\r\nContent-Range: bytes {start}-{}/{size}", end - 1), start, end)
        }
        Range::Outside => {
            return refuse(
                &mut stream,
                &format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{size}"),
            );
        }
    };
    let (kind, length) = (mime(&path), end - start);
    write!(stream, "HTTP/1.1 {status}\r\n{HEADERS}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")?;
    if method == "GET" {
        file.seek(SeekFrom::Start(start))?;
        std::io::copy(&mut file.take(length), &mut stream)?;
    }
    Ok(())
}

fn refuse(stream: &mut TcpStream, status: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\n{HEADERS}Content-Length: 0\r\n\r\n")
}

/// The request line and headers, or none where they exceed the limit.
fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let (mut head, mut chunk) = (Vec::new(), [0; 2048]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&chunk[..read]);
        if head.len() > HEAD_BYTES_MAX {
            return Ok(None);
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// The file that a request target names; none where it does not exist or lies outside `root`.
fn locate(root: &Path, target: &str) -> Option<PathBuf> {
    let path = decode(target.split(['?', '#']).next()?.strip_prefix('/')?)?;
    let mut file = root.join(path).canonicalize().ok()?;
    if file.is_dir() {
        file = file.join("index.html").canonicalize().ok()?;
    }
    // Links and `..` are resolved by now, so the prefix decides.
    (file.starts_with(root) && file.is_file()).then_some(file)
}

/// Percent-decodes a path; none where it is malformed, absolute, or not UTF-8.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.starts_with('/') && !text.contains(['\\', '\0'])).then_some(text)
}

#[derive(Debug, PartialEq)]
enum Range {
    Whole,
    /// First byte and the one after the last.
    Part(u64, u64),
    Outside,
}

/// A header that is no single byte range is ignored, as the RFC allows.
fn parse_range(header: &str, size: u64) -> Range {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Whole;
    };
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(last)) => (start, last.saturating_add(1).min(size)),
        (Ok(start), Err(_)) if last.is_empty() => (start, size),
        (Err(_), Ok(length)) if first.is_empty() => (size.saturating_sub(length), size),
        _ => return Range::Whole,
    };
    if start < end { Range::Part(start, end) } else { Range::Outside }
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or("") {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" | "md" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `request` to a server over a fresh folder that holds `page/a b.wasm` with ten bytes.
    fn ask(request: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The port is this server's alone, so tests side by side have folders of their own.
        let folder = std::env::temp_dir().join(format!("rullama-serve-{}", address.port()));
        std::fs::create_dir_all(folder.join("page/sub")).unwrap();
        std::fs::write(folder.join("page/a b.wasm"), "0123456789").unwrap();
        std::fs::write(folder.join("page/sub/index.html"), "<p>").unwrap();
        std::fs::write(folder.join("secret"), "secret").unwrap();
        let root = folder.join("page").canonicalize().unwrap();
        std::thread::spawn(move || answer(listener.accept().unwrap().0, &root));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        // A refused request may be reset after the reply, when not all of it was read.
        let _ = stream.read_to_string(&mut reply);
        std::fs::remove_dir_all(folder).unwrap();
        reply
    }

    #[track_caller]
    fn check(request: &str, status: &str, contains: &str, body: &str) {
        let reply = ask(&format!("{request}\r\n\r\n"));
        let (head, reply_body) = reply.split_once("\r\n\r\n").expect("a reply has a head");
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {head}");
        assert!(head.contains(contains), "{request}: {head}");
        assert_eq!(reply_body, body, "{request}");
    }

    #[test]
    fn files_and_ranges() {
        let file = "GET /a%20b.wasm HTTP/1.1";
        check(file, "200 OK", "Content-Type: application/wasm", "0123456789");
        check("GET /a%20b.wasm?x=1 HTTP/1.1", "200 OK", "Embedder-Policy: require-corp", "0123456789");
        check("HEAD /a%20b.wasm HTTP/1.1", "200 OK", "Content-Length: 10", "");
        check("GET /sub/ HTTP/1.1", "200 OK", "text/html", "<p>");
        let range = |range: &str| format!("{file}\r\nrange: {range}");
        check(&range("bytes=2-4"), "206 ", "Content-Range: bytes 2-4/10", "234");
        check(&range("bytes=8-99"), "206 ", "Content-Range: bytes 8-9/10", "89");
        check(&range("bytes=-3"), "206 ", "Content-Range: bytes 7-9/10", "789");
        check(&range("bytes=10-"), "416 ", "Content-Range: bytes */10", "");
        check(&range("lines=1-2"), "200 ", "Content-Length: 10", "0123456789");
    }

    #[test]
    fn nothing_outside_the_folder() {
        check("GET /../secret HTTP/1.1", "404", "", "");
        check("GET /%2e%2e/secret HTTP/1.1", "404", "", "");
        check("GET //etc/passwd HTTP/1.1", "404", "", "");
        check("GET /%2Fetc/passwd HTTP/1.1", "404", "", "");
        check("GET /%zz HTTP/1.1", "404", "", "");
        check("GET nonsense HTTP/1.1", "404", "", "");
        check("POST /sub/ HTTP/1.1", "405", "Allow: GET, HEAD", "");
        assert!(ask(&"x".repeat(HEAD_BYTES_MAX + 4096)).starts_with("HTTP/1.1 431"));
    }

    #[test]
    fn a_port_in_use_is_named() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("rullama-port-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("index.html"), "").unwrap();
        let message = forever(&folder, port).unwrap_err();
        assert!(message.contains(&format!("port {port} is in use")), "{message}");
        assert!(forever(&folder.join("none"), port).unwrap_err().contains("holds no index.html"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
