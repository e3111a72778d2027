//! The Ollama store, as Ollama lays it out.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::goldens::{MODELS, model_file};
use crate::program::{folder, rullama, text};

/// A store with one model in it; gives the store and the blob.
fn store(name: &str, manifest: &str) -> (PathBuf, PathBuf) {
    let store = folder(name);
    let model = std::fs::read(model_file(MODELS[3])).unwrap();
    let hex: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
    let blob = store.join("blobs").join(format!("sha256-{hex}"));
    std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
    std::fs::write(&blob, &model).unwrap();
    let layer = |kind: &str, digest: &str, size: usize| serde_json::json!({ "mediaType": format!("application/vnd.ollama.image.{kind}"), "digest": digest, "size": size });
    let other = format!("sha256:{}", "0".repeat(64));
    write_manifest(
        &store,
        manifest,
        &serde_json::json!({
            "schemaVersion": 2,
            "layers": [layer("license", &other, 7), layer("model", &format!("sha256:{hex}"), model.len())],
        }),
    );
    (store, blob)
}

fn write_manifest(store: &Path, manifest: &str, content: &serde_json::Value) {
    let path = store.join("manifests").join(manifest);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content.to_string()).unwrap();
}

#[test]
fn names_lead_to_the_file() {
    let (store, blob) = store("store-names", "registry.ollama.ai/library/tiny/q4");
    write_manifest(
        &store,
        "hf.co/someone/tiny/latest",
        &serde_json::from_slice(
            &std::fs::read(store.join("manifests/registry.ollama.ai/library/tiny/q4")).unwrap(),
        )
        .unwrap(),
    );
    let check = |name: &str| {
        let ran = rullama(["inspect", name, "--json"]).env("OLLAMA_MODELS", &store).run().ok().json();
        assert_eq!(ran["path"], text(&blob), "{name}");
    };
    check("tiny:q4");
    check("library/tiny:q4");
    check("registry.ollama.ai/library/tiny:q4");
    check("hf.co/someone/tiny");
    check(&text(&blob));
}

#[test]
fn the_folder_of_the_user_is_found() {
    let home = folder("store-home");
    let (store, blob) = store("store-home-origin", "registry.ollama.ai/library/tiny/latest");
    std::fs::create_dir_all(home.join(".ollama")).unwrap();
    std::fs::rename(&store, home.join(".ollama/models")).unwrap();
    let command = rullama(["inspect", "tiny", "--json"]).env("HOME", &home).env("USERPROFILE", &home);
    let found = command.run().ok().json()["path"].as_str().unwrap().to_owned();
    assert_eq!(Path::new(&found), home.join(".ollama/models/blobs").join(blob.file_name().unwrap()));
}

#[test]
fn a_folder_hides_no_model_of_its_name() {
    let (store, blob) = store("store-hidden", "registry.ollama.ai/library/tiny/latest");
    let here = folder("store-hidden-here");
    for name in ["demo", "tiny", "library/tiny", "absent", "some/folder"] {
        std::fs::create_dir_all(here.join(name)).unwrap();
    }
    let run =
        |name: &str| rullama(["inspect", name, "--json"]).env("OLLAMA_MODELS", &store).within(&here).run();
    let check = |name: &str, path: &str| assert_eq!(run(name).ok().json()["path"], path, "{name}");
    check("demo", "demo");
    check("tiny", &text(&blob));
    check("library/tiny", &text(&blob));
    let not_a_file = |name: &str| {
        let ran = rullama(["inspect", name]).env("OLLAMA_MODELS", &store).within(&here).run();
        ran.failed(1, &[&format!("{name}: is not a file")]);
    };
    not_a_file("./demo");
    not_a_file("some/folder");
    not_a_file(&text(&here));
    let ran = rullama(["inspect", "absent"]).env("OLLAMA_MODELS", &store).within(&here).run();
    ran.failed(1, &["no Ollama model `absent:latest`"]);
}

#[test]
fn a_model_that_is_not_there() {
    let (store, _) = store("store-absent", "registry.ollama.ai/library/tiny/q4");
    let run = |name: &str| rullama(["inspect", name]).env("OLLAMA_MODELS", &store).run();
    run("gemma4:e2b")
        .failed(1, &["no Ollama model `gemma4:e2b`", &text(&store), "tiny:q4", "ollama pull gemma4:e2b"]);
    run("tiny").failed(1, &["`tiny:latest`", "tiny:q4"]);
    run("nothing.gguf").failed(1, &["no file `nothing.gguf`", "remedy: check the path"]);
    run("../../etc/passwd").failed(1, &["no file `../../etc/passwd`"]);
    let empty = folder("store-empty");
    rullama(["inspect", "tiny"]).env("OLLAMA_MODELS", &empty).run().failed(1, &["models found: none"]);
}

