//! The Ollama store: from a model's name to the file that Ollama has downloaded.
//!
//! A store is a folder with `manifests/HOST/NAMESPACE/MODEL/TAG`, each a JSON list of layers, and
//! `blobs/sha256-HEX`, each a layer; the layer of the model's media type is a GGUF file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

use crate::digest::Digest;
use crate::failure::{Failure, is_absent};
use crate::model_name::ModelName;

/// The layer that is the model; others hold the template, the licence, parameters.
const MODEL_MEDIA_TYPE: &str = "application/vnd.ollama.image.model";
/// Longest manifest that is read; real ones have about a kilobyte.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Most models that a message lists.
const LISTED_MAX: usize = 50;
/// The name of the model that is part of the program.
const DEMO: &str = "demo";
/// Its file.
pub(crate) static DEMO_BYTES: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo.gguf"));

/// Where a model lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// The file; for the model that is part of the program its name.
    pub(crate) path: PathBuf,
    /// What its bytes hash to, where that is known.
    pub(crate) digest: Option<Digest>,
    /// The bytes of the model that is part of the program.
    pub(crate) built_in: Option<&'static [u8]>,
}

/// A model of a store whose file is there with all its bytes.
pub(crate) struct Complete {
    /// What `ollama list` calls it.
    pub(crate) name: String,
    /// The file.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
    /// What Ollama says of its architecture, such as `gemma4`.
    pub(crate) family: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Option<Reference>,
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Reference {
    digest: String,
}

/// The part of a model's configuration that is read.
#[derive(Deserialize)]
struct Description {
    model_family: Option<String>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
    size: u64,
}

/// The file that `model` means: `demo` itself, else a path if there is such a file, else a name in one of the `stores`. What is no
/// file, such as a folder, hides no model that has its name.
pub(crate) fn locate(model: &OsStr, stores: &[PathBuf]) -> Result<Located, Failure> {
    let path = PathBuf::from(model);
    if model == DEMO {
        return Ok(Located { path, digest: None, built_in: Some(DEMO_BYTES) });
    }
    let found = fs::metadata(&path);
    let is_folder = found.as_ref().is_ok_and(fs::Metadata::is_dir);
    let unreadable = match found {
        Ok(_) if !is_folder => {
            let digest = path.file_name().and_then(|name| Digest::from_blob_name(&name.to_string_lossy()));
            return Ok(Located { path, digest, built_in: None });
        }
        Ok(_) => None,
        Err(error) if is_absent(&error) => None,
        Err(error) => Some(Failure::Open { path: path.clone(), error }),
    };
    let text = model.to_str().filter(|text| !looks_like_a_path(text));
    let Some(name) = text.and_then(ModelName::parse) else {
        return Err(match unreadable {
            Some(failure) => failure,
            None if is_folder => Failure::NotAFile { path },
            None => Failure::NoFile { path },
        });
    };
    if let Some((store, manifest)) = manifest_of(&name, stores)? {
        let Complete { path, digest, .. } = model_of(store, &manifest, &name)?;
        return Ok(Located { path, digest: Some(digest), built_in: None });
    }
    Err(match unreadable {
        Some(failure) => failure,
        None if is_folder && path.components().count() > 1 => Failure::NotAFile { path },
        None => {
            Failure::NoModel { name: name.to_string(), searched: stores.to_vec(), available: list(stores) }
        }
    })
}

/// The manifest of this name, and the first store that has it. Where none has, one that cannot be read is an error: it may.
fn manifest_of<'a>(name: &ModelName, stores: &'a [PathBuf]) -> Result<Option<(&'a Path, PathBuf)>, Failure> {
    let mut unreadable = None;
    for store in stores {
        let path = store.join("manifests").join(name.manifest_path());
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => return Ok(Some((store, path))),
            Err(error) if !is_absent(&error) => {
                unreadable.get_or_insert(Failure::Open { path, error });
            }
            Ok(_) | Err(_) => {}
        }
    }
    unreadable.map_or(Ok(None), Err)
}

/// The folders that may hold a store: the one that `OLLAMA_MODELS` names, the user's, the system's.
pub(crate) fn folders() -> Vec<PathBuf> {
    folders_for(std::env::var_os("OLLAMA_MODELS"), std::env::home_dir())
}

fn folders_for(variable: Option<OsString>, home: Option<PathBuf>) -> Vec<PathBuf> {
    let system: &[&str] = if cfg!(target_os = "linux") {
        // The first is where Ollama's own installer puts the service, the others where distributions do.
        &[
            "/usr/share/ollama/.ollama/models",
            "/var/lib/ollama/.ollama/models",
            "/var/lib/ollama/models",
            "/var/lib/ollama",
        ]
    } else if cfg!(target_os = "macos") {
        &["/usr/local/var/ollama/models", "/opt/homebrew/var/ollama/models"]
    } else {
        &[]
    };
    let named = variable.filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let user =
        home.filter(|home| !home.as_os_str().is_empty()).map(|home| home.join(".ollama").join("models"));
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in named.into_iter().chain(user).chain(system.iter().map(PathBuf::from)) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// A name never starts with a dot or a slash, and nobody tags a model `gguf`.
fn looks_like_a_path(model: &str) -> bool {
    model.starts_with(['.', '/', '~']) || model.contains('\\') || model.to_lowercase().ends_with(".gguf")
}

/// The models of the stores whose files are complete; of two with one name, that of the first store.
pub(crate) fn complete(stores: &[PathBuf]) -> Vec<Complete> {
    models(stores).filter_map(Result::ok).collect()
}

/// What is wrong with the models that [`complete`] leaves out, and which folders cannot be read.
pub(crate) fn incomplete(stores: &[PathBuf]) -> Vec<Failure> {
    models(stores).filter_map(Result::err).collect()
}

fn models(stores: &[PathBuf]) -> impl Iterator<Item = Result<Complete, Failure>> {
    let Names { names, unreadable } = names(stores);
    let models = names.into_iter().filter_map(|name| match manifest_of(&name, stores) {
        Ok(found) => found.map(|(store, manifest)| model_of(store, &manifest, &name)),
        Err(failure) => Some(Err(failure)),
    });
    unreadable.into_iter().map(Err).chain(models)
}

fn family(store: &Path, config: &Digest) -> Option<String> {
    let path = store.join("blobs").join(config.blob_name());
    let small = fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() <= MANIFEST_BYTES_MAX);
    let content = fs::read(&path).ok().filter(|_| small)?;
    serde_json::from_slice::<Description>(&content).ok()?.model_family
}

