//! Puts the built web app into the program: the files of the folder that RULLAMA_APP names, or none.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The demo model is in the program already: the app's copy is the same bytes, whatever the bundler calls it.
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo.gguf");

fn main() {
    println!("cargo::rerun-if-env-changed=RULLAMA_APP");
    let mut files = Vec::new();
    if let Some(folder) = env::var_os("RULLAMA_APP").filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        assert!(folder.join("index.html").is_file(), "RULLAMA_APP: {} holds no index.html", folder.display());
        collect(&folder, "", &mut files);
    }
    files.sort();
    let demo = fs::read(DEMO).unwrap_or_else(|error| panic!("{DEMO}: {error}"));
    let entry = |(name, path): &(String, PathBuf)| {
        let is_demo = name.ends_with(".gguf") && fs::read(path).is_ok_and(|bytes| bytes == demo);
        let bytes = if is_demo {
            "crate::store::DEMO_BYTES".into()
        } else {
            format!("include_bytes!({:?})", path.display().to_string())
        };
        format!("    ({name:?}, {bytes}),\n")
    };
    let entries: String = files.iter().map(entry).collect();
    let code = format!("static BUILT_IN: &[(&str, &[u8])] = &[\n{entries}];\n");
    let out = Path::new(&env::var_os("OUT_DIR").expect("Cargo names it")).join("app.rs");
    fs::write(&out, code).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

fn collect(folder: &Path, above: &str, files: &mut Vec<(String, PathBuf)>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let name = format!(
            "{above}{}",
            entry.file_name().into_string().expect("names of the app's files are UTF-8")
        );
        let path = fs::canonicalize(entry.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.push((name, path));
        }
    }
}
