//! The models of the Ollama stores, for the app to list and to download.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use hyper::Response;
use hyper::header::HeaderMap;
use serde::Serialize;
use serde_json::json;

use super::blocks;
use super::body::Answer;
use super::content::{Content, NEVER, Stored};
use crate::digest::Digest;
use crate::store;

/// A model as the app reads it.
#[derive(Serialize)]
struct Listed {
    name: String,
    bytes: u64,
    digest: String,
    family: Option<String>,
    /// Relative to the list's own address, so that it holds behind a proxy too.
    url: String,
}

/// The list as JSON. A model whose file is not complete is not in it.
pub(crate) fn list(stores: &[PathBuf]) -> String {
    let models: Vec<Listed> = store::complete(stores)
        .into_iter()
        .map(|model| Listed {
            name: model.name,
            bytes: model.bytes,
            digest: model.digest.to_string(),
            family: model.family,
            url: format!("blob/{}", model.digest.blob_name()),
        })
        .collect();
    json!({ "models": models }).to_string()
}

/// What a blob's name ends with where the digests of its blocks are asked for.
const BLOCKS: &str = ".blocks";

/// The file of a listed model, or the digests of its blocks. Other files of the store are nobody's business.
pub(crate) fn blob(
    stores: &[PathBuf],
    name: &str,
    asked: &HeaderMap,
) -> Option<io::Result<Response<Answer>>> {
    let (name, of_blocks) = name.strip_suffix(BLOCKS).map_or((name, false), |name| (name, true));
    let wanted = Digest::from_blob_name(name)?;
    let model = store::complete(stores).into_iter().find(|model| model.digest == wanted)?;
    let answer = |file| {
        if of_blocks {
            return Ok(blocks::answer(file, model.bytes));
        }
        let content = Content {
            bytes: Stored::File(file),
            length: model.bytes,
            etag: format!("\"{}\"", wanted.blob_name()),
            kind: "application/octet-stream",
            cache: NEVER,
        };
        content.answer(asked)
    };
    Some(File::open(model.path).and_then(answer))
}
