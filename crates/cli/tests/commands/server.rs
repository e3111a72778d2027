//! A server that runs, and what it answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::program::{Program, folder, rullama, text};

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    pub(crate) fn start(program: Program) -> Server {
        let mut child = program.start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap_or_else(|| panic!("it printed {line:?}")).to_owned();
        Server { child, address }
    }

    /// Sends bytes as they are, and reads until the server closes.
    pub(crate) fn send(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // A server that has seen enough may close before it has read everything.
        let _ = stream.write_all(request);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(&reply)));
        Answer { head: String::from_utf8(reply[..end].to_vec()).unwrap(), body: reply[end + 4..].to_vec() }
    }

    /// A request to `localhost` with these further header lines.
    pub(crate) fn ask(&self, request: &str, headers: &[&str]) -> Answer {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.send(
            format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n").as_bytes(),
        )
    }

    #[track_caller]
    pub(crate) fn check(&self, request: &str, headers: &[&str], status: u16, says: &[&str], body: &str) {
        let answer = self.ask(request, headers);
        assert_eq!(answer.status(), status, "{request} {headers:?}: {}", answer.head);
        for part in says {
            assert!(
                answer.head.to_lowercase().contains(&part.to_lowercase()),
                "no `{part}` in {}",
                answer.head
            );
        }
        assert_eq!(String::from_utf8_lossy(&answer.body), body, "{request} {headers:?}");
    }

    /// The status of a request that is not answered with a body of interest.
    pub(crate) fn status(&self, request: &[u8]) -> u16 {
        self.send(request).status()
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// A folder with a built app of a few bytes, and beside it a secret.
pub(crate) fn app(name: &str) -> PathBuf {
    let above = folder(name);
    let app = above.join("app");
    std::fs::create_dir_all(app.join("assets")).unwrap();
    std::fs::write(app.join("index.html"), "<p>").unwrap();
    std::fs::write(app.join("assets/a b.wasm"), "0123456789").unwrap();
    std::fs::write(above.join("secret"), "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(above.join("secret"), app.join("link")).unwrap();
    app
}

pub(crate) fn serve(app: &Path) -> Program {
    rullama(["serve", "--port", "0", "--app", &text(app)])
}
