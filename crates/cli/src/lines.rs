//! Standard input line by line, for a conversation: what is no message is told and passed over.

use std::io::{self, BufRead, Read};

/// Longest line that is kept. A long context holds some hundred thousand tokens, a word or less each.
const LINE_BYTES_MAX: usize = 16 << 20;

/// Reads lines.
pub(crate) struct Lines<R> {
    input: R,
    max: usize,
    is_first: bool,
    /// The end of the line is still to come, and nobody wants it.
    is_inside: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Lines<R> {
        Lines { input, max: LINE_BYTES_MAX, is_first: true, is_inside: false }
    }

    /// The next line, or what is wrong with it; none at the end. A byte-order mark before the first one is left out. A line that is
    /// too long is told of before the rest of it is passed over, which may never end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<String, String>>> {
        if std::mem::take(&mut self.is_inside) {
            self.input.skip_until(b'\n')?;
        }
        let mut line = Vec::new();
        // One byte more than is kept tells what is too long.
        let bytes = (&mut self.input).take(self.max as u64 + 1).read_until(b'\n', &mut line)?;
        if bytes == 0 {
            return Ok(None);
        }
        if bytes > self.max && line.last() != Some(&b'\n') {
            self.is_inside = true;
            return Ok(Some(Err(format!("has more than {} bytes", self.max))));
        }
        let is_first = std::mem::take(&mut self.is_first);
        let text = line.strip_prefix("\u{feff}".as_bytes()).filter(|_| is_first).unwrap_or(&line);
        Ok(Some(str::from_utf8(text).map(str::to_owned).map_err(|_| "is not UTF-8".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of this input, of which at most 4 bytes each are kept.
    fn lines(input: &[u8]) -> Vec<Result<String, String>> {
        let mut lines = Lines { max: 4, ..Lines::new(input) };
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    fn text(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[test]
    fn lines_end_with_their_end_or_that_of_the_input() {
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"a\n\nb"), [text("a\n"), text("\n"), text("b")]);
        assert_eq!(lines(b"\xff\nb\n"), [Err("is not UTF-8".to_owned()), text("b\n")]);
    }

    #[test]
    fn what_is_too_long_is_told_and_passed_over() {
        let too_long = || Err("has more than 4 bytes".to_owned());
        assert_eq!(lines(b"1234\n1234"), [text("1234\n"), text("1234")], "as long as can be");
        assert_eq!(lines(b"12345\nb\n"), [too_long(), text("b\n")]);
        assert_eq!(lines(b"1234567890\n1234567890"), [too_long(), too_long()]);
        // It is told before all of it is there.
        let mut endless = Lines::new(io::BufReader::new(io::repeat(0)));
        assert_eq!(endless.next().unwrap(), Some(Err("has more than 16777216 bytes".to_owned())));
    }

    #[test]
    fn a_byte_order_mark_is_left_out_at_the_beginning_only() {
        assert_eq!(lines("\u{feff}a\n\u{feff}\n".as_bytes()), [text("a\n"), text("\u{feff}\n")]);
    }
}
