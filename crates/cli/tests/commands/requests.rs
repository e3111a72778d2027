//! Requests to `rullama serve` that few clients send, and which it must understand all the same.

use crate::program::{rullama, text};
use crate::server::{Server, app, serve};

const GONE: &str = "there is nothing of this name\n";

/// RFC 9110, section 14.2.
#[test]
fn parts_are_for_get() {
    let server = Server::start(serve(&app("requests-head")));
    let answer = server.ask("HEAD /assets/a%20b.wasm", &["Range: bytes=2-4"]);
    assert_eq!(answer.status(), 200, "{}", answer.head);
    assert!(answer.head.contains("content-length: 10"), "{}", answer.head);
    assert!(!answer.head.contains("content-range"), "{}", answer.head);
    server.check("HEAD /assets/a%20b.wasm", &["Range: bytes=99-"], 200, &[], "");
}

#[test]
fn a_list_of_tags_may_be_on_several_lines() {
    let server = Server::start(serve(&app("requests-tags")));
    let head = server.ask("GET /", &[]).head;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let known = format!("If-None-Match: {tag}");
    server.check("GET /", &["If-None-Match: \"x\", \"y\"", &known], 304, &[], "");
    server.check("GET /", &["If-None-Match: \"x\"", "If-None-Match: \"y\""], 200, &[], "<p>");
}

/// RFC 9112, section 3.2.2.
#[test]
fn the_host_of_a_whole_address_decides() {
    let server = Server::start(serve(&app("requests-absolute")));
    let status = |target: &str, host: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        server.status(request.as_bytes())
    };
    assert_eq!(status("http://localhost:8088/", "localhost"), 200);
    assert_eq!(status("http://localhost", "localhost"), 200);
    assert_eq!(status("http://localhost/", "example.org"), 200);
    assert_eq!(status("http://example.org/", "localhost"), 403);
    assert_eq!(status("http://localhost@example.org/", "localhost"), 403);
    assert_eq!(status("http://example.org/api/models", "localhost"), 403);
    assert_eq!(status("/", "localhost."), 200);
    assert_eq!(status("/", "example.org."), 403);
}

/// A name that the system says is of this machine, and that is none of those that everybody knows.
#[test]
fn the_name_it_is_given_is_answered_to() {
    let program = rullama(["serve", "--port", "0", "--host", "127.1", "--app", &text(&app("requests-name"))]);
    let server = Server::start(program);
    let status = |host: &str| {
        server.status(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
    };
    assert_eq!(status("127.1:8088"), 200);
    assert_eq!(status("localhost"), 200);
    for host in ["example.org", "127.1.example.org", "127.2", "128.1"] {
        assert_eq!(status(host), 403, "{host}");
    }
}

#[test]
fn paths_of_the_api_are_decoded() {
    let program = serve(&app("requests-decoded")).env("OLLAMA_MODELS", app("requests-decoded-store"));
    let server = Server::start(program);
    let list = r#"{"models":[]}"#;
    server.check("GET /%61pi/models", &[], 200, &["vary: origin"], list);
    server.check("GET /api/%6dodels?x", &[], 200, &[], list);
    for path in ["/api/models/", "/api/", "/api", "/api/%2e%2e/index.html", "/%61pi/../index.html"] {
        server.check(&format!("GET {path}"), &[], 404, &[], GONE);
    }
    for path in ["/api/blob/%2e%2e%2fmodels", "/api/blob/..%5cx", "/api/blob/sha256%2Dx", "/api/%zz"] {
        server.check(&format!("GET {path}"), &[], 404, &[], GONE);
    }
}

#[test]
fn a_folder_is_sent_to_the_path_that_its_page_counts_on() {
    let app = app("requests-folders");
    std::fs::create_dir_all(app.join("sub/in ner")).unwrap();
    std::fs::write(app.join("sub/index.html"), "<p>sub").unwrap();
    std::fs::write(app.join("sub/in ner/index.html"), "<p>inner").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(app.parent().unwrap(), app.join("sub/above")).unwrap();
    std::fs::write(app.parent().unwrap().join("index.html"), "secret").unwrap();
    let server = Server::start(serve(&app));
    let page = "the path of a folder ends with a slash\n";
    server.check("GET /sub", &[], 301, &["location: ./sub/\r\n"], page);
    server.check("HEAD /sub?x=1", &[], 301, &["location: ./sub/?x=1\r\n"], "");
    server.check("GET /sub/in%20ner", &[], 301, &["location: ./in%20ner/\r\n"], page);
    server.check("GET /sub/", &[], 200, &[], "<p>sub");
    server.check("GET /sub/in%20ner/", &[], 200, &[], "<p>inner");
    for path in ["/sub/above", "/sub/above/", "/..", "/../app", "/../app/", "/sub/..", "/assets"] {
        server.check(&format!("GET {path}"), &[], 404, &[], GONE);
    }
}

#[test]
fn a_file_from_before_1970_is_served() {
    let app = app("requests-old");
    let old = std::time::UNIX_EPOCH - std::time::Duration::from_secs(3600);
    std::fs::File::options().write(true).open(app.join("index.html")).unwrap().set_modified(old).unwrap();
    let server = Server::start(serve(&app));
    server.check("GET /", &[], 200, &["etag: \"3--", "content-length: 3"], "<p>");
}

/// To open a pipe is to wait for whoever writes into it, which is nobody.
#[cfg(unix)]
#[test]
fn a_pipe_in_the_folder_holds_nobody_up() {
    let app = app("requests-pipe");
    crate::program::pipe(&app.join("pipe"));
    crate::program::pipe(&app.join("assets/index.html"));
    let server = Server::start(serve(&app));
    for path in ["/pipe", "/assets/", "/assets"] {
        server.check(&format!("GET {path}"), &[], 404, &[], GONE);
    }
    server.check("GET /", &[], 200, &[], "<p>");
}

#[test]
fn origins_that_no_browser_sends_are_refused() {
    let check = |origin: &str, says: &str| {
        let ran = rullama(["serve", "--allow-origin", origin]).run();
        ran.failed(2, &["--allow-origin", says]);
    };
    check("*", "`*`");
    check("https://a.example,https://b.example", "`,`");
    check("https://example.org:", "no port");
    check("https://example.org/", "`/` is a path");

    let app = text(&app("requests-origin"));
    let given = ["--allow-origin", "https://Example.org:443"];
    let server = Server::start(rullama(["serve", "--port", "0", "--app", &app].iter().chain(&given)));
    let shared = ["access-control-allow-origin: https://example.org\r\n"];
    server.check("GET /api/models", &["Origin: https://example.org"], 200, &shared, r#"{"models":[]}"#);
}
