//! Many strings in two allocations.

use std::fmt;

/// A list of strings as one text and the end of each, so that half a million tokens cost 4 bytes each beside
/// their text instead of an allocation each.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    ends: Vec<u32>, // (len,), byte offsets in `text`
}

impl Strings {
    /// An empty list with room for `len` strings.
    pub fn with_capacity(len: usize) -> Self {
        Self { text: String::new(), ends: Vec::with_capacity(len) }
    }

    /// Appends a string.
    ///
    /// # Panics
    /// If all strings together would reach 4 GiB.
    pub fn push(&mut self, string: &str) {
        self.text.push_str(string);
        let end = u32::try_from(self.text.len());
        self.ends
            .push(end.unwrap_or_else(|_| panic!("{} bytes of text, at most {}", self.text.len(), u32::MAX)));
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        Some(&self.text[start..end])
    }

    /// All strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let string = &self.text[start..end as usize];
            start = end as usize;
            string
        })
    }

    /// Bytes of memory that the list occupies.
    pub fn memory_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Gives back the room that growing left over.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
    }
}

impl fmt::Debug for Strings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut list = Self::default();
        for string in strings {
            list.push(string.as_ref());
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_in_order() {
        let list: Strings = ["a", "", "ébc", ""].into_iter().collect();
        assert_eq!(list.len(), 4);
        assert_eq!(list.iter().len(), 4);
        assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "", "ébc", ""]);
        assert_eq!(
            (list.get(0), list.get(1), list.get(2), list.get(4)),
            (Some("a"), Some(""), Some("ébc"), None)
        );
        assert_eq!(format!("{list:?}"), r#"["a", "", "ébc", ""]"#);
        assert!(Strings::default().is_empty());
    }
}
