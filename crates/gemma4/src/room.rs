//! Memory of this process for what a caller asked for: a tab has 4 GiB of it, and a vector of at most half.

use crate::error::Error;

/// An empty vector with room for `len` values; what they are, and the remedy, are for the error.
pub(crate) fn room<T>(len: u64, what: impl Fn() -> String, remedy: &'static str) -> Result<Vec<T>, Error> {
    let mut vec = Vec::new();
    let reserved = usize::try_from(len).ok().and_then(|len| vec.try_reserve_exact(len).ok());
    match reserved {
        Some(()) => Ok(vec),
        None => {
            let bytes = len.saturating_mul(size_of::<T>() as u64);
            Err(Error::HostMemory { what: what(), bytes, remedy })
        }
    }
}

/// For the logits of so many positions.
///
/// # Errors
/// [`Error::HostMemory`].
pub fn room_for_logits(positions: usize, vocabulary: u32) -> Result<Vec<f32>, Error> {
    let what = || format!("logits of {positions} positions over {vocabulary} tokens");
    room(positions as u64 * u64::from(vocabulary), what, "ask for those of fewer positions at a time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_process_holds_is_an_error_with_its_bytes() {
        assert!(room_for_logits(3, 700).expect("a little").capacity() >= 2100);
        let error = room_for_logits(1 << 40, 1 << 20).expect_err("four exbibytes");
        assert_eq!(error.code(), "OUT_OF_MEMORY");
        assert_eq!(
            error.to_string(),
            "logits of 1099511627776 positions over 1048576 tokens take 4611686018427387904 bytes, more than this process can hold; ask for those of fewer positions at a time"
        );
    }
}
