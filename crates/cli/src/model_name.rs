//! Names of models in the Ollama store: `[HOST/][NAMESPACE/]MODEL[:TAG]`.

use std::fmt;
use std::path::PathBuf;

/// The registry that a name without a host means.
const HOST_DEFAULT: &str = "registry.ollama.ai";
/// The namespace that a name without one means.
const NAMESPACE_DEFAULT: &str = "library";
/// The tag that a name without one means.
const TAG_DEFAULT: &str = "latest";
/// Most bytes of one part; a file system would not hold more.
const PART_BYTES_MAX: usize = 255;

/// A name with all its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelName {
    host: String,
    namespace: String,
    model: String,
    tag: String,
}

impl ModelName {
    /// Reads a name; none if the text cannot be one, as most paths cannot.
    pub(crate) fn parse(text: &str) -> Option<ModelName> {
        // A colon before the last slash belongs to the port of a host.
        let model_start = text.rfind('/').map_or(0, |slash| slash + 1);
        let (path, tag) = match text[model_start..].find(':') {
            Some(colon) => (&text[..model_start + colon], &text[model_start + colon + 1..]),
            None => (text, TAG_DEFAULT),
        };
        let (host, namespace, model) = match path.split('/').collect::<Vec<_>>()[..] {
            [model] => (HOST_DEFAULT, NAMESPACE_DEFAULT, model),
            [namespace, model] => (HOST_DEFAULT, namespace, model),
            [host, namespace, model] => (host, namespace, model),
            _ => return None,
        };
        ModelName::from_parts(host, namespace, model, tag)
    }

    /// The name of a manifest at HOST/NAMESPACE/MODEL/TAG.
    pub(crate) fn from_parts(host: &str, namespace: &str, model: &str, tag: &str) -> Option<ModelName> {
        let host_name = host.split_once(':').map_or(host, |(name, _)| name);
        let plain = [host_name, namespace, model, tag].into_iter().all(is_part);
        let port = host.split_once(':').map_or("0", |(_, port)| port);
        let port_is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        (plain && port_is_number).then(|| ModelName {
            host: host.to_owned(),
            namespace: namespace.to_owned(),
            model: model.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// Where the manifest lies below the store's `manifests`.
    pub(crate) fn manifest_path(&self) -> PathBuf {
        [&self.host, &self.namespace, &self.model, &self.tag].iter().collect()
    }
}

/// The shortest text that means this model, which is what `ollama list` prints.
impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host != HOST_DEFAULT {
            write!(f, "{}/", self.host)?;
        }
        if self.host != HOST_DEFAULT || self.namespace != NAMESPACE_DEFAULT {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}:{}", self.model, self.tag)
    }
}

/// Parts become folders, so nothing that could lead out of the store is one.
fn is_part(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !part.starts_with('.') && !part.is_empty() && part.len() <= PART_BYTES_MAX && part.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let name = ModelName::parse(text);
        let got =
            name.map(|name| (name.manifest_path().to_string_lossy().replace('\\', "/"), name.to_string()));
        assert_eq!(got, expected.map(|(path, shown)| (path.to_owned(), shown.to_owned())), "{text}");
    }

    #[test]
    fn names_are_completed() {
        check("gemma4", Some(("registry.ollama.ai/library/gemma4/latest", "gemma4:latest")));
        check("gemma4:e2b", Some(("registry.ollama.ai/library/gemma4/e2b", "gemma4:e2b")));
        check("library/gemma4:e2b", Some(("registry.ollama.ai/library/gemma4/e2b", "gemma4:e2b")));
        check("someone/mine", Some(("registry.ollama.ai/someone/mine/latest", "someone/mine:latest")));
        check("hf.co/someone/mine:Q4_K_M", Some(("hf.co/someone/mine/Q4_K_M", "hf.co/someone/mine:Q4_K_M")));
        check("localhost:5000/a/b", Some(("localhost:5000/a/b/latest", "localhost:5000/a/b:latest")));
        check(
            "registry.ollama.ai/library/gemma4",
            Some(("registry.ollama.ai/library/gemma4/latest", "gemma4:latest")),
        );
    }

    #[test]
    fn nothing_leads_out_of_the_store() {
        check("", None);
        check("..", None);
        check("../x", None);
        check("a/../b", None);
        check("/etc/passwd", None);
        check("a/b/c/d", None);
        check("gemma4:", None);
        check("gemma4:a:b", None);
        check("gemma4:..", None);
        check("a\\b", None);
        check("a b", None);
        check("host:port/a/b", None);
        check(&"x".repeat(256), None);
    }
}
