//! Output files: none of the inputs is overwritten, and what fails leaves the old file as it was.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::terminal::shown;

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
        let there = match fs::metadata(name) {
            Ok(there) => there,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Output::new_file(name);
            }
            Err(error) => return Err(failed(name, error)),
        };
        if there.is_dir() {
            return Err(is_folder(name));
        }
        if !there.is_file() {
            return Ok(Output::Device(name.to_owned()));
        }
        // A link stays a link: what it leads to is replaced.
        let path = fs::canonicalize(name).map_err(|error| failed(name, error))?;
        match inputs.iter().find(|input| is_same(&path, input)) {
            Some(input) => Err(Failure::Usage(format!(
                "{}: the output would overwrite the input {}; name another file",
                shown(name),
                shown(input)
            ))),
            None => Ok(Output::File(path)),
        }
    }

    /// The output to a path where no file is yet: its own, or that of the last of the links that it leads over.
    fn new_file(name: &Path) -> Result<Output, Failure> {
        let mut path = name.to_owned();
        // They end, or the system would have told of a loop.
        while let Ok(next) = fs::read_link(&path) {
            path = folder_of(&path).join(next);
        }
        // A slash or `/.` at the end means a folder, and is no part of the last name.
        let bytes = path.as_os_str().as_encoded_bytes();
        if !path.file_name().is_some_and(|last| bytes.ends_with(last.as_encoded_bytes())) {
            return Err(is_folder(name));
        }
        let folder = folder_of(&path);
        if folder.is_dir() {
            return Ok(Output::File(path));
        }
        let problem = format!("{}: there is no folder `{}` for the output", shown(name), shown(folder));
        Err(Failure::Usage(problem))
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
                next.fill(bytes, path).map_err(|error| failed(path, error))?;
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

    /// Writes the bytes that are to replace those of the file `old`, if there is one.
    fn fill(&self, bytes: &[u8], old: &Path) -> io::Result<()> {
        // A file that the user's limits do not allow is an error like others, and not the end of the process.
        #[cfg(unix)]
        // SAFETY: The call takes numbers and touches no memory of this process; nobody else minds this signal.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        }
        let mut file = create_like(&self.0, old)?;
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

/// Creates a file, for nobody who may not read the file that it is to replace.
#[cfg(unix)]
fn create_like(path: &Path, old: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    let Ok(old) = fs::metadata(old) else { return File::create(path) };
    let mode = old.permissions().mode() & 0o777;
    let file = File::options().write(true).create(true).truncate(true).mode(mode).open(path)?;
    // The umask may have taken some. A file system that has no permissions leaves it at that.
    let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    Ok(file)
}

/// Elsewhere a folder says who may read its files.
#[cfg(not(unix))]
fn create_like(path: &Path, _old: &Path) -> io::Result<File> {
    File::create(path)
}

fn is_folder(name: &Path) -> Failure {
    Failure::Usage(format!("{}: is the path of a folder; name a file for the output", shown(name)))
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

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_is_not_there_yet_stays_a_link() {
        use std::os::unix::fs::symlink;

        let folder = std::env::temp_dir().join(format!("rullama-output-dangling-{}", std::process::id()));
        fs::create_dir_all(folder.join("sub")).unwrap();
        let [first, second, lost, round] =
            ["first", "sub/second", "lost", "round"].map(|name| folder.join(name));
        // Relative to the folder that each lies in.
        symlink("sub/second", &first).unwrap();
        symlink("../target", &second).unwrap();
        symlink("none/target", &lost).unwrap();
        symlink("round", &round).unwrap();
        Output::new(&first, &[]).unwrap().write(b"new", || Ok(())).unwrap();
        assert!(first.is_symlink() && second.is_symlink());
        assert_eq!(fs::read(folder.join("target")).unwrap(), b"new");
        assert!(matches!(Output::new(&lost, &[]), Err(Failure::Usage(_))));
        assert!(
            matches!(Output::new(&round, &[]), Err(Failure::Write { .. })),
            "told before anything is done"
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn who_may_read_the_old_file_may_read_the_new_one() {
        use std::os::unix::fs::PermissionsExt;

        let folder = std::env::temp_dir().join(format!("rullama-output-mode-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("out");
        for mode in [0o600, 0o666, 0o440] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Output::new(&path, &[]).unwrap().write(b"new", || Ok(())).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            assert_eq!(fs::read(&path).unwrap(), b"new");
            fs::remove_file(&path).unwrap();
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_path_of_a_folder_is_no_output() {
        let folder = std::env::temp_dir();
        for name in ["rullama-none/", "rullama-none/.", "rullama-none/..", "rullama-none//"] {
            assert!(matches!(Output::new(&folder.join(name), &[]), Err(Failure::Usage(_))), "{name}");
        }
    }
}
