//! Output files: none of the inputs is overwritten, and what fails leaves the old file as it was.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where a result goes.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Standard,
    /// A pipe or a device, which is written as it is.
    Device(PathBuf),
    /// A file that is there only when it is whole.
    File(PathBuf),
}

impl Output {
    /// The output of this name; `-` is standard output. It is an error if it is one of the inputs, or cannot be a file.
    pub(crate) fn new(name: &Path, inputs: &[&Path]) -> Result<Output, Failure> {
        if name.as_os_str() == "-" {
            return Ok(Output::Standard);
        }
        let Ok(there) = fs::metadata(name) else {
            let folder = folder_of(name);
            let file_name = name.file_name();
            return match folder.is_dir() && file_name.is_some() {
                true => Ok(Output::File(name.to_owned())),
                false => Err(Failure::Usage(format!(
                    "{}: there is no folder `{}` for the output",
                    name.display(),
                    folder.display()
                ))),
            };
        };
        if there.is_dir() {
            let problem = format!("{}: is a folder; name a file for the output", name.display());
            return Err(Failure::Usage(problem));
        }
        if !there.is_file() {
            return Ok(Output::Device(name.to_owned()));
        }
        // A link stays a link: what it leads to is replaced.
        let path = fs::canonicalize(name).map_err(|error| failed(name, error))?;
        match inputs.iter().find(|input| is_same(&path, input)) {
            Some(input) => Err(Failure::Usage(format!(
                "{}: the output would overwrite the input {}; name another file",
                name.display(),
                input.display()
            ))),
            None => Ok(Output::File(path)),
        }
    }

    /// Writes all of it, and then puts it in its place if `go_on` has nothing against it.
    pub(crate) fn write(
        &self,
        bytes: &[u8],
        go_on: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            Output::Standard => {
                go_on()?;
                let mut out = io::stdout().lock();
                Ok(out.write_all(bytes).and_then(|()| out.flush())?)
            }
            Output::Device(path) => {
                go_on()?;
                fs::write(path, bytes).map_err(|error| failed(path, error))
            }
            Output::File(path) => {
                let next = Next::beside(path);
                next.fill(bytes).map_err(|error| failed(path, error))?;
                go_on()?;
                fs::rename(&next.0, path).map_err(|error| failed(path, error))
            }
        }
    }
}

/// A file that is being written; what has not been renamed when it goes out of scope is removed.
struct Next(PathBuf);

impl Next {
    fn beside(path: &Path) -> Next {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        Next(path.with_file_name(name))
    }

    fn fill(&self, bytes: &[u8]) -> io::Result<()> {
        // A file that the user's limits do not allow is an error like others, and not the end of the process.
        #[cfg(unix)]
        // SAFETY: The call takes numbers and touches no memory of this process; nobody else minds this signal.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        }
        let mut file = File::create(&self.0)?;
        file.write_all(bytes)?;
        // Some file systems say only now that they are full.
        file.sync_all()
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        // After it was renamed there is nothing of this name.
        let _ = fs::remove_file(&self.0);
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::Write { path: path.to_owned(), error }
}

/// Whether both paths lead to one file. A second name of the file counts where the system tells.
fn is_same(path: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let key = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
        key(path).is_some_and(|found| key(other) == Some(found))
    }
    #[cfg(not(unix))]
    fs::canonicalize(other).is_ok_and(|other| other == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes over an old file and gives what the folder has then: names and contents.
    fn written(
        name: &str,
        go_on: Result<(), Failure>,
        prepare: impl Fn(&Path),
    ) -> (bool, Vec<(String, Vec<u8>)>) {
        let folder = std::env::temp_dir().join(format!("rullama-output-{name}-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("out");
        fs::write(&path, "old").unwrap();
        prepare(&path);
        let output = Output::new(&path, &[]).unwrap();
        let done = output.write(b"new", || go_on).is_ok();
        let files =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let named = |path: PathBuf| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
        };
        let files = files.map(named).collect();
        fs::remove_dir_all(folder).unwrap();
        (done, files)
    }

    #[test]
    fn the_old_file_is_replaced_as_a_whole_or_stays() {
        let file = |content: &[u8]| vec![("out".to_owned(), content.to_vec())];
        assert_eq!(written("done", Ok(()), |_| ()), (true, file(b"new")));
        assert_eq!(written("stopped", Err(Failure::Interrupted), |_| ()), (false, file(b"old")));
        // What cannot be written, as on a disk that is full.
        let blocked = |path: &Path| fs::create_dir(&Next::beside(path).0).unwrap();
        assert_eq!(written("failed", Ok(()), blocked), (false, file(b"old")));
    }

    #[cfg(unix)]
    #[test]
    fn an_input_under_another_name_is_no_output() {
        let folder = std::env::temp_dir().join(format!("rullama-output-same-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let [input, link, hard] = ["input", "link", "hard"].map(|name| folder.join(name));
        fs::write(&input, "input").unwrap();
        std::os::unix::fs::symlink(&input, &link).unwrap();
        fs::hard_link(&input, &hard).unwrap();
        for name in [&input, &link, &hard] {
            assert!(matches!(Output::new(name, &[&input]), Err(Failure::Usage(_))), "{name:?}");
            // Either way of naming the input.
            assert!(matches!(Output::new(&input, &[name]), Err(Failure::Usage(_))), "{name:?}");
        }
        assert!(matches!(Output::new(&folder.join("none/out"), &[]), Err(Failure::Usage(_))));
        assert!(matches!(Output::new(&folder, &[]), Err(Failure::Usage(_))));
        assert!(matches!(Output::new(Path::new("/dev/null"), &[]), Ok(Output::Device(_))));
        assert!(Output::new(&link, &[]).unwrap().write(b"new", || Ok(())).is_ok());
        assert!(
            link.is_symlink() && fs::read(&input).unwrap() == b"new",
            "what the link leads to is written"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
