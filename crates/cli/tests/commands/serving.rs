//! `rullama serve`, asked through real connections.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::program::{folder, rullama, text};
use crate::server::{Server, app, serve};

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A store with a whole model, a model that is still being fetched, and one whose manifest is broken.
fn store(name: &str) -> (PathBuf, String) {
    let store = folder(name);
    let blob = |content: &[u8]| {
        let hex = hex(content);
        std::fs::create_dir_all(store.join("blobs")).unwrap();
        std::fs::write(store.join(format!("blobs/sha256-{hex}")), content).unwrap();
        format!("sha256:{hex}")
    };
    let manifest = |path: &str, content: &Value| {
        let path = store.join("manifests/registry.ollama.ai/library").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.to_string()).unwrap();
    };
    let digest = blob(b"GGUF and so on");
    let layers = |digest: &str, size: u64| json!([{ "mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": size }]);
    let config = blob(br#"{"model_family":"gemma4"}"#);
    manifest("gemma4/tiny", &json!({ "config": { "digest": config }, "layers": layers(&digest, 14) }));
    manifest("gemma4/partial", &json!({ "layers": layers(&digest, 15) }));
    manifest("gemma4/broken", &json!({ "error": "not found" }));
    (store, digest)
}

#[test]
fn files_ranges_and_revisions() {
    let server = Server::start(serve(&app("serve-files")));
    let file = "GET /assets/a%20b.wasm";
    server.check(
        file,
        &[],
        200,
        &["content-type: application/wasm", "content-length: 10", "immutable"],
        "0123456789",
    );
    server.check("GET /assets/a%20b.wasm?x=1", &[], 200, &["accept-ranges: bytes"], "0123456789");
    server.check("HEAD /assets/a%20b.wasm", &[], 200, &["content-length: 10"], "");
    server.check("GET /", &[], 200, &["text/html", "cache-control: no-cache"], "<p>");
    server.check(
        file,
        &["Range: bytes=2-4"],
        206,
        &["content-range: bytes 2-4/10", "content-length: 3"],
        "234",
    );
    server.check(file, &["Range: bytes=8-99"], 206, &["content-range: bytes 8-9/10"], "89");
    server.check(file, &["Range: bytes=-3"], 206, &["content-range: bytes 7-9/10"], "789");
    server.check(file, &["Range: bytes=10-"], 416, &["content-range: bytes */10"], "");
    server.check(file, &["Range: lines=1-2"], 200, &[], "0123456789");

    let head = server.ask(file, &[]).head;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    server.check(file, &[&format!("If-None-Match: \"x\", {tag}")], 304, &["etag"], "");
    server.check(file, &["If-None-Match: \"x\""], 200, &[], "0123456789");
    server.check(file, &["Range: bytes=5-", &format!("If-Range: {tag}")], 206, &[], "56789");
    server.check(file, &["Range: bytes=5-", "If-Range: \"x\""], 200, &[], "0123456789");
}

#[test]
fn every_answer_is_protected() {
    let server = Server::start(serve(&app("serve-headers")));
    for request in
        ["GET /", "GET /none", "POST /", "GET /api/models", "GET /api/blob/x", "OPTIONS /api/models"]
    {
        let head = server.ask(request, &["Origin: https://example.org"]).head;
        for line in [
            "cross-origin-opener-policy: same-origin",
            "cross-origin-embedder-policy: require-corp",
            "cross-origin-resource-policy: same-origin",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval';",
        ] {
            assert!(head.contains(line), "{request}: no `{line}` in {head}");
        }
        assert!(!head.contains("access-control"), "{request} is open to other origins: {head}");
    }
}

#[test]
fn nothing_outside_the_folder() {
    let server = Server::start(serve(&app("serve-outside")));
    let gone = "there is nothing of this name\n";
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/assets/../../secret",
        "//etc/passwd",
        "/%2Fetc/passwd",
        "/%zz",
        "/..%5csecret",
        "/%00",
        "/assets",
        "/link",
        "/c:/x",
        "/api/blob/../../secret",
        "/api/blob/%2e%2e",
    ] {
        if path == "/link" && !cfg!(unix) {
            continue;
        }
        server.check(&format!("GET {path}"), &[], 404, &[], gone);
    }
}

