//! Sizes in bytes as people write and read them.

/// Units by the letter that names them. `K`, `M`, `G`, `T` are powers of 1000 as on a package of memory cards, `Ki`
/// and so on powers of 1024 as in reports of the ledger.
const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
    ("ti", 1 << 40),
];

/// Reads `1800000000`, `512M`, `1.8G`, `1.5GiB`; case does not matter and a `B` at the end may stand or not.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits);
    let unit = unit.trim();
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|&(_, scale)| scale);
    let number = number.parse::<f64>().ok();
    match (number, scale) {
        (Some(number), Some(scale)) if number * scale as f64 >= 1.0 => {
            // A float holds every whole number of bytes up to 8 PiB; what is larger saturates.
            Ok((number * scale as f64).round() as u64)
        }
        (Some(_), Some(_)) => Err(format!("`{text}` is less than one byte")),
        _ => Err(format!("`{text}` is not a size; write for example 512M, 1.8G or 2GiB")),
    }
}

/// A size for people: `123 B`, `1.5 KiB`, `2.00 GiB`.
pub(crate) fn show(bytes: u64) -> String {
    const STEP: f64 = 1024.0;
    let mut size = bytes as f64;
    if size < STEP {
        return format!("{bytes} B");
    }
    for unit in ["KiB", "MiB", "GiB"] {
        size /= STEP;
        if size < STEP {
            return format!("{size:.1} {unit}");
        }
    }
    format!("{:.1} TiB", size / STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        let check = |text: &str, expected: u64| assert_eq!(parse(text), Ok(expected), "{text}");
        check("1800000000", 1_800_000_000);
        check("512M", 512_000_000);
        check("512m", 512_000_000);
        check("1.8G", 1_800_000_000);
        check("1.8GB", 1_800_000_000);
        check("2GiB", 2 << 30);
        check("2 Gi", 2 << 30);
        check("1.5KiB", 1536);
        check("7B", 7);
    }

    #[test]
    fn other_texts_are_refused() {
        let check = |text: &str| assert!(parse(text).unwrap_err().contains(&format!("`{text}`")), "{text}");
        check("");
        check("G");
        check("-1G");
        check("1.2.3G");
        check("12 parsecs");
        check("0");
        check("0.1");
    }

    #[test]
    fn sizes_are_shown() {
        let check = |bytes: u64, expected: &str| assert_eq!(show(bytes), expected);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(1_572_864, "1.5 MiB");
        check(6_180_000_000, "5.8 GiB");
        check(3 << 40, "3.0 TiB");
    }
}
