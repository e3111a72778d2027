//! Input files: texts, and token ids as a JSON list or under `ids` of an object, which is what `tokenize --json` prints.

use std::io::Read;

use serde::Deserialize;

use crate::failure::Failure;

/// Longest input file; a million ids have about seven megabytes.
const INPUT_BYTES_MAX: u64 = 256 << 20;

#[derive(Deserialize)]
#[serde(untagged)]
enum Ids {
    List(Vec<u32>),
    Object { ids: Vec<u32> },
}

/// Reads ids from a file; `-` is standard input.
pub(crate) fn read_ids(name: &str) -> Result<Vec<u32>, Failure> {
    let text = read_text(name)?;
    match serde_json::from_str(&text) {
        Ok(Ids::List(ids) | Ids::Object { ids }) => Ok(ids),
        Err(_) => Err(Failure::Input {
            name: shown(name),
            problem: "is not a JSON list of token ids such as [2, 105]".to_owned(),
        }),
    }
}

/// Reads a text from a file; `-` is standard input. A byte-order mark at its beginning, as editors on Windows write it, is left out.
pub(crate) fn read_text(name: &str) -> Result<String, Failure> {
    let bad = |problem: String| Failure::Input { name: shown(name), problem };
    let mut content = Vec::new();
    let read = match name {
        "-" => std::io::stdin().lock().take(INPUT_BYTES_MAX + 1).read_to_end(&mut content),
        path => std::fs::File::open(path)
            .and_then(|file| file.take(INPUT_BYTES_MAX + 1).read_to_end(&mut content)),
    };
    read.map_err(|error| bad(error.to_string()))?;
    if content.len() as u64 > INPUT_BYTES_MAX {
        return Err(bad(format!("has more than {INPUT_BYTES_MAX} bytes; give it in parts")));
    }
    let text = String::from_utf8(content).map_err(|error| bad(format!("is not UTF-8: {error}")))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// What an input is called in messages.
pub(crate) fn shown(name: &str) -> String {
    if name == "-" { "standard input".to_owned() } else { name.to_owned() }
}
