//! Rules about packages: dependencies point one way, and outside crates stay behind the crate that wraps them.

use serde_json::Value;

use super::Problem;

/// What the rules read of a workspace package.
pub(crate) struct Package {
    name: String,
    license: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    is_for_tests: bool,
}

/// Our packages, and which of ours each may use. A layer may also use the layers below those it builds on.
const LAYERS: [(&str, &[&str]); 10] = [
    ("rullama-gguf", &[]),
    ("rullama-gpu", &[]),
    ("rullama-prompt", &[]),
    ("rullama-kernels", &["rullama-gpu", "rullama-gguf"]),
    ("rullama-gemma4", &["rullama-kernels", "rullama-gpu", "rullama-gguf"]),
    (
        "rullama-engine",
        &["rullama-gemma4", "rullama-prompt", "rullama-kernels", "rullama-gpu", "rullama-gguf"],
    ),
    (
        "rullama-train",
        &["rullama-gemma4", "rullama-prompt", "rullama-kernels", "rullama-gpu", "rullama-gguf"],
    ),
    ("rullama", &["rullama-engine", "rullama-train"]),
    ("rullama-wasm", &["rullama-engine", "rullama-train"]),
    ("xtask", &[]),
];

/// Outside crates that only one package may depend on, tests included.
const WRAPPED: [(&str, &str); 9] = [
    ("wgpu", "rullama-gpu"),
    ("wasm-bindgen", "rullama-wasm"),
    ("wasm-bindgen-futures", "rullama-wasm"),
    ("web-sys", "rullama-wasm"),
    ("js-sys", "rullama-wasm"),
    ("clap", "rullama"),
    ("hyper", "rullama"),
    ("memmap2", "rullama"),
    ("tokio", "rullama"),
];

const LICENSE: &str = "MIT OR Apache-2.0";

/// Reads the packages of `cargo metadata --no-deps`.
pub(crate) fn read(metadata: &Value) -> Result<Vec<Package>, String> {
    let package = |value: &Value| {
        Some(Package {
            name: value["name"].as_str()?.into(),
            license: value["license"].as_str().unwrap_or("").into(),
            dependencies: value["dependencies"].as_array()?.iter().map(dependency).collect::<Option<_>>()?,
        })
    };
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
    let packages: Option<Vec<Package>> = packages.iter().map(package).collect();
    packages.ok_or_else(|| "`cargo metadata` lists a package without name or dependencies".into())
}

fn dependency(value: &Value) -> Option<Dependency> {
    Some(Dependency { name: value["name"].as_str()?.into(), is_for_tests: value["kind"] == "dev" })
}

/// The broken rules.
pub(crate) fn check(packages: &[Package]) -> Vec<Problem> {
    packages.iter().flat_map(check_one).collect()
}

fn check_one(package: &Package) -> Vec<Problem> {
    let name = &package.name;
    let mut problems = Vec::new();
    if package.license != LICENSE {
        problems.push(format!("package `{name}`: license is `{}`, it must be `{LICENSE}`", package.license));
    }
    let Some((_, below)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
        problems.push(format!(
            "package `{name}` has no place in the layers; name it in xtask/src/tidy/packages.rs"
        ));
        return problems;
    };
    for dependency in &package.dependencies {
        let used = dependency.name.as_str();
        let is_ours = LAYERS.iter().any(|(layer, _)| *layer == used);
        // What only tests use cannot reach users, so tests may build their inputs with any crate of ours.
        if is_ours && !dependency.is_for_tests && !below.contains(&used) {
            problems.push(format!("package `{name}` may not depend on `{used}`: dependencies point one way"));
        }
        if let Some((_, owner)) = WRAPPED.iter().find(|(wrapped, owner)| *wrapped == used && owner != name) {
            problems.push(format!("package `{name}` may not depend on `{used}`: only `{owner}` does"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `dependencies` are names; one that ends in `?` is used by tests only.
    #[track_caller]
    fn check_rule(name: &str, license: &str, dependencies: &[&str], expected: &[&str]) {
        let dependencies: Vec<Value> = dependencies
            .iter()
            .map(|text| match text.strip_suffix('?') {
                Some(name) => serde_json::json!({"name": name, "kind": "dev"}),
                None => serde_json::json!({"name": text, "kind": null}),
            })
            .collect();
        let package = serde_json::json!({"name": name, "license": license, "dependencies": dependencies});
        let problems = check(&read(&serde_json::json!({"packages": [package]})).unwrap());
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn dependencies_point_one_way() {
        check_rule("rullama-gemma4", LICENSE, &["rullama-kernels", "thiserror"], &[]);
        check_rule("rullama-kernels", LICENSE, &["rullama-gemma4"], &["may not depend on `rullama-gemma4`"]);
        check_rule("rullama-prompt", LICENSE, &["rullama-gguf"], &["may not depend on `rullama-gguf`"]);
        check_rule("rullama-prompt", LICENSE, &["rullama-gguf?"], &[]);
        check_rule("rullama", LICENSE, &["rullama-wasm"], &["may not depend on `rullama-wasm`"]);
        check_rule("rullama-train", LICENSE, &["rullama-engine"], &["may not depend on `rullama-engine`"]);
        check_rule("rullama-new", LICENSE, &[], &["has no place in the layers"]);
    }

    #[test]
    fn outside_crates_stay_behind_their_wrapper() {
        check_rule("rullama-gpu", LICENSE, &["wgpu"], &[]);
        check_rule("rullama-kernels", LICENSE, &["wgpu?"], &["only `rullama-gpu` does"]);
        check_rule(
            "rullama-engine",
            LICENSE,
            &["js-sys", "clap"],
            &["`rullama-wasm`", "only `rullama` does"],
        );
    }

    #[test]
    fn every_package_names_the_licence() {
        check_rule("rullama-gguf", "MIT", &[], &["license is `MIT`"]);
        check_rule("rullama-gguf", "", &[], &["license is ``"]);
    }
}
