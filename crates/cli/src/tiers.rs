//! Which tiers a device is used with: what the command line asks for, else the best, which is tried out once for each adapter,
//! driver and version of this program and then remembered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use clap::ValueEnum;
use engine::gpu::AdapterKind;
use engine::tiers::{self, Choice, PromptTier, TierRow, TokenTier};
use engine::{Device, Tiers};

use crate::failure::Failure;
use crate::opening::open_device;
use crate::options::{DeviceOptions, LayoutOptions};
use crate::terminal::note;

/// A larger file is none of ours.
const REMEMBERED_BYTES_MAX: u64 = 1 << 20;

/// Names of the tiers of a single token.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenTierChoice {
    /// The fastest that passes a trial on this adapter
    Auto,
    /// Products in single precision
    Float,
    /// The same, sums by subgroups
    FloatSubgroup,
    /// Activations rounded to half precision, multiplied and added in single precision
    Half,
    /// The same, sums by subgroups
    HalfSubgroup,
    /// Products of packed 8-bit integers, two for each activation
    Packed,
    /// The same, sums by subgroups
    PackedSubgroup,
}

/// Names of the tiers of a prompt.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptTierChoice {
    /// The fastest that passes a trial on this adapter
    Auto,
    /// Products in single precision
    Float,
    /// Activations and weights rounded to half precision, multiplied and added in single precision
    Half,
    /// Products in half precision on matrix hardware, added in single precision
    Cooperative,
}

impl TokenTierChoice {
    fn asked(self) -> Option<TokenTier> {
        match self {
            TokenTierChoice::Auto => None,
            TokenTierChoice::Float => Some(TokenTier::Float),
            TokenTierChoice::FloatSubgroup => Some(TokenTier::FloatSubgroup),
            TokenTierChoice::Half => Some(TokenTier::Half),
            TokenTierChoice::HalfSubgroup => Some(TokenTier::HalfSubgroup),
            TokenTierChoice::Packed => Some(TokenTier::Packed),
            TokenTierChoice::PackedSubgroup => Some(TokenTier::PackedSubgroup),
        }
    }
}

impl PromptTierChoice {
    fn asked(self) -> Option<PromptTier> {
        match self {
            PromptTierChoice::Auto => None,
            PromptTierChoice::Float => Some(PromptTier::Float),
            PromptTierChoice::Half => Some(PromptTier::Half),
            PromptTierChoice::Cooperative => Some(PromptTier::Cooperative),
        }
    }
}

/// The tiers for a device that was opened with these options.
pub(crate) async fn tiers_for(
    device: &Device,
    options: &DeviceOptions,
    layout: &LayoutOptions,
) -> Result<Tiers, Failure> {
    choice_for(device, options, layout).await?.on(device).map_err(Failure::Engine)
}

/// As [`tiers_for`], by their names.
pub(crate) async fn choice_for(
    device: &Device,
    options: &DeviceOptions,
    layout: &LayoutOptions,
) -> Result<Choice, Failure> {
    Ok(match (layout.token_tier.asked(), layout.prompt_tier.asked()) {
        (Some(token), Some(prompt)) => Choice { token, prompt },
        (token, prompt) => {
            let best = best(device, options).await?;
            Choice { token: token.unwrap_or(best.token), prompt: prompt.unwrap_or(best.prompt) }
        }
    })
}

/// Tries every tier of a device, whatever is remembered, and remembers what came of it. The rows that are marked are those that a
/// model is used with from now on.
pub(crate) async fn try_all(device: &Device) -> Result<Vec<TierRow>, Failure> {
    let (choice, mut rows) = tiers::choose(device).await.map_err(Failure::Engine)?;
    let used = if gains_nothing(device) { Choice::default() } else { choice };
    if !gains_nothing(device) {
        remember(device, used);
    }
    for row in &mut rows {
        row.chosen = row.tier == if row.work == "token" { used.token.name() } else { used.prompt.name() };
    }
    Ok(rows)
}

/// A processor that plays a GPU is half a minute at a trial, and gains little by other tiers with a model that it is fast enough for.
pub(crate) fn gains_nothing(device: &Device) -> bool {
    device.adapter().kind == AdapterKind::Cpu
}

/// The tiers that a plan without a device can name: those asked for.
pub(crate) fn asked(layout: &LayoutOptions) -> Choice {
    Choice {
        token: layout.token_tier.asked().unwrap_or(TokenTier::Float),
        prompt: layout.prompt_tier.asked().unwrap_or(PromptTier::Float),
    }
}

