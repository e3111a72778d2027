//! The files of the web app: those that were built into the program, or a folder's.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};

use super::content::{Content, FOREVER, REVALIDATE, Stored};
use crate::failure::Failure;

// `BUILT_IN`: path and bytes of each file, from the folder that RULLAMA_APP named when this was compiled; the demo model is the one
// that the program has for the command line.
include!(concat!(env!("OUT_DIR"), "/app.rs"));

/// Where the files come from.
pub(crate) enum App {
    /// The program, with the tag of each file.
    BuiltIn(Vec<(&'static str, &'static [u8], String)>),
    /// A folder, with links resolved.
    Folder(PathBuf),
}

impl App {
    /// The app that is part of the program, if it was compiled with one.
    pub(crate) fn built_in() -> Option<App> {
        if BUILT_IN.is_empty() {
            return None;
        }
        Some(App::BuiltIn(BUILT_IN.iter().map(|&(path, bytes)| (path, bytes, tag(bytes))).collect()))
    }

    /// A folder that holds the built app.
    pub(crate) fn folder(folder: &Path) -> Result<App, Failure> {
        let root = folder.canonicalize().map_err(|error| Failure::Open { path: folder.to_owned(), error })?;
        if !root.join("index.html").is_file() {
            let problem = "it holds no index.html; `cargo xtask web` builds the app into web/dist".to_owned();
            return Err(Failure::Input { name: folder.display().to_string(), problem });
        }
        Ok(App::Folder(root))
    }

    /// The file that a request's path names; none where there is none or it lies elsewhere.
    pub(crate) fn find(&self, path: &str) -> Option<Content> {
        let path = decode(path.strip_prefix('/')?)?;
        match self {
            App::BuiltIn(files) => {
                let path =
                    if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path };
                let (name, bytes, etag) = files.iter().find(|(name, ..)| *name == path)?;
                let length = bytes.len() as u64;
                Some(content(name, Stored::Memory(bytes), length, etag.clone()))
            }
            App::Folder(root) => {
                let mut file = root.join(&path).canonicalize().ok()?;
                if file.is_dir() {
                    file = file.join("index.html").canonicalize().ok()?;
                }
                // Links and `..` are resolved by now, so the prefix decides.
                let name = file.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
                let opened = File::open(&file).ok()?;
                let found = opened.metadata().ok().filter(|found| found.is_file())?;
                let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
                let etag = format!("\"{:x}-{changed:x}\"", found.len());
                Some(content(&name, Stored::File(opened), found.len(), etag))
            }
        }
    }
}

fn content(name: &str, bytes: Stored, length: u64, etag: String) -> Content {
    // The bundler names what lies there by its bytes.
    let cache = if name.starts_with("assets/") { FOREVER } else { REVALIDATE };
    Content { bytes, length, etag, kind: kind(name), cache }
}

fn tag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("\"{}\"", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
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
    // A colon begins a drive or a stream of a file on Windows; no file of the app has one.
    (!text.starts_with('/') && !text.contains(['\\', '\0', ':'])).then_some(text)
}

fn kind(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or("") {
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

    #[test]
    fn files_that_are_part_of_the_program() {
        let page: &[u8] = b"<p>";
        let app = App::BuiltIn(vec![("index.html", page, tag(page)), ("assets/a.js", b"1", tag(b"1"))]);
        let check = |path: &str, expected: Option<(&str, &str)>| {
            let found = app.find(path).map(|found| (found.kind, found.cache));
            assert_eq!(found, expected, "{path}");
        };
        check("/", Some(("text/html; charset=utf-8", REVALIDATE)));
        check("/index.html", Some(("text/html; charset=utf-8", REVALIDATE)));
        check("/assets/%61.js", Some(("text/javascript; charset=utf-8", FOREVER)));
        check("/assets/", None);
        check("/../index.html", None);
        check("//index.html", None);
        check("/%zz", None);
        check("index.html", None);
    }
}