#[test]
fn an_incomplete_store() {
    let manifest = "registry.ollama.ai/library/tiny/latest";
    let (store, blob) = store("store-incomplete", manifest);
    let run = || rullama(["inspect", "tiny"]).env("OLLAMA_MODELS", &store).run();
    let bytes = std::fs::read(&blob).unwrap();
    std::fs::write(&blob, &bytes[..1000]).unwrap();
    run().failed(1, &["has 1000 bytes", &bytes.len().to_string(), "ollama pull tiny"]);
    std::fs::remove_file(&blob).unwrap();
    run().failed(1, &["is not there", "ollama pull tiny"]);
    write_manifest(
        &store,
        manifest,
        &serde_json::json!({ "layers": [
        { "mediaType": "application/vnd.ollama.image.tensor", "digest": "sha256:00", "size": 1 }] }),
    );
    run().failed(1, &["none of its layers is a GGUF model", "image.tensor"]);
    write_manifest(
        &store,
        manifest,
        &serde_json::json!({ "layers": [
        { "mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../x", "size": 1 }] }),
    );
    run().failed(1, &["`sha256:../../x` is not a sha256"]);
    write_manifest(&store, manifest, &serde_json::json!({ "layers": [] }));
    run().failed(1, &["it lists no layers"]);
    write_manifest(&store, manifest, &serde_json::json!({ "error": "not found" }));
    run().failed(1, &["manifest cannot be used", "layers"]);
}

#[test]
fn the_digest_is_compared_when_asked_for() {
    let (store, blob) = store("store-verify", "registry.ollama.ai/library/tiny/latest");
    let verify = |model: &str| rullama(["inspect", model, "--verify"]).env("OLLAMA_MODELS", &store).run();
    verify("tiny").ok();
    verify(&text(&blob)).ok();
    let mut bytes = std::fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    verify("tiny").failed(1, &["its digest is sha256:", "expected sha256:", "fetch it again"]);
    rullama(["inspect", "tiny"]).env("OLLAMA_MODELS", &store).run().ok();
    verify(&model_file(MODELS[3])).failed(2, &["no digest is known"]);
}

/// Not one that is missing: it may be what is wanted.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_not_taken_for_missing() {
    let folder = folder("store-unreadable");
    let [lost, empty, file] = ["lost", "empty", "lost.gguf"].map(|name| folder.join(name));
    std::fs::create_dir(&empty).unwrap();
    for link in [&lost, &file] {
        std::os::unix::fs::symlink(link, link).unwrap();
    }
    let says = |path: &Path| format!("cannot be read: {}", text(path));
    rullama(["inspect", &text(&file)]).run().failed(1, &[&says(&file), "levels", "remedy: check the path"]);

    let run = |store: &Path, name: &str| rullama(["inspect", name]).env("OLLAMA_MODELS", store).run();
    run(&lost, "tiny").failed(1, &[&says(&lost), "levels", "remedy: check the path"]);
    run(&empty, "tiny").failed(1, &["no Ollama model `tiny:latest`"]);
    // A manifest in a store that can be read otherwise.
    let (whole, blob) = store("store-unreadable-manifest", "registry.ollama.ai/library/tiny/q4");
    let manifest = whole.join("manifests/registry.ollama.ai/library/tiny/lost");
    std::os::unix::fs::symlink(&manifest, &manifest).unwrap();
    run(&whole, "tiny:lost").failed(1, &[&says(&manifest), "levels"]);
    run(&whole, "tiny:q4").ok();
    // Another store may have it.
    let home = folder.join("home");
    std::fs::create_dir_all(home.join(".ollama")).unwrap();
    std::fs::rename(&whole, home.join(".ollama/models")).unwrap();
    let found = rullama(["inspect", "tiny:q4", "--json"]).env("OLLAMA_MODELS", &lost).env("HOME", &home);
    let path = found.run().ok().json()["path"].as_str().unwrap().to_owned();
    assert_eq!(Path::new(&path).file_name(), blob.file_name());
}

#[test]
fn a_file_hides_no_model_of_the_program() {
    let here = folder("store-file-demo");
    std::fs::write(here.join("demo"), "no model").unwrap();
    let run = |name: &str| rullama(["inspect", name]).within(&here).run();
    run("demo").ok();
    run("./demo").failed(1, &["./demo: ", "not a GGUF file"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_need_not_be_a_text() {
    use std::os::unix::ffi::OsStrExt;
    let path = folder("store-bytes").join(std::ffi::OsStr::from_bytes(b"m\xff.gguf"));
    let run = || rullama([std::ffi::OsStr::new("inspect"), path.as_os_str()]).run();
    run().failed(1, &["no file", "store-bytes/m\u{fffd}.gguf"]);
    std::fs::copy(model_file(MODELS[3]), &path).unwrap();
    run().ok();
}
