//! `cargo xtask golden`: checks `tests/golden` against its manifest, or copies it anew from the reference folder.
//!
//! The reference folder is what the project's own generators wrote: models with random weights and the values that
//! Hugging Face's implementation computes from them. The copy keeps what the tests of the text model read and leaves
//! out the arrays of other subjects, so that the whole stays below `TOTAL_BYTES_MAX`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::project::Project;

const FOLDER: &str = "tests/golden";
const MANIFEST: &str = "tests/golden/MANIFEST";

/// A clone should stay small; what needs more room runs where the reference folder is.
const TOTAL_BYTES_MAX: u64 = 30_000_000;

/// Models by folder and file stem. Together they hold every operation of the text model and every supported type,
/// in both metadata dialects.
const MODELS: [(&str, &str); 6] = [
    ("tiny-dense-ple", "ollama-q4_k_m"),
    ("tiny-dense-ple", "ollama-mix"),
    ("tiny-kv", "ollama-q4_k_m"),
    ("tiny-kv", "llama-q4_0"),
    ("tiny-moe", "ollama-q4_k_m"),
    ("tiny-moe", "ollama-split-q5_k"),
];

/// Files that are copied as they are. The token ids in `chat.json` belong to a vocabulary that is not kept here,
/// its strings do not.
const TEXT: [&str; 2] = ["text/tokenizer_tiny.json", "text/chat.json"];

/// First parts of the names of arrays that no test of the text model reads.
const OTHER_SUBJECTS: [&str; 6] = ["lora", "train", "image", "vision", "resize", "mm"];

/// Fails unless the files, their sizes and their SHA-256 sums are those of the manifest.
pub(crate) fn check(project: &Project) -> Result<(), String> {
    let (found, total) = hash_all(project)?;
    let problems = differences(&found, &parse_manifest(&project.read(MANIFEST)?)?);
    if !problems.is_empty() {
        return Err(format!("{FOLDER} differs from its manifest:\n  {}", problems.join("\n  ")));
    }
    if total > TOTAL_BYTES_MAX {
        return Err(format!("{FOLDER} has {total} bytes, at most {TOTAL_BYTES_MAX} may be committed"));
    }
    println!("{} files, {total} bytes", found.len());
    Ok(())
}

/// Copies from the reference folder `source` and writes the manifest.
pub(crate) fn copy(project: &Project, source: &Path) -> Result<(), String> {
    let target = project.path(FOLDER);
    for (folder, stem) in MODELS {
        let model = format!("models/{folder}/{stem}.gguf");
        write(&target.join(&model), &read(&source.join(&model))?)?;
        let golden = format!("goldens/{folder}/{stem}");
        let json = read(&source.join(format!("{golden}.json")))?;
        let (json, bytes) = keep_text_model(&json, &read(&source.join(format!("{golden}.bin")))?)
            .map_err(|error| format!("{golden}.json: {error}"))?;
        write(&target.join(format!("{golden}.json")), json.as_bytes())?;
        write(&target.join(format!("{golden}.bin")), &bytes)?;
    }
    for text in TEXT {
        write(&target.join(text), &read(&source.join(text))?)?;
    }
    let lines = hash_all(project)?.0.into_iter().map(|(name, hash)| format!("{hash}  {name}\n"));
    write(&project.path(MANIFEST), lines.collect::<String>().as_bytes())?;
    check(project)
}

/// A golden without the arrays and notes of other subjects, in the same format.
fn keep_text_model(json: &[u8], bytes: &[u8]) -> Result<(String, Vec<u8>), String> {
    let golden: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let is_kept = |name: &str| !OTHER_SUBJECTS.contains(&name.split('.').next().unwrap_or(name));
    let meta = golden["meta"].as_object().ok_or("no object `meta`")?;
    let meta: serde_json::Map<_, _> = meta.clone().into_iter().filter(|(name, _)| is_kept(name)).collect();

    let (mut arrays, mut kept) = (Vec::new(), Vec::new());
    for array in golden["arrays"].as_array().ok_or("no list `arrays`")? {
        let name = array["name"].as_str().ok_or("an array without a name")?;
        if !is_kept(name) {
            continue;
        }
        let (offset, length) = extent(array).ok_or_else(|| format!("array `{name}` has no extent"))?;
        let values = bytes.get(offset..offset + length);
        let values = values
            .ok_or_else(|| format!("array `{name}` ends past the {} bytes of its file", bytes.len()))?;
        kept.resize(kept.len().next_multiple_of(ALIGNMENT), 0);
        let mut array = array.clone();
        array["offset"] = kept.len().into();
        kept.extend_from_slice(values);
        arrays.push(array.to_string());
    }
    let meta = Value::Object(meta);
    Ok((format!("{{\"meta\": {meta:#},\n\"arrays\": [\n{}\n]}}\n", arrays.join(",\n")), kept))
}

