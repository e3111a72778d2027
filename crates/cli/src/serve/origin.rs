//! Origins as browsers write them: a scheme and a host, and a port where it is not the scheme's own.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The origin in the words that a browser sends, or why no browser sends it.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let no_origin =
        || "an origin is a scheme and a host without a path, such as https://example.org".to_owned();
    if text.contains(['*', ',']) {
        return Err("`*` and `,` are in no origin; give each one, such as https://example.org, with an --allow-origin of its own".to_owned());
    }
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://").ok_or_else(no_origin)?;
    let own_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(format!("the scheme is `{scheme}`; pages that can ask have http or https")),
    };
    if let Some(start) = rest.find(['/', '\\', '?', '#']) {
        return Err(format!(
            "`{}` is a path; an origin ends before it: {scheme}://{}",
            &rest[start..],
            &rest[..start]
        ));
    }
    let (host, port) = match rest.rsplit_once(':') {
        // Those inside of brackets are the address's.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let host = host_name(host).ok_or_else(|| {
        format!("`{host}` is no host as browsers write it, such as example.org, 192.0.2.1 or [2001:db8::1]")
    })?;
    let port = match port.map(|port| (port, port.parse::<u16>())) {
        None => own_port,
        Some((digits, Ok(port))) if digits.bytes().all(|byte| byte.is_ascii_digit()) => port,
        Some(("", _)) => return Err("no port follows the `:`; leave it out, or give a number".to_owned()),
        Some((port, _)) => return Err(format!("`{port}` is no port; it is a number from 0 to 65535")),
    };
    Ok(if port == own_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") })
}

/// A name, or an address in its usual form.
fn host_name(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]"));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next()?;
    // What ends with a number is an address to a browser, which writes all four of its numbers.
    let is_name = !last.bytes().all(|byte| byte.is_ascii_digit());
    (host.bytes().all(allowed) && (is_name || host.parse::<Ipv4Addr>().is_ok())).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        let check = |text: &str, expected: &str| assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        check("https://example.org", "https://example.org");
        check("HTTPS://Example.ORG", "https://example.org");
        check("https://example.org:443", "https://example.org");
        check("http://example.org:80", "http://example.org");
        check("http://example.org:443", "http://example.org:443");
        check("https://example.org:08443", "https://example.org:8443");
        check("http://192.0.2.1:8088", "http://192.0.2.1:8088");
        check("http://[2001:DB8:0::1]:80", "http://[2001:db8::1]");
        check("http://[::1]:8088", "http://[::1]:8088");
        check("https://xn--bcher-kva.example", "https://xn--bcher-kva.example");
    }

    #[test]
    fn what_no_browser_sends_is_told_by_name() {
        let check = |text: &str, says: &str| {
            let told = parse(text).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        };
        check("*", "`*`");
        check("https://*.example.org", "`*`");
        check("https://a.example,https://b.example", "`,`");
        check("https://example.org:", "no port");
        check("https://example.org:x", "`x` is no port");
        check("https://example.org:+1", "`+1` is no port");
        check("https://example.org:65536", "`65536` is no port");
        check("https://example.org/", "`/` is a path; an origin ends before it: https://example.org");
        check("https://example.org/app?x", "`/app?x` is a path");
        check("https://example.org#x", "`#x` is a path");
        check("ftp://example.org", "`ftp`");
        check("example.org", "such as https://example.org");
        check("null", "such as https://example.org");
        check("https://", "`` is no host");
        check("https://:8088", "`` is no host");
        check("https://me@example.org", "`me@example.org` is no host");
        check("https://bücher.example", "is no host");
        check("https://127.1", "`127.1` is no host");
        check("https://[::1", "is no host");
        check("https://::1", "is no host");
    }
}
