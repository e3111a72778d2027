//! What the tasks need on the machine: found, or installed, or named with the exact command.
//!
//! The Rust target and the npm packages are installed as the user who asks, into the
//! toolchain and the checkout. System packages are installed on Debian and Ubuntu as root only; elsewhere the
//! task stops before it has changed anything.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{self, Project};

/// One thing a task needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece {
    /// The standard library for `wasm32-unknown-unknown`.
    WasmTarget,
    /// Any Vulkan driver and the loader; macOS and Windows bring their own graphics interface.
    VulkanDriver,
    /// A Chromium that the browser tests drive.
    Chromium,
    /// A C++ compiler, which libFuzzer is built with.
    CppCompiler,
    /// Node.js of a version that Vite and its plugin for Svelte run on, with npm.
    Node,
    /// The packages of `web/package-lock.json`.
    NpmPackages,
}

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Older lines that will do, from a minor version on.
const NODE_LINES: [(u32, u32); 2] = [(20, 19), (22, 12)];
const NODE_MAJOR_MIN: u32 = 24;
const NODE_WANTED: &str = "Node.js 24 or newer (22.12 and 20.19 of the older lines will do) with npm";
const CHROMIUM_NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const CPP_COMPILERS: [&str; 3] = ["c++", "g++", "clang++"];
const CHROMIUM_APPS: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const VULKAN_DRIVER_FOLDERS: [&str; 3] =
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/// Makes sure that `needs` are there: says what is missing, then installs it or stops with the command to type.
pub(crate) fn ensure(project: &Project, needs: &[Piece]) -> Result<(), String> {
    let mut missing = Vec::new();
    for piece in needs {
        if !present(project, *piece)? {
            missing.push(*piece);
        }
    }
    if missing.is_empty() {
        println!("everything that is needed is there");
        return Ok(());
    }

    // System packages come first: where they cannot be installed, nothing else is either.
    let packages = missing.iter().any(|piece| is_system(*piece)).then(|| system(&Machine::this(), &missing));
    match packages {
        Some(Remedy::Type(commands)) => {
            let names: Vec<_> = missing.iter().filter(|piece| is_system(**piece)).map(describe).collect();
            return Err(format!("missing: {}. Install it and start again:\n  {commands}", names.join(", ")));
        }
        Some(Remedy::Run(commands)) => {
            for piece in missing.iter().filter(|piece| is_system(**piece)) {
                println!("installing {}", describe(piece));
            }
            for command in commands {
                let mut shell = project.command("sh");
                project::run(shell.env("DEBIAN_FRONTEND", "noninteractive").args(["-c", &command]))?;
            }
        }
        None => {}
    }
    for piece in missing {
        install(project, piece)?;
        if !present(project, piece)? {
            return Err(format!("{} was installed but is still not found", describe(&piece)));
        }
    }
    Ok(())
}

fn describe(piece: &Piece) -> &'static str {
    match piece {
        Piece::WasmTarget => "the Rust target wasm32-unknown-unknown",
        Piece::VulkanDriver => "a Vulkan driver and loader",
        Piece::Chromium => "Chromium",
        Piece::CppCompiler => "a C++ compiler",
        Piece::Node => NODE_WANTED,
        Piece::NpmPackages => "the npm packages of the web app and its tests (into web/node_modules)",
    }
}

fn is_system(piece: Piece) -> bool {
    matches!(piece, Piece::VulkanDriver | Piece::Chromium | Piece::CppCompiler | Piece::Node)
}

fn present(project: &Project, piece: Piece) -> Result<bool, String> {
    Ok(match piece {
        Piece::WasmTarget => {
            let sysroot = project::capture(project.command("rustc").args(["--print", "sysroot"]))?;
            Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir()
        }
        Piece::VulkanDriver => !cfg!(target_os = "linux") || has_vulkan(project),
        Piece::Chromium => chromium().is_some(),
        Piece::CppCompiler => CPP_COMPILERS.iter().any(|name| project::find_program(name).is_some()),
        Piece::Node => {
            let printed = project::capture(project.command("node").arg("--version"));
            if let Ok(version) = &printed
                && !node_fits(version)
            {
                println!("node is {}, on which the build of the web app does not run", version.trim());
            }
            printed.is_ok_and(|version| node_fits(&version)) && project::find_program("npm").is_some()
        }
        Piece::NpmPackages => {
            let installed = std::fs::read(project.path(NPM_MARK));
            installed
                .is_ok_and(|lock| Some(lock) == std::fs::read(project.path("web/package-lock.json")).ok())
        }
    })
}

