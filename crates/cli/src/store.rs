//! The Ollama store: from a model's name to the file that Ollama has downloaded.
//!
//! A store is a folder with `manifests/HOST/NAMESPACE/MODEL/TAG`, each a JSON list of layers, and
//! `blobs/sha256-HEX`, each a layer; the layer of the model's media type is a GGUF file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::digest::Digest;
use crate::failure::Failure;
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

/// The file that `model` means: a path if there is such a file, else `demo`, else a name in one of the `stores`. A folder hides no
/// model that has its name.
pub(crate) fn locate(model: &str, stores: &[PathBuf]) -> Result<Located, Failure> {
    let path = Path::new(model);
    let is_folder = path.is_dir();
    if path.exists() && !is_folder {
        let digest = path.file_name().and_then(|name| Digest::from_blob_name(&name.to_string_lossy()));
        return Ok(Located { path: path.to_owned(), digest, built_in: None });
    }
    if model == DEMO {
        return Ok(Located { path: path.to_owned(), digest: None, built_in: Some(DEMO_BYTES) });
    }
    let Some(name) = ModelName::parse(model).filter(|_| !looks_like_a_path(model)) else {
        let path = path.to_owned();
        return Err(if is_folder { Failure::NotAFile { path } } else { Failure::NoFile { path } });
    };
    for store in stores {
        let manifest = store.join("manifests").join(name.manifest_path());
        if manifest.is_file() {
            let Complete { path, digest, .. } = model_of(store, &manifest, &name)?;
            return Ok(Located { path, digest: Some(digest), built_in: None });
        }
    }
    if is_folder && model.contains('/') {
        return Err(Failure::NotAFile { path: path.to_owned() });
    }
    Err(Failure::NoModel { name: name.to_string(), searched: stores.to_vec(), available: list(stores) })
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

/// What is wrong with the models that [`complete`] leaves out.
pub(crate) fn incomplete(stores: &[PathBuf]) -> Vec<Failure> {
    models(stores).filter_map(Result::err).collect()
}

fn models(stores: &[PathBuf]) -> impl Iterator<Item = Result<Complete, Failure>> {
    names(stores).into_iter().filter_map(|name| {
        let manifest_of = |store: &PathBuf| store.join("manifests").join(name.manifest_path());
        let store = stores.iter().find(|store| manifest_of(store).is_file())?;
        Some(model_of(store, &manifest_of(store), &name))
    })
}

fn family(store: &Path, config: &Digest) -> Option<String> {
    let path = store.join("blobs").join(config.blob_name());
    let small = fs::metadata(&path).is_ok_and(|found| found.len() <= MANIFEST_BYTES_MAX);
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
        Ok(found) if found.len() == layer.size => {
            let family = config.and_then(|config| family(store, &Digest::parse(&config.digest)?));
            Ok(Complete { name: name.to_string(), path, bytes: layer.size, digest, family })
        }
        Ok(found) => {
            Err(Failure::BlobSize { path, name: name.to_string(), expected: layer.size, found: found.len() })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::NoBlob { path, name: name.to_string() })
        }
        Err(error) => Err(Failure::Open { path, error }),
    }
}

/// The names that a message lists.
fn list(stores: &[PathBuf]) -> Vec<String> {
    names(stores).iter().take(LISTED_MAX).map(ModelName::to_string).collect()
}

/// Names of the models that the stores have, each once, in order. A folder that cannot be read has none.
fn names(stores: &[PathBuf]) -> Vec<ModelName> {
    let mut names: Vec<ModelName> = Vec::new();
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
    names
}

fn children(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?))).collect()
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
