//! The files of the web app: those that were built into the program, or a folder's.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use super::content::{Content, FOREVER, REVALIDATE, Stored};
use crate::failure::{Failure, is_absent};
use crate::terminal::shown;

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

/// What a path of the app leads to.
pub(crate) enum Found {
    /// A file.
    File(Content),
    /// A folder with a page, but its addresses are relative to a path with a slash at its end.
    Folder,
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
        let index = root.join("index.html");
        match fs::metadata(&index) {
            Ok(found) if found.is_file() => Ok(App::Folder(root)),
            Err(error) if !is_absent(&error) => Err(Failure::Open { path: index, error }),
            Ok(_) | Err(_) => {
                let problem =
                    "it holds no index.html; `cargo xtask web` builds the app into web/dist".to_owned();
                Err(Failure::Input { name: shown(folder), problem })
            }
        }
    }

    /// What a request's path, decoded and without its first slash, names; none where there is nothing or it lies elsewhere.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        let names_folder = path.is_empty() || path.ends_with('/');
        match self {
            App::BuiltIn(files) => {
                let of = |wanted: &str| files.iter().find(|(name, ..)| *name == wanted);
                let index = || of(&format!("{path}index.html"));
                let Some((name, bytes, etag)) = (if names_folder { index() } else { of(path) }) else {
                    return of(&format!("{path}/index.html")).map(|_| Found::Folder);
                };
                let length = bytes.len() as u64;
                Some(Found::File(content(name, Stored::Memory(bytes), length, etag.clone())))
            }
            App::Folder(root) => {
                let mut file = root.join(path).canonicalize().ok()?;
                let is_folder = file.is_dir();
                if is_folder {
                    file = file.join("index.html").canonicalize().ok()?;
                }
                // Links are resolved by now, so the prefix decides.
                let name = file.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
                // Asked before it is opened: to open a pipe is to wait for whoever writes into it.
                if !fs::metadata(&file).is_ok_and(|found| found.is_file()) {
                    return None;
                }
                if is_folder && !names_folder {
                    return Some(Found::Folder);
                }
                let opened = File::open(&file).ok()?;
                let found = opened.metadata().ok()?;
                let etag = format!("\"{:x}-{}\"", found.len(), nanoseconds(found.modified().ok()?));
                Some(Found::File(content(&name, Stored::File(opened), found.len(), etag)))
            }
        }
    }
}

/// A time in hexadecimal, with a sign before 1970.
fn nanoseconds(time: SystemTime) -> String {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => format!("{:x}", since.as_nanos()),
        Err(before) => format!("-{:x}", before.duration().as_nanos()),
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

/// Percent-decodes a request's path and leaves its first slash out; none where it is malformed, absolute, or not UTF-8, or goes up:
/// clients resolve `..` themselves.
pub(crate) fn decode(path: &str) -> Option<String> {
    let path = path.strip_prefix('/')?;
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
    let goes_up = text.split('/').any(|part| part == "..");
    (!goes_up && !text.starts_with('/') && !text.contains(['\\', '\0', ':'])).then_some(text)
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
        let files = [("index.html", page), ("assets/a.js", b"1"), ("sub/index.html", page)];
        let app = App::BuiltIn(files.map(|(name, bytes)| (name, bytes, tag(bytes))).to_vec());
        let check = |path: &str, expected: Option<(&str, &str)>| {
            let found = decode(path).and_then(|path| app.find(&path)).map(|found| match found {
                Found::File(content) => (content.kind, content.cache),
                Found::Folder => ("folder", ""),
            });
            assert_eq!(found, expected, "{path}");
        };
        check("/", Some(("text/html; charset=utf-8", REVALIDATE)));
        check("/index.html", Some(("text/html; charset=utf-8", REVALIDATE)));
        check("/assets/%61.js", Some(("text/javascript; charset=utf-8", FOREVER)));
        check("/assets/", None);
        check("/assets", None);
        check("/sub/", Some(("text/html; charset=utf-8", REVALIDATE)));
        check("/sub", Some(("folder", "")));
        check("/../index.html", None);
        check("/sub/../index.html", None);
        check("/sub/%2e%2e/index.html", None);
        check("//index.html", None);
        check("/%zz", None);
        check("index.html", None);
    }
}