async fn best(device: &Device, options: &DeviceOptions) -> Result<Choice, Failure> {
    if gains_nothing(device) {
        return Ok(Choice::default());
    }
    let known = file().as_deref().map(read).unwrap_or_default();
    if let Some(&choice) = known.get(&key(device)).filter(|choice| choice.on(device).is_ok()) {
        return Ok(choice);
    }
    // On a device of its own: what is tried out shows in no ledger, and a driver that fails takes nothing with it.
    let trial = open_device(&DeviceOptions { budget: None, ..options.clone() }).await?;
    match tiers::choose(&trial).await {
        Ok((choice, _)) => {
            remember(device, choice);
            Ok(choice)
        }
        // Loading goes on with what needs no trial, and the next start tries again.
        Err(error) => {
            let Choice { token, prompt } = Choice::default();
            note(&format!(
                "the trial of this adapter's kernels failed ({error}); tiers `{}` and `{}` are used\n",
                token.name(),
                prompt.name()
            ));
            Ok(Choice::default())
        }
    }
}

fn file() -> Option<PathBuf> {
    remembered_file(&|name| env::var_os(name).map(PathBuf::from))
}

fn remember(device: &Device, choice: Choice) {
    if let Some(file) = file() {
        let mut known = read(&file);
        known.insert(key(device), choice);
        // What cannot be remembered is tried out again the next time.
        let _ = write(&file, &known);
    }
}

/// What a trial's result depends on.
fn key(device: &Device) -> String {
    let adapter = device.adapter();
    let profile = device.profile().map_or("", |profile| profile.name());
    format!("{adapter}; {}; {profile}; rullama {}", adapter.driver, env!("CARGO_PKG_VERSION"))
}

/// Where results are remembered: the user's folder for what can be made again, as each system names it.
fn remembered_file(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Caches"))
    } else {
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
    };
    folder.map(|folder| folder.join("rullama").join("tiers.json"))
}

/// What is remembered; nothing if the file is missing or not ours.
fn read(file: &Path) -> BTreeMap<String, Choice> {
    let small = fs::metadata(file).is_ok_and(|file| file.len() <= REMEMBERED_BYTES_MAX);
    let text = if small { fs::read_to_string(file).unwrap_or_default() } else { String::new() };
    serde_json::from_str(&text).unwrap_or_default()
}

/// Replaces the file as a whole, so that another program never reads half of it.
fn write(file: &Path, known: &BTreeMap<String, Choice>) -> std::io::Result<()> {
    let folder = file.parent().expect("the file lies in a folder");
    fs::create_dir_all(folder)?;
    let next = folder.join(format!("tiers.{}.json", std::process::id()));
    fs::write(&next, serde_json::to_string_pretty(known).expect("names and numbers"))?;
    fs::rename(next, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_users_cache_folder_is_used() {
        let check = |cache: Option<&str>, home: Option<&str>, expected: Option<&str>| {
            let variable = |name: &str| match name {
                "XDG_CACHE_HOME" => cache.map(PathBuf::from),
                "HOME" => home.map(PathBuf::from),
                _ => None,
            };
            assert_eq!(remembered_file(&variable).as_deref(), expected.map(Path::new));
        };
        check(Some("/c"), Some("/h"), Some("/c/rullama/tiers.json"));
        check(Some("relative"), Some("/h"), Some("/h/.cache/rullama/tiers.json"));
        check(None, Some("/h"), Some("/h/.cache/rullama/tiers.json"));
        check(None, None, None);
    }

    #[test]
    fn what_is_remembered_comes_back_and_what_is_not_ours_is_nothing() {
        let folder = env::temp_dir().join(format!("rullama-tiers-{}", std::process::id()));
        let file = folder.join("rullama/tiers.json");
        assert!(read(&file).is_empty());
        let choice = Choice { token: TokenTier::PackedSubgroup, prompt: PromptTier::Float };
        let known = BTreeMap::from([("a card".to_owned(), choice)]);
        write(&file, &known).expect("a temporary folder");
        assert_eq!(read(&file), known);
        fs::write(&file, "{\"a card\": 7}").expect("the file");
        assert!(read(&file).is_empty());
        fs::remove_dir_all(folder).expect("the folder");
    }
}