/// A copy of the lock file that the installed packages came from.
const NPM_MARK: &str = "web/node_modules/.installed-from-lock.json";

fn install(project: &Project, piece: Piece) -> Result<(), String> {
    println!("installing {}", describe(&piece));
    match piece {
        Piece::WasmTarget => project::run(project.command("rustup").args(["target", "add", WASM_TARGET]))
            .map_err(|message| {
                format!(
                    "{message}\nthe page needs {}; without rustup, take it from where Rust came from",
                    describe(&piece)
                )
            }),
        Piece::NpmPackages => {
            project::run(
                project
                    .command("npm")
                    .args(["ci", "--no-audit", "--no-fund"])
                    .current_dir(project.path("web")),
            )?;
            let copied = std::fs::copy(project.path("web/package-lock.json"), project.path(NPM_MARK));
            copied.map(drop).map_err(|error| format!("{NPM_MARK}: {error}"))
        }
        Piece::VulkanDriver | Piece::Chromium | Piece::CppCompiler | Piece::Node => Ok(()),
    }
}

fn has_vulkan(project: &Project) -> bool {
    let has_driver = std::env::var_os("VK_DRIVER_FILES").is_some()
        || VULKAN_DRIVER_FOLDERS
            .iter()
            .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()));
    // A user's PATH often lacks the system folder that holds ldconfig.
    let listed = ["/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"]
        .iter()
        .find_map(|ldconfig| project::capture(project.command(ldconfig).arg("-p")).ok());
    has_driver && listed.is_none_or(|libraries| libraries.contains("libvulkan.so.1"))
}

/// Has a command drive the Chromium that set-up has found.
pub(crate) fn name_chromium(command: &mut Command) {
    if let Some(chromium) = chromium() {
        command.env("RULLAMA_CHROMIUM", chromium);
    }
}

/// As `RULLAMA_CHROMIUM` names it, on the `PATH`, or an app.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("RULLAMA_CHROMIUM").map(PathBuf::from);
    let on_path = || CHROMIUM_NAMES.iter().find_map(|name| project::find_program(name));
    let app = || CHROMIUM_APPS.iter().map(PathBuf::from).find(|path| path.is_file());
    named.or_else(on_path).or_else(app)
}

/// Whether `version`, as `node --version` prints it, will do.
fn node_fits(version: &str) -> bool {
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>());
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else { return false };
    major >= NODE_MAJOR_MIN || NODE_LINES.iter().any(|&(line, least)| major == line && minor >= least)
}

