//! Whole numbers as options take them: one that cannot be is told with what can.

use std::ops::RangeInclusive;

/// A parser of numbers in this range, which the type holds. The standard library's own says `invalid digit` of `-1` and of `1.5`.
pub(crate) fn within<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            format!("`{text}` is not a whole number from {} to {}", range.start(), range.end())
        })
    }
}

/// A parser of tokens, rows and other things that are counted with 32 bits.
pub(crate) fn count(text: &str) -> Result<u32, String> {
    within(0..=u64::from(u32::MAX))(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_the_range_are_read_and_others_told_with_it() {
        let parse = within::<u32>(2..=20);
        assert_eq!((parse("2"), parse("20")), (Ok(2), Ok(20)));
        for text in ["1", "21", "-1", "abc", "1.5", "", "99999999999999999999"] {
            assert_eq!(parse(text), Err(format!("`{text}` is not a whole number from 2 to 20")));
        }
        assert_eq!(within(0..=u64::MAX)("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(count("4294967295"), Ok(u32::MAX));
        assert!(count("4294967296").unwrap_err().ends_with("from 0 to 4294967295"));
    }
}
