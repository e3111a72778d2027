//! Headers of every answer. `docs/hosting.md` says what each is for, and hosts of the app elsewhere send the same.

use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};

use super::body::Answer;

/// Name and value.
pub(crate) const PROTECTION: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Code comes from here only; models may come from any address that the user enters.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    connect-src 'self' http: https:; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Adds them to an answer.
pub(crate) fn protect(answer: &mut Response<Answer>) {
    for (name, value) in PROTECTION {
        answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Lets a page of another origin use the answer, and see what a download needs to see.
pub(crate) fn share(answer: &mut Response<Answer>, origin: HeaderValue) {
    let shared = [
        ("access-control-allow-headers", "range, if-range"),
        ("access-control-allow-methods", "GET, HEAD"),
        ("access-control-allow-private-network", "true"),
        ("access-control-expose-headers", "content-range, etag"),
        ("cross-origin-resource-policy", "cross-origin"),
    ];
    let headers = answer.headers_mut();
    for (name, value) in shared {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.insert(HeaderName::from_static("access-control-allow-origin"), origin);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other hosts of the app must not be weaker than this server, and its tests must not either.
    #[test]
    fn the_container_the_documentation_and_the_browser_tests_have_the_same_headers() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for file in ["container/nginx.conf", "docs/hosting.md", "web/tests/server.mjs"] {
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            for (name, value) in PROTECTION {
                let found =
                    text.lines().any(|line| line.to_lowercase().contains(name) && line.contains(value));
                assert!(found, "{file} has no line with `{name}` and `{value}`");
            }
        }
    }
}
