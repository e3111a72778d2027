//! From a request to its answer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION,
    ORIGIN, RANGE, VARY,
};
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::task::JoinError;

use super::app::{App, Found, decode};
use super::body::Answer;
use super::content::REVALIDATE;
use super::{headers, models};

/// Everything that is served, and to whom.
pub(crate) struct Site {
    /// None where the program was compiled without the app.
    pub(crate) app: Option<Arc<App>>,
    /// The folders of the Ollama stores.
    pub(crate) stores: Vec<PathBuf>,
    /// The names it answers to.
    pub(crate) hosts: Hosts,
    /// Other origins whose pages may read models, such as `https://example.org`.
    pub(crate) origins: Vec<String>,
}

/// The names that a server answers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Hosts {
    /// Those of this machine itself. A page elsewhere whose name was made to lead here sends its own.
    Loopback {
        /// Another one: the name that the server was told to listen on.
        named: String,
    },
    /// Whatever leads here.
    Any,
}

impl Site {
    /// Never fails: what goes wrong is an answer too.
    pub(crate) async fn answer(&self, request: &Request<Incoming>) -> Response<Answer> {
        let asked = request.headers();
        let path = decode(request.uri().path());
        let is_api = path.as_deref().is_some_and(|path| path.starts_with(API));
        let origin = asked.get(ORIGIN).filter(|origin| {
            is_api && self.origins.iter().any(|allowed| origin.as_bytes() == allowed.as_bytes())
        });
        let mut answer = match self.refusal(request) {
            Some(refusal) => refusal,
            None if request.method() == Method::OPTIONS => said(StatusCode::NO_CONTENT, ""),
            None => match path {
                Some(path) => self.find(path, request).await,
                None => nothing(),
            },
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
        // A target with a host of its own is for that one: RFC 9112, section 3.2.2.
        let host = request.uri().authority().map_or_else(|| host.to_str(), |host| Ok(host.as_str()));
        if !host.is_ok_and(|host| self.hosts.answer_to(host)) {
            let message = "this server answers to `localhost` and the name that `--host` gives it\n";
            return Some(said(StatusCode::FORBIDDEN, message));
        }
        None
    }

    async fn find(&self, path: String, request: &Request<Incoming>) -> Response<Answer> {
        let mut asked = request.headers().clone();
        if request.method() != Method::GET {
            // Parts are for GET: RFC 9110, section 14.2.
            asked.remove(RANGE);
        }
        let is_root = path.is_empty();
        let found = match path.strip_prefix(API) {
            Some("models") => {
                let stores = self.stores.clone();
                blocking(move || Some(Ok(json(models::list(&stores))))).await
            }
            Some(rest) => {
                let blob = rest.strip_prefix("blob/").map(str::to_owned);
                let stores = self.stores.clone();
                blocking(move || models::blob(&stores, &blob?, &asked)).await
            }
            None => {
                let (app, folder) = (self.app.clone(), slash_behind(request.uri()));
                blocking(move || {
                    app?.find(&path).map(|found| match found {
                        Found::File(content) => content.answer(&asked),
                        Found::Folder => Ok(moved(&folder)),
                    })
                })
                .await
            }
        };
        match found {
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(error))) => {
                said(StatusCode::INTERNAL_SERVER_ERROR, &format!("the file cannot be read: {error}\n"))
            }
            Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made\n"),
            Ok(None) if self.app.is_none() && is_root => said(StatusCode::NOT_FOUND, NO_APP),
            Ok(None) => nothing(),
        }
    }
}

/// What paths begin with that are not the app's.
const API: &str = "api/";

/// What a program without the app says.
pub(crate) const NO_APP: &str = "this `rullama` was compiled without the web app; \
    `cargo xtask web` builds it, and `rullama serve --app web/dist` serves it\n";

/// An answer, if there is something to answer with.
type Looked = Option<io::Result<Response<Answer>>>;

/// Work on files whose time nobody knows; an error if it panicked.
async fn blocking(work: impl FnOnce() -> Looked + Send + 'static) -> Result<Looked, JoinError> {
    tokio::task::spawn_blocking(work).await
}

impl Hosts {
    /// Whether a request for this host, with any port, is for this server.
    fn answer_to(&self, host: &str) -> bool {
        let Hosts::Loopback { named } = self else { return true };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        // A name with a dot at its end is the same one, complete.
        let complete = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let name = complete(name);
        name == complete(named) || is_loopback(&name)
    }
}

/// `localhost`, its subdomains, and the loopback addresses.
fn is_loopback(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost"
        || name.ends_with(".localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The address of the folder that is asked for without a slash. It is relative, so that it holds behind a proxy too.
fn slash_behind(asked: &Uri) -> String {
    let name = asked.path().rsplit('/').next().unwrap_or_default();
    let query = asked.query().map_or(String::new(), |query| format!("?{query}"));
    format!("./{name}/{query}")
}

fn moved(address: &str) -> Response<Answer> {
    // What no header can hold leads nowhere.
    let Ok(address) = HeaderValue::from_str(address) else { return nothing() };
    let mut answer = said(StatusCode::MOVED_PERMANENTLY, "the path of a folder ends with a slash\n");
    answer.headers_mut().insert(LOCATION, address);
    answer
}

fn nothing() -> Response<Answer> {
    said(StatusCode::NOT_FOUND, "there is nothing of this name\n")
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
        let hosts = Hosts::Loopback { named: "Box.example".to_owned() };
        let check = |host: &str, expected: bool| assert_eq!(hosts.answer_to(host), expected, "{host}");
        check("localhost", true);
        check("LocalHost:8088", true);
        check("rullama.localhost:1", true);
        check("127.0.0.1:8088", true);
        check("127.1.2.3", true);
        check("[::1]:8088", true);
        check("localhost.:8088", true);
        check("rullama.localhost.", true);
        check("box.example:8088", true);
        check("BOX.example.", true);
        check("a.box.example", false);
        check("box", false);
        check("localhost..", false);
        check("example.org", false);
        check("localhost.example.org", false);
        check("127.0.0.1.example.org:80", false);
        check("192.168.0.1:8088", false);
        check("localhost:8088@example.org", false);
        check("", false);
    }
}