fn read(manifest: &Path, name: &ModelName) -> Result<Manifest, Failure> {
    let bad =
        |problem: String| Failure::Manifest { path: manifest.to_owned(), name: name.to_string(), problem };
    let failed = |error| Failure::Open { path: manifest.to_owned(), error };
    let bytes = fs::metadata(manifest).map_err(failed)?.len();
    if bytes > MANIFEST_BYTES_MAX {
        return Err(bad(format!("it has {bytes} bytes, at most {MANIFEST_BYTES_MAX} are read")));
    }
    let content = fs::read(manifest).map_err(failed)?;
    serde_json::from_slice(&content).map_err(|error| bad(error.to_string()))
}

fn model_of(store: &Path, manifest: &Path, name: &ModelName) -> Result<Complete, Failure> {
    let bad =
        |problem: String| Failure::Manifest { path: manifest.to_owned(), name: name.to_string(), problem };
    let Manifest { config, layers } = read(manifest, name)?;
    let Some(layer) = layers.iter().find(|layer| layer.media_type == MODEL_MEDIA_TYPE) else {
        let found: Vec<&str> = layers.iter().map(|layer| layer.media_type.as_str()).collect();
        return Err(bad(match found.is_empty() {
            true => "it lists no layers".to_owned(),
            false => format!("none of its layers is a GGUF model ({})", found.join(", ")),
        }));
    };
    let digest =
        Digest::parse(&layer.digest).ok_or_else(|| bad(format!("`{}` is not a sha256", layer.digest)))?;
    let path = store.join("blobs").join(digest.blob_name());
    match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(Failure::NotAFile { path }),
        Ok(found) if found.len() == layer.size => {
            let family = config.and_then(|config| family(store, &Digest::parse(&config.digest)?));
            Ok(Complete { name: name.to_string(), path, bytes: layer.size, digest, family })
        }
        Ok(found) => {
            Err(Failure::BlobSize { path, name: name.to_string(), expected: layer.size, found: found.len() })
        }
        Err(error) if is_absent(&error) => Err(Failure::NoBlob { path, name: name.to_string() }),
        Err(error) => Err(Failure::Open { path, error }),
    }
}

/// The names that a message lists.
fn list(stores: &[PathBuf]) -> Vec<String> {
    names(stores).names.iter().take(LISTED_MAX).map(ModelName::to_string).collect()
}

/// What the folders of manifests say.
struct Names {
    /// The models, each once, in order.
    names: Vec<ModelName>,
    /// The folders that say nothing.
    unreadable: Vec<Failure>,
}

fn names(stores: &[PathBuf]) -> Names {
    let (mut names, mut unreadable) = (Vec::new(), Vec::new());
    let mut children = |folder: &Path| {
        children(folder).unwrap_or_else(|error| {
            unreadable.push(Failure::Open { path: folder.to_owned(), error });
            Vec::new()
        })
    };
    for store in stores {
        for (host_path, host) in children(&store.join("manifests")) {
            for (namespace_path, namespace) in children(&host_path) {
                for (model_path, model) in children(&namespace_path) {
                    for (_, tag) in children(&model_path) {
                        names.extend(ModelName::from_parts(&host, &namespace, &model, &tag));
                    }
                }
            }
        }
    }
    names.sort_by_key(ModelName::to_string);
    names.dedup();
    Names { names, unreadable }
}

/// What lies in a folder; a file, and a folder that is not there, hold nothing.
fn children(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        entries => entries?.collect::<io::Result<Vec<_>>>()?,
    };
    Ok(entries
        .into_iter()
        .filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_first_and_no_folder_twice() {
        let check = |variable: Option<&str>, home: Option<&str>, first: &[&str]| {
            let folders = folders_for(variable.map(OsString::from), home.map(PathBuf::from));
            let first: Vec<PathBuf> = first.iter().map(PathBuf::from).collect();
            assert_eq!(folders[..first.len()], first);
            assert!((1..folders.len()).all(|n| !folders[..n].contains(&folders[n])), "{folders:?}");
        };
        check(Some("/models"), Some("/users/me"), &["/models", "/users/me/.ollama/models"]);
        check(Some(""), Some("/users/me"), &["/users/me/.ollama/models"]);
        check(None, Some("/users/me"), &["/users/me/.ollama/models"]);
        check(Some("/users/me/.ollama/models"), Some("/users/me"), &["/users/me/.ollama/models"]);
        check(Some("/var/lib/ollama"), None, &["/var/lib/ollama"]);
    }

    #[test]
    fn paths_are_told_from_names() {
        let check = |model: &str, expected: bool| assert_eq!(looks_like_a_path(model), expected, "{model}");
        check("./gemma4", true);
        check("/models/x", true);
        check("model.GGUF", true);
        check("folder\\x", true);
        check("gemma4:e2b", false);
        check("hf.co/a/b:Q4", false);
    }
}
