//! What people and scripts see: results on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// How much is said beside the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chatter {
    /// Progress bars, where standard error is a terminal.
    Normal,
    /// Errors only.
    Quiet,
}

/// A text from a file, or a path, as a line can hold it: a terminal would obey the control characters in it.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// The same for a text of several lines.
pub(crate) fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A path as a line can hold it.
pub(crate) fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy())
}

/// Writes a part of the result and shows it at once.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes a line of the result.
pub(crate) fn print_line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(())
}

/// Writes the result as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).expect("results have text keys and numbers that JSON can write");
    print_line(&text)
}

/// Writes something that is not the result. A standard error that is closed is nobody's loss.
pub(crate) fn note(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A bar that counts bytes up to `total`, gone when it is finished.
pub(crate) fn byte_bar(what: &'static str, total: u64, chatter: Chatter) -> ProgressBar {
    let style =
        "{prefix} {wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
    bar(what, total, style, chatter)
}

/// A bar that counts things up to `total`, gone when it is finished.
pub(crate) fn count_bar(what: &'static str, total: u64, chatter: Chatter) -> ProgressBar {
    bar(what, total, "{prefix} {wide_bar} {pos} of {len}, {eta} left", chatter)
}

fn bar(what: &'static str, total: u64, style: &str, chatter: Chatter) -> ProgressBar {
    let shown = chatter == Chatter::Normal && io::stderr().is_terminal();
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(style).expect("the template is valid");
    ProgressBar::with_draw_target(Some(total), target).with_style(style).with_prefix(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        let check = |text: &str, expected: &str| assert_eq!(visible(text), expected);
        check("blk.0 – é", "blk.0 – é");
        check("a\u{1b}[2Jb", "a\\u{1b}[2Jb");
        check("a\nb\tc\r", "a\\nb\\tc\\r");
        // Some terminals take U+009B for the beginning of a sequence too.
        check("\u{9b}1m\u{7f}", "\\u{9b}1m\\u{7f}");
        assert_eq!(visible_lines("a\u{7}\nb"), "a\\u{7}\nb");
    }
}
