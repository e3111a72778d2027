//! A command line that makes no sense: what is said about it, to people and to programs.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The parser's error for these arguments, with what it cannot know; help that was asked for is such an error too.
pub(crate) fn explained(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let is_run =
        arguments.iter().skip(1).find(|argument| !is_option(argument)).is_some_and(|name| name == "run");
    let further_word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => !word.starts_with('-'),
        _ => false,
    };
    if is_run && further_word && error.kind() == ErrorKind::UnknownArgument {
        let tip = StyledStr::from(
            "the prompt is one argument: put it in quotes, as in rullama run demo \"Hello, world\"",
        );
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// The error as a line of JSON, where these arguments ask for JSON.
pub(crate) fn as_json(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let options = arguments.iter().take_while(|argument| *argument != "--");
    if !error.use_stderr() || !options.into_iter().any(|argument| argument == "--json") {
        return None;
    }
    // What went wrong comes first, then tips; usage and a pointer to the help follow.
    let text = error.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: ");
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    let (message, tips) = text.split_once("\n  tip: ").unwrap_or((text, "see --help"));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let tips = line(&tips.replace("\n  tip: ", "; "));
    Some(serde_json::json!({ "code": "USAGE", "message": line(message), "remedy": tips }).to_string())
}

fn is_option(argument: &OsString) -> bool {
    argument.as_encoded_bytes().starts_with(b"-")
}