/// What decides how system packages are installed.
struct Machine {
    distribution: Distribution,
    is_root: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Distribution {
    Debian,
    Ubuntu,
    Fedora,
    Arch,
    MacOs,
    Other,
}

/// How missing system packages come onto the machine.
#[derive(Debug, PartialEq)]
enum Remedy {
    /// Shell commands that this program runs.
    Run(Vec<String>),
    /// What a person has to type.
    Type(String),
}

impl Machine {
    fn this() -> Machine {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let id = std::process::Command::new("id").arg("-u").output();
        let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
        Machine { distribution: distribution(&release), is_root }
    }
}

fn distribution(os_release: &str) -> Distribution {
    if cfg!(target_os = "macos") {
        return Distribution::MacOs;
    }
    let value =
        |key: &str| os_release.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("").replace('"', "");
    let names = format!("{} {}", value("ID="), value("ID_LIKE="));
    let known = |name: &str| match name {
        "debian" => Some(Distribution::Debian),
        "ubuntu" => Some(Distribution::Ubuntu),
        "fedora" => Some(Distribution::Fedora),
        "arch" => Some(Distribution::Arch),
        _ => None,
    };
    names.split_whitespace().find_map(known).unwrap_or(Distribution::Other)
}

fn system(machine: &Machine, missing: &[Piece]) -> Remedy {
    // Distributions ship Node.js of all ages, and Ubuntu's chromium package is a snap, which no script should switch on.
    let is_snap = machine.distribution == Distribution::Ubuntu;
    let packages = |names: [(Piece, &'static str); 3]| {
        let chosen = names.into_iter().filter(|(piece, _)| missing.contains(piece));
        let chosen = chosen.filter(|(piece, _)| !(is_snap && *piece == Piece::Chromium));
        chosen.map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    };
    let names = |driver, browser, compiler| {
        packages([(Piece::VulkanDriver, driver), (Piece::Chromium, browser), (Piece::CppCompiler, compiler)])
    };
    let debian = names("mesa-vulkan-drivers libvulkan1", "chromium", "g++");
    let by_hand = missing.contains(&Piece::Node) || (is_snap && missing.contains(&Piece::Chromium));
    let is_debian = matches!(machine.distribution, Distribution::Debian | Distribution::Ubuntu);
    if is_debian && machine.is_root && !by_hand {
        let install = format!("apt-get install -y --no-install-recommends {debian}");
        return Remedy::Run(vec!["apt-get update".into(), install]);
    }

    let mut commands = Vec::new();
    if !debian.is_empty() {
        commands.push(match machine.distribution {
            Distribution::Debian | Distribution::Ubuntu => {
                format!("sudo apt-get update && sudo apt-get install -y {debian}")
            }
            Distribution::Fedora => {
                format!(
                    "sudo dnf install {}",
                    names("mesa-vulkan-drivers vulkan-loader", "chromium", "gcc-c++")
                )
            }
            Distribution::Arch => {
                format!("sudo pacman -S {}", names("vulkan-swrast vulkan-icd-loader", "chromium", "gcc"))
            }
            Distribution::MacOs if missing.contains(&Piece::CppCompiler) => "xcode-select --install".into(),
            Distribution::MacOs => "brew install --cask google-chrome".into(),
            Distribution::Other => format!("the packages that are called {debian} on Debian"),
        });
    }
    if is_snap && missing.contains(&Piece::Chromium) {
        commands.push("sudo snap install chromium".into());
    }
    if missing.contains(&Piece::Node) {
        commands.push(format!("{NODE_WANTED}, from https://nodejs.org"));
    }
    Remedy::Type(commands.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(distribution: Distribution, is_root: bool, missing: &[Piece], expected: &str) {
        let text = match system(&Machine { distribution, is_root }, missing) {
            Remedy::Run(commands) => format!("run: {}", commands.join("; ")),
            Remedy::Type(commands) => format!("type: {commands}"),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn system_packages_are_installed_only_by_root_on_debian_and_ubuntu() {
        use Distribution::*;
        use Piece::*;
        let both = [VulkanDriver, Chromium];
        let apt = "run: apt-get update; apt-get install -y --no-install-recommends";
        check(Debian, true, &both, &format!("{apt} mesa-vulkan-drivers libvulkan1 chromium"));
        check(Debian, true, &[Chromium, WasmTarget], &format!("{apt} chromium"));
        check(Debian, false, &[Chromium], "type: sudo apt-get update && sudo apt-get install -y chromium");
        check(Ubuntu, true, &[VulkanDriver], &format!("{apt} mesa-vulkan-drivers libvulkan1"));
        let both_by_hand =
            "type: sudo apt-get update && sudo apt-get install -y mesa-vulkan-drivers libvulkan1";
        check(Ubuntu, true, &both, &format!("{both_by_hand}\n  sudo snap install chromium"));
        check(Ubuntu, true, &[Chromium], "type: sudo snap install chromium");
        check(
            Debian,
            true,
            &[CppCompiler, VulkanDriver],
            &format!("{apt} mesa-vulkan-drivers libvulkan1 g++"),
        );
        check(MacOs, false, &[Chromium], "type: brew install --cask google-chrome");
        check(Fedora, true, &[Chromium], "type: sudo dnf install chromium");
        check(Arch, false, &both, "type: sudo pacman -S vulkan-swrast vulkan-icd-loader chromium");
        check(Debian, true, &[Node], &format!("type: {NODE_WANTED}, from https://nodejs.org"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn distributions_are_told_by_their_own_name_first() {
        assert!(distribution("NAME=x\nID=debian\n") == Distribution::Debian);
        assert!(distribution("ID=ubuntu\nID_LIKE=debian\n") == Distribution::Ubuntu);
        assert!(distribution("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n") == Distribution::Ubuntu);
        assert!(distribution("ID=nixos\n") == Distribution::Other);
    }

    #[test]
    fn versions_of_node_are_read() {
        let fits = ["v20.19.0\n", "v20.20.2\n", "v22.12.0", "v24.0.0", "v25.1.0"];
        let others = ["v18.20.0", "v20.18.3", "v21.9.0", "v22.11.0", "v23.5.0", "nonsense", "v24", ""];
        assert_eq!(fits.map(node_fits), [true; 5]);
        assert_eq!(others.map(node_fits), [false; 8]);
    }
}
