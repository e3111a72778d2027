//! From a request to its answer.

use std::path::PathBuf;

use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, VARY,
};
use hyper::{Method, Request, Response, StatusCode};

use super::app::App;
use super::body::Answer;
use super::content::REVALIDATE;
use super::{headers, models};

/// Everything that is served, and to whom.
pub(crate) struct Site {
    /// None where the program was compiled without the app.
    pub(crate) app: Option<App>,
    /// The folders of the Ollama stores.
    pub(crate) stores: Vec<PathBuf>,
    /// The names it answers to.
    pub(crate) hosts: Hosts,
    /// Other origins whose pages may read models, such as `https://example.org`.
    pub(crate) origins: Vec<String>,
}

/// The names that a server answers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Hosts {
    /// Those of this machine itself. A page elsewhere whose name was made to lead here sends its own.
    Loopback,
    /// Whatever leads here.
    Any,
}

impl Site {
    /// Never fails: what goes wrong is an answer too.
    pub(crate) async fn answer(&self, request: &Request<Incoming>) -> Response<Answer> {
        let (path, asked) = (request.uri().path(), request.headers());
        let is_api = path.starts_with("/api/");
        let origin = asked.get(ORIGIN).filter(|origin| {
            is_api && self.origins.iter().any(|allowed| origin.as_bytes() == allowed.as_bytes())
        });
        let mut answer = match self.refusal(request) {
            Some(refusal) => refusal,
            None if request.method() == Method::OPTIONS => said(StatusCode::NO_CONTENT, ""),
            None => self.find(path, asked).await,
        };
        headers::protect(&mut answer);
        if is_api {
            answer.headers_mut().insert(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin {
            headers::share(&mut answer, origin.clone());
        }
        answer
    }

    /// Why the request is not looked at any further.
    fn refusal(&self, request: &Request<Incoming>) -> Option<Response<Answer>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            let refusal = said(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD are answered here\n");
            return Some(with(refusal, ALLOW, "GET, HEAD, OPTIONS"));
        }
        if !request.body().is_end_stream() {
            // What follows would be taken for the next request otherwise.
            let refusal = said(StatusCode::PAYLOAD_TOO_LARGE, "no request here has a body\n");
            return Some(with(refusal, CONNECTION, "close"));
        }
        let mut hosts = request.headers().get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Some(said(StatusCode::BAD_REQUEST, "a request has one Host header\n"));
        };
        if self.hosts == Hosts::Loopback && !host.to_str().is_ok_and(is_loopback) {
            let message = "this server answers to `localhost` only; start it with `--host` to be reached by another name\n";
            return Some(said(StatusCode::FORBIDDEN, message));
        }
        None
    }

    async fn find(&self, path: &str, asked: &HeaderMap) -> Response<Answer> {
        if path == "/api/models" {
            let stores = self.stores.clone();
            return match blocking(move || models::list(&stores)).await {
                Some(list) => json(list),
                None => said(StatusCode::INTERNAL_SERVER_ERROR, "the list of models could not be made\n"),
            };
        }
        let found = match path.strip_prefix("/api/blob/") {
            Some(name) => {
                let (stores, name, asked) = (self.stores.clone(), name.to_owned(), asked.clone());
                blocking(move || models::blob(&stores, &name, &asked)).await.flatten()
            }
            // Opening a file of the app is a matter of microseconds.
            None => self.app.as_ref().and_then(|app| app.find(path)).map(|content| content.answer(asked)),
        };
        match found {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                said(StatusCode::INTERNAL_SERVER_ERROR, &format!("the file cannot be read: {error}\n"))
            }
            None if self.app.is_none() && path == "/" => said(StatusCode::NOT_FOUND, NO_APP),
            None => said(StatusCode::NOT_FOUND, "there is nothing of this name\n"),
        }
    }
}

/// What a program without the app says.
pub(crate) const NO_APP: &str = "this `rullama` was compiled without the web app; \
    `cargo xtask web` builds it, and `rullama serve --app web/dist` serves it\n";

/// Work on files whose time nobody knows; none if it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// `localhost`, its subdomains, and the loopback addresses, with any port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    name == "localhost"
        || name.ends_with(".localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn said(status: StatusCode, text: &str) -> Response<Answer> {
    let answer = Response::builder().status(status).header(CACHE_CONTROL, REVALIDATE);
    let answer = match text {
        "" => answer,
        _ => answer.header(CONTENT_TYPE, "text/plain; charset=utf-8").header(CONTENT_LENGTH, text.len()),
    };
    answer.body(Answer::Bytes(Bytes::copy_from_slice(text.as_bytes()))).expect("the headers are ours")
}

fn json(text: String) -> Response<Answer> {
    let answer = Response::builder()
        .header(CONTENT_TYPE, "application/json")
        .header(CACHE_CONTROL, REVALIDATE)
        .header(CONTENT_LENGTH, text.len());
    answer.body(Answer::Bytes(text.into())).expect("the headers are ours")
}

fn with(mut answer: Response<Answer>, name: HeaderName, value: &'static str) -> Response<Answer> {
    answer.headers_mut().insert(name, HeaderValue::from_static(value));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        let check = |host: &str, expected: bool| assert_eq!(is_loopback(host), expected, "{host}");
        check("localhost", true);
        check("LocalHost:8088", true);
        check("rullama.localhost:1", true);
        check("127.0.0.1:8088", true);
        check("127.1.2.3", true);
        check("[::1]:8088", true);
        check("example.org", false);
        check("localhost.example.org", false);
        check("127.0.0.1.example.org:80", false);
        check("192.168.0.1:8088", false);
        check("localhost:8088@example.org", false);
        check("", false);
    }
}