#[test]
fn abuse_is_refused() {
    let server = Server::start(serve(&app("serve-abuse")));
    let with = |lines: &str| format!("GET / HTTP/1.1\r\nConnection: close\r\n{lines}\r\n").into_bytes();
    assert_eq!(server.status(&with("Host: localhost\r\n")), 200);
    server.check("POST /", &[], 405, &["allow: GET, HEAD, OPTIONS"], "GET and HEAD are answered here\n");
    server.check(
        "GET /",
        &["Content-Length: 5"],
        413,
        &["connection: close"],
        "no request here has a body\n",
    );
    server.check(
        "GET /",
        &["Transfer-Encoding: chunked"],
        413,
        &["connection: close"],
        "no request here has a body\n",
    );
    // Who can make a name lead here must not read what is here.
    assert_eq!(server.status(&with("Host: example.org\r\n")), 403);
    assert_eq!(server.status(&with("Host: localhost.example.org:8088\r\n")), 403);
    assert_eq!(server.status(&with("")), 400);
    assert_eq!(server.status(&with("Host: localhost\r\nHost: example.org\r\n")), 400);
    assert_eq!(server.status(&with("Host: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n")), 400);
    assert_eq!(server.status(&with("Host: localhost\r\nno colon\r\n")), 400);
    assert_eq!(server.status(b"nonsense\r\n\r\n"), 400);
    assert_eq!(server.status(&with(&format!("Host: localhost\r\nX: {}\r\n", "x".repeat(20_000)))), 431);
    assert_eq!(server.status(&with(&format!("Host: localhost\r\n{}", "X: 1\r\n".repeat(100)))), 431);
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    assert!(matches!(server.status(long.as_bytes()), 414 | 431));
    // It still answers.
    assert_eq!(server.status(&with("Host: 127.0.0.1:1\r\n")), 200);
    assert_eq!(server.status(&with("Host: [::1]\r\n")), 200);
}

#[test]
fn digests_of_the_blocks_of_a_model() {
    let store = folder("serve-blocks");
    let model: Vec<u8> =
        (0..(33u32 << 18)).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    let blob = format!("sha256-{}", hex(&model));
    std::fs::create_dir_all(store.join("blobs")).unwrap();
    std::fs::write(store.join("blobs").join(&blob), &model).unwrap();
    let layer = json!({ "mediaType": "application/vnd.ollama.image.model", "digest": blob.replace('-', ":"), "size": model.len() });
    let manifests = store.join("manifests/registry.ollama.ai/library/gemma4");
    std::fs::create_dir_all(&manifests).unwrap();
    std::fs::write(manifests.join("tiny"), json!({ "layers": [layer] }).to_string()).unwrap();
    let server = Server::start(serve(&app("serve-blocks-app")).env("OLLAMA_MODELS", &store));
    let request = format!("GET /api/blob/{blob}.blocks");
    let lines: String = model.chunks(16 << 20).map(|block| hex(block) + "\n").collect();
    assert_eq!(lines.len(), 3 * 65);
    let list = format!("16777216\n{lines}");
    server.check(
        &request,
        &[],
        200,
        &["content-length: 204", "text/plain", "cache-control: no-store"],
        &list,
    );

    // A model whose file is not complete is not offered.
    std::fs::write(store.join("blobs").join(&blob), &model[..model.len() - 1]).unwrap();
    server.check(&request, &[], 404, &[], "there is nothing of this name\n");
}