/// Arrays start at multiples of this many bytes.
const ALIGNMENT: usize = 16;

/// Offset and length in bytes.
fn extent(array: &Value) -> Option<(usize, usize)> {
    let element = match array["dtype"].as_str()? {
        "f32" | "i32" => 4,
        "u8" => 1,
        _ => return None,
    };
    let shape = array["shape"].as_array()?.iter().map(Value::as_u64);
    let length = shape.into_iter().try_fold(element, |product: u64, side| product.checked_mul(side?))?;
    Some((array["offset"].as_u64()? as usize, length as usize))
}

/// SHA-256 by path below the folder, and the bytes in all. The note and the manifest itself are not listed.
fn hash_all(project: &Project) -> Result<(BTreeMap<String, String>, u64), String> {
    let (root, mut hashes, mut total) = (project.path(FOLDER), BTreeMap::new(), 0);
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
            let name =
                path.strip_prefix(&root).expect("walked from the root").to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if name != "MANIFEST" && name != "README.md" {
                let bytes = read(&path)?;
                total += bytes.len() as u64;
                hashes.insert(name, Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect());
            }
        }
    }
    Ok((hashes, total))
}

/// Lines as `sha256sum` writes and checks them.
fn parse_manifest(text: &str) -> Result<BTreeMap<String, String>, String> {
    let entry = |line: &str| {
        let (hash, name) =
            line.split_once("  ").ok_or_else(|| format!("{MANIFEST}: `{line}` is no entry"))?;
        Ok((name.to_owned(), hash.to_owned()))
    };
    text.lines().map(entry).collect()
}

fn differences(found: &BTreeMap<String, String>, listed: &BTreeMap<String, String>) -> Vec<String> {
    let missing =
        listed.keys().filter(|name| !found.contains_key(*name)).map(|name| format!("{name} is missing"));
    let changed = found.iter().filter_map(|(name, hash)| match listed.get(name) {
        None => Some(format!("{name} is not listed")),
        Some(expected) if expected != hash => {
            Some(format!("{name} has SHA-256 {hash}, listed is {expected}"))
        }
        Some(_) => None,
    });
    missing.chain(changed).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().expect("a file has a folder");
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, bytes));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_subjects_are_left_out_and_offsets_follow() {
        let json = br#"{"meta": {"file": "x", "mm.image": 1, "prompt.0.text": "t"}, "arrays": [
            {"name": "prompt.a", "dtype": "u8", "shape": [3], "offset": 0},
            {"name": "train.b", "dtype": "f32", "shape": [4], "offset": 16},
            {"name": "states.c", "dtype": "i32", "shape": [1, 2], "offset": 32}]}"#;
        let bytes: Vec<u8> = (0..40).collect();
        let (text, kept) = keep_text_model(json, &bytes).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let arrays = golden["arrays"].as_array().unwrap();
        let names: Vec<_> =
            arrays.iter().map(|a| (a["name"].as_str().unwrap(), extent(a).unwrap())).collect();
        assert_eq!(names, [("prompt.a", (0, 3)), ("states.c", (16, 8))]);
        assert_eq!((&kept[..3], &kept[16..]), (&bytes[..3], &bytes[32..]));
        assert_eq!(golden["meta"].as_object().unwrap().len(), 2);
        assert!(keep_text_model(json, &bytes[..39]).unwrap_err().contains("states.c"));
    }

    #[test]
    fn differences_are_named() {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        let listed = parse_manifest("11  same\n22  changed\n33  gone\n").unwrap();
        let found = map(&[("same", "11"), ("changed", "23"), ("new", "44")]);
        let expected = ["gone is missing", "changed has SHA-256 23, listed is 22", "new is not listed"];
        assert_eq!(differences(&found, &listed), expected);
        assert!(parse_manifest("nonsense").is_err());
    }
}
