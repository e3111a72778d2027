//! Finding stop strings in text that comes in pieces.

/// Looks for the first stop string in a stream of text and holds back only what may still become one.
///
/// The result does not depend on how the text is cut into pieces: the stop string that is complete first wins, and of
/// two that end at the same place the longer.
#[derive(Clone, Debug)]
pub(crate) struct StopStrings {
    stops: Vec<String>,
    held: String, // a proper prefix of at least one stop string, or empty
}

/// What a piece of text brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// Text that can be said.
    Text(String),
    /// The text in front of a stop string.
    Stopped(String),
}

impl StopStrings {
    /// A search for these strings, none of which may be empty.
    pub(crate) fn new(stops: &[String]) -> StopStrings {
        assert!(stops.iter().all(|stop| !stop.is_empty()), "an empty stop string is everywhere");
        StopStrings { stops: stops.to_vec(), held: String::new() }
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, text: &str) -> Scanned {
        let mut text = std::mem::take(&mut self.held) + text;
        let found =
            self.stops.iter().filter_map(|stop| text.find(stop).map(|start| (start + stop.len(), start)));
        if let Some((_, start)) = found.min() {
            text.truncate(start);
            return Scanned::Stopped(text);
        }
        self.held = text.split_off(self.may_begin_at(&text));
        Scanned::Text(text)
    }

    /// The text in front of a stop string that `more` would complete.
    pub(crate) fn completed_by(&self, more: &str) -> Option<String> {
        if more.is_empty() || self.stops.is_empty() {
            return None;
        }
        match self.clone().push(more) {
            Scanned::Stopped(text) => Some(text),
            Scanned::Text(_) => None,
        }
    }

    /// What is held back, once it is known that nothing follows to complete it.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Where the earliest stop string that `text` does not complete may begin; the text's end if none does.
    fn may_begin_at(&self, text: &str) -> usize {
        let longest = self.stops.iter().map(String::len).max().unwrap_or(0);
        let earliest = (text.len() + 1).saturating_sub(longest);
        (earliest..text.len())
            .find(|&at| {
                text.is_char_boundary(at) && self.stops.iter().any(|stop| stop.starts_with(&text[at..]))
            })
            .unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(list: &[&str]) -> StopStrings {
        StopStrings::new(&list.iter().map(|&stop| stop.to_owned()).collect::<Vec<_>>())
    }

    /// What is said in the end, and whether a stop string ended it, with the text cut into pieces of `size` characters.
    fn said(list: &[&str], text: &str, size: usize) -> (String, bool) {
        let mut search = stops(list);
        let mut said = String::new();
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            match search.push(&piece.iter().collect::<String>()) {
                Scanned::Text(text) => said += &text,
                Scanned::Stopped(text) => return (said + &text, true),
            }
        }
        (said + &search.finish(), false)
    }

    fn check(list: &[&str], text: &str, expected: &str, stopped: bool) {
        for size in 1..=text.chars().count().max(1) {
            assert_eq!(
                said(list, text, size),
                (expected.to_owned(), stopped),
                "{list:?} in {text:?} by {size}"
            );
        }
    }

    #[test]
    fn the_end_does_not_depend_on_the_pieces() {
        check(&["END"], "one END two", "one ", true);
        check(&["END"], "one EN", "one EN", false);
        check(&["END"], "EENDD", "E", true);
        check(&["aab"], "aaaab", "aa", true);
        check(&["abc", "b"], "xabc", "xa", true); // `b` is complete before `abc`
        check(&["bc", "abc"], "xabc", "x", true); // both end at once, the longer wins
        check(&["é€"], "aé€b", "a", true);
        check(&["é€"], "aéb", "aéb", false);
        check(&["\n\n"], "a\nb\n\nc", "a\nb", true);
        check(&[], "anything", "anything", false);
        check(&["x"], "", "", false);
    }

    #[test]
    fn only_what_may_become_a_stop_string_is_held_back() {
        let mut search = stops(&["<end>", "\u{1f600}!"]);
        let mut check = |piece: &str, said: &str| {
            assert_eq!(search.push(piece), Scanned::Text(said.to_owned()), "after {piece:?}");
        };
        check("a<", "a");
        check("en", "");
        check("t", "<ent");
        check("b\u{1f600}", "b");
        check("?", "\u{1f600}?");
        check("<<", "<");
        assert_eq!(search.finish(), "<");
    }
}