#[test]
fn models_of_the_store() {
    let (store, digest) = store("serve-store");
    let server = Server::start(serve(&app("serve-store-app")).env("OLLAMA_MODELS", &store));
    let blob = digest.replace(':', "-");
    let listed: Value = serde_json::from_slice(&server.ask("GET /api/models", &[]).body).unwrap();
    let model = json!({ "name": "gemma4:tiny", "bytes": 14, "digest": digest, "family": "gemma4", "url": format!("blob/{blob}") });
    assert_eq!(listed, json!({ "models": [model] }));
    let request = format!("GET /api/blob/{blob}");
    let whole = [
        &format!("etag: \"{blob}\""),
        "content-length: 14",
        "application/octet-stream",
        "cache-control: no-store",
    ];
    server.check(&request, &[], 200, &whole, "GGUF and so on");
    server.check(&request, &["Range: bytes=5-7"], 206, &["content-range: bytes 5-7/14"], "and");
    server.check(&request, &["Range: bytes=5-", &format!("If-Range: \"{blob}\"")], 206, &[], "and so on");
    server.check(&format!("HEAD /api/blob/{blob}"), &[], 200, &["content-length: 14"], "");

    // One block, shorter than most.
    let list = format!("16777216\n{}\n", &digest["sha256:".len()..]);
    let length = format!("content-length: {}", list.len());
    server.check(&format!("{request}.blocks"), &[], 200, &[&length, "text/plain"], &list);
    server.check(&format!("HEAD /api/blob/{blob}.blocks"), &[], 200, &[&length], "");

    // The configuration is a blob too, but no model.
    let gone = "there is nothing of this name\n";
    let hex = hex(br#"{"model_family":"gemma4"}"#);
    server.check(&format!("GET /api/blob/sha256-{hex}"), &[], 404, &[], gone);
    server.check(&format!("GET /api/blob/sha256-{hex}.blocks"), &[], 404, &[], gone);
    server.check("GET /api/blob/sha256-0", &[], 404, &[], gone);

    // A model that is fetched while the server runs is there.
    let manifest = store.join("manifests/registry.ollama.ai/library/gemma4");
    std::fs::copy(manifest.join("tiny"), manifest.join("new")).unwrap();
    let listed: Value = serde_json::from_slice(&server.ask("GET /api/models", &[]).body).unwrap();
    assert_eq!(listed["models"].as_array().unwrap().len(), 2, "{listed}");
}

#[test]
fn another_origin_that_is_allowed() {
    let program = rullama([
        "serve",
        "--port",
        "0",
        "--app",
        &text(&app("serve-origin")),
        "--allow-origin",
        "https://example.org",
    ]);
    let server = Server::start(program);
    let shared = [
        "access-control-allow-origin: https://example.org",
        "access-control-expose-headers: content-range, etag",
        "cross-origin-resource-policy: cross-origin",
        "vary: origin",
    ];
    let models = r#"{"models":[]}"#;
    server.check("GET /api/models", &["Origin: https://example.org"], 200, &shared, models);
    server.check(
        "OPTIONS /api/models",
        &["Origin: https://example.org"],
        204,
        &["access-control-allow-headers: range, if-range"],
        "",
    );
    for (request, origin) in [("GET /api/models", "https://example.com"), ("GET /", "https://example.org")] {
        let head = server.ask(request, &[&format!("Origin: {origin}")]).head;
        assert!(!head.contains("access-control"), "{request} from {origin}: {head}");
    }
}

#[test]
fn what_cannot_be_served_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let app = app("serve-port");
    let run = |words: &[&str]| rullama(["serve"].iter().chain(words)).run();
    run(&["--port", &port, "--app", &text(&app)])
        .failed(1, &[&format!("127.0.0.1:{port}"), "in use", "--port N"]);
    run(&["--app", &text(&app.join("assets"))]).failed(1, &["holds no index.html", "cargo xtask web"]);
    run(&["--app", &text(&app.join("none"))]).failed(1, &["none"]);
    assert_eq!(run(&["--allow-origin", "https://example.org/path"]).code, 2);
    run(&["--host", "http://127.0.0.1"]).failed(2, &["--host", "without scheme and port"]);
}

#[test]
fn every_address_answers_to_any_name() {
    let program = rullama(["serve", "--port", "0", "--host", "0.0.0.0", "--app", &text(&app("serve-host"))]);
    let server = Server::start(program);
    assert!(server.address.starts_with("localhost:"), "{}", server.address);
    let named = b"GET / HTTP/1.1\r\nHost: box.example.org\r\nConnection: close\r\n\r\n";
    assert_eq!(server.status(named), 200);
}

#[test]
fn a_name_of_this_machine_is_an_address() {
    let program =
        rullama(["serve", "--port", "0", "--host", "localhost", "--app", &text(&app("serve-localhost"))]);
    let server = Server::start(program);
    server.check("GET /", &[], 200, &[], "<p>");
    let named = b"GET / HTTP/1.1\r\nHost: box.example.org\r\nConnection: close\r\n\r\n";
    assert_eq!(server.status(named), 403, "it is a loopback address");
}

/// What a server says on standard error before it listens.
fn said(store: &Path, app_name: &str) -> String {
    let mut server = Server::start(serve(&app(app_name)).env("OLLAMA_MODELS", store));
    let mut stderr = server.child.stderr.take().unwrap();
    server.child.kill().unwrap();
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn models_that_are_not_served_are_told() {
    let nowhere = folder("serve-nowhere").join("none");
    let told = said(&nowhere, "serve-nowhere-app");
    assert!(told.contains(&format!("no models: searched {}", text(&nowhere))), "{told}");
    assert!(told.contains("OLLAMA_MODELS"), "{told}");

    let told = said(&store("serve-left-out").0, "serve-left-out-app");
    let left_out: Vec<&str> = told.lines().filter(|line| line.starts_with("left out: ")).collect();
    assert_eq!(left_out.len(), 2, "{told}");
    assert!(told.contains("the manifest of `gemma4:partial` says 15"), "{told}");
    assert!(told.contains("gemma4/broken: the manifest cannot be used"), "{told}");
    assert!(!told.contains("no models"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_read_is_told() {
    let lost = folder("serve-unreadable").join("lost");
    std::os::unix::fs::symlink(&lost, &lost).unwrap();
    let lost_page = app("serve-unreadable-page").join("index.html");
    std::fs::remove_file(&lost_page).unwrap();
    std::os::unix::fs::symlink(&lost_page, &lost_page).unwrap();
    let ran = rullama(["serve", "--app", &text(lost_page.parent().unwrap())]).run();
    ran.failed(1, &["cannot be read: ", "app/index.html (", "remedy: check the path"]);
    let told = said(&lost, "serve-unreadable-app");
    let path = text(&lost.join("manifests"));
    assert!(told.contains(&format!("left out: cannot be read: {path} (")), "{told}");
}
