//! What can be asked for, whole or in part: RFC 9110, sections 13 and 14.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use hyper::{Response, StatusCode};

use super::body::{Answer, FilePart};

/// A thing with a revision.
pub(crate) struct Content {
    pub(crate) bytes: Stored,
    pub(crate) length: u64,
    /// Strong, with its quotes: equal tags mean equal bytes.
    pub(crate) etag: String,
    pub(crate) kind: &'static str,
    /// How long a client may use it without asking again.
    pub(crate) cache: &'static str,
}

/// Where its bytes are.
pub(crate) enum Stored {
    /// In the program.
    Memory(&'static [u8]),
    /// At the start of a file.
    File(File),
}

/// Ask each time whether it has changed.
pub(crate) const REVALIDATE: &str = "no-cache";
/// Too large to be kept twice: who asks stores it. Chromium's pages also read such an answer only as fast as they use it.
pub(crate) const NEVER: &str = "no-store";
/// Its address is that of these very bytes.
pub(crate) const FOREVER: &str = "public, max-age=31536000, immutable";

impl Content {
    /// The answer to a request with these headers.
    pub(crate) fn answer(self, asked: &HeaderMap) -> io::Result<Response<Answer>> {
        let texts = |name| asked.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let response = Response::builder()
            .header(ETAG, &self.etag)
            .header(CACHE_CONTROL, self.cache)
            .header(ACCEPT_RANGES, "bytes");
        // A list may be on several lines.
        let mut tags = texts(IF_NONE_MATCH).flat_map(|line| line.split(',')).map(str::trim);
        let known = tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.etag);
        if known {
            return Ok(finished(response.status(StatusCode::NOT_MODIFIED), Answer::Bytes(Bytes::new())));
        }
        // A range of another revision would be joined to bytes that do not belong to it.
        let same = texts(IF_RANGE).next().is_none_or(|tag| tag == self.etag);
        let range = texts(RANGE)
            .next()
            .filter(|_| same)
            .map_or(Range::Whole, |range| parse_range(range, self.length));
        let (status, start, end) = match range {
            Range::Whole => (StatusCode::OK, 0, self.length),
            Range::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
            Range::Outside => {
                let response = response
                    .status(StatusCode::RANGE_NOT_SATISFIABLE)
                    .header(CONTENT_RANGE, format!("bytes */{}", self.length))
                    .header(CONTENT_LENGTH, 0);
                return Ok(finished(response, Answer::Bytes(Bytes::new())));
            }
        };
        let mut response =
            response.status(status).header(CONTENT_TYPE, self.kind).header(CONTENT_LENGTH, end - start);
        if status == StatusCode::PARTIAL_CONTENT {
            response = response.header(CONTENT_RANGE, format!("bytes {start}-{}/{}", end - 1, self.length));
        }
        let body = match self.bytes {
            Stored::Memory(bytes) => Answer::Bytes(Bytes::from_static(&bytes[start as usize..end as usize])),
            Stored::File(mut file) => {
                file.seek(SeekFrom::Start(start))?;
                Answer::File(FilePart::new(file, end - start))
            }
        };
        Ok(finished(response, body))
    }
}

fn finished(response: hyper::http::response::Builder, body: Answer) -> Response<Answer> {
    response.body(body).expect("the headers are ours")
}

#[derive(Debug, PartialEq)]
enum Range {
    Whole,
    /// First byte and the one after the last.
    Part(u64, u64),
    Outside,
}

/// A header that is no single byte range is ignored, as the RFC allows.
fn parse_range(header: &str, length: u64) -> Range {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Whole;
    };
    let number = |digits: &str| {
        // `parse` would take a sign.
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten()
    };
    let (start, end) = match (number(first.trim()), number(last.trim())) {
        (Some(start), Some(last)) if start <= last => (start, last.saturating_add(1).min(length)),
        (Some(start), None) if last.trim().is_empty() => (start, length),
        (None, Some(suffix)) if first.trim().is_empty() => (length.saturating_sub(suffix), length),
        _ => return Range::Whole,
    };
    if start < end { Range::Part(start, end) } else { Range::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let check = |header: &str, expected: Range| assert_eq!(parse_range(header, 10), expected, "{header}");
        check("bytes=2-4", Range::Part(2, 5));
        check("bytes=8-99", Range::Part(8, 10));
        check("bytes=3-", Range::Part(3, 10));
        check("bytes=-3", Range::Part(7, 10));
        check("bytes=-99", Range::Part(0, 10));
        check("bytes=0-18446744073709551615", Range::Part(0, 10));
        check("bytes=10-", Range::Outside);
        check("bytes=-0", Range::Outside);
        check("bytes=4-2", Range::Whole);
        check("bytes=1-2,4-5", Range::Whole);
        check("bytes=+1-2", Range::Whole);
        check("bytes=-", Range::Whole);
        check("bytes=99999999999999999999-", Range::Whole);
        check("lines=1-2", Range::Whole);
    }
}
