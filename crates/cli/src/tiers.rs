//! Which tiers a device is used with: what the command line asks for, else the best, which is tried out once for each adapter,
//! driver and version of this program and then remembered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use clap::ValueEnum;
use engine::gpu::{AdapterInfo, AdapterKind};
use engine::tiers::{self, Choice, PromptTier, TierRow, TokenTier};
use engine::{Device, Profile, Tiers};

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
            let best = best(device, options).await;
            Choice { token: token.unwrap_or(best.token), prompt: prompt.unwrap_or(best.prompt) }
        }
    })
}

/// Tries every tier of a device that was opened with these options, whatever is remembered, and remembers what came of it. The rows
/// that are marked are those that a model is used with from now on.
pub(crate) async fn try_all(device: &Device, options: &DeviceOptions) -> Result<Vec<TierRow>, Failure> {
    let (choice, mut rows) = match options.budget {
        // Its shaders are compiled already.
        None => tiers::choose(device).await.map_err(Failure::Engine)?,
        Some(_) => trial(options).await?,
    };
    let used = if gains_nothing(device) { Choice::default() } else { choice };
    if !gains_nothing(device)
        && let Some(file) = file()
    {
        remember(&file, key(device.adapter(), device.profile()), used);
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

async fn best(device: &Device, options: &DeviceOptions) -> Choice {
    if gains_nothing(device) {
        return Choice::default();
    }
    let trial = async { trial(options).await.map(|(choice, _)| choice) };
    let key = key(device.adapter(), device.profile());
    let usable = |choice: Choice| choice.on(device).is_ok();
    remembered_or_tried(file().as_deref(), key, usable, trial).await.unwrap_or_else(|failure| {
        // Loading goes on with what needs no trial, and the next start tries again.
        let Choice { token, prompt } = Choice::default();
        note(&format!(
            "the trial of this adapter's kernels failed ({failure}); tiers `{}` and `{}` are used\n",
            token.name(),
            prompt.name()
        ));
        Choice::default()
    })
}

/// Tries every tier on a device of its own: what is tried out shows in no ledger and meets no budget, and a driver that fails takes
/// nothing with it.
async fn trial(options: &DeviceOptions) -> Result<(Choice, Vec<TierRow>), Failure> {
    let device = open_device(&DeviceOptions { budget: None, ..options.clone() }).await?;
    tiers::choose(&device).await.map_err(Failure::Engine)
}

/// What the file has under this key, if it is still usable, else what the trial gives, which the file has from then on. A trial that
/// fails leaves nothing.
async fn remembered_or_tried<E>(
    file: Option<&Path>,
    key: String,
    usable: impl Fn(Choice) -> bool,
    trial: impl Future<Output = Result<Choice, E>>,
) -> Result<Choice, E> {
    let known = file.map(read).unwrap_or_default();
    if let Some(&choice) = known.get(&key).filter(|&&choice| usable(choice)) {
        return Ok(choice);
    }
    let choice = trial.await?;
    if let Some(file) = file {
        remember(file, key, choice);
    }
    Ok(choice)
}

fn file() -> Option<PathBuf> {
    remembered_file(&|name| env::var_os(name).map(PathBuf::from))
}

fn remember(file: &Path, key: String, choice: Choice) {
    let mut known = read(file);
    known.insert(key, choice);
    // What cannot be remembered is tried out again the next time.
    let _ = write(file, &known);
}

/// What a trial's result depends on.
fn key(adapter: &AdapterInfo, profile: Option<Profile>) -> String {
    let profile = profile.map_or("", Profile::name);
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
    use std::cell::Cell;

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

    fn names<C: ValueEnum>() -> Vec<String> {
        let name =
            |choice: &C| choice.to_possible_value().expect("no choice is hidden").get_name().to_owned();
        C::value_variants().iter().map(name).collect()
    }

    /// `auto`, then the tiers under their own names, none left out and none under another's name.
    #[test]
    fn choices_are_called_what_their_tiers_are_called() {
        let tiers = |names: Vec<&'static str>| [vec!["auto"], names].concat();
        let token = TokenTierChoice::value_variants().iter().map(|choice| choice.asked());
        let token: Vec<&str> = token.map(|tier| tier.map_or("auto", TokenTier::name)).collect();
        assert_eq!(token, names::<TokenTierChoice>());
        assert_eq!(token, tiers(TokenTier::ALL.map(TokenTier::name).to_vec()));
        let prompt = PromptTierChoice::value_variants().iter().map(|choice| choice.asked());
        let prompt: Vec<&str> = prompt.map(|tier| tier.map_or("auto", PromptTier::name)).collect();
        assert_eq!(prompt, names::<PromptTierChoice>());
        assert_eq!(prompt, tiers(PromptTier::ALL.map(PromptTier::name).to_vec()));
    }

    #[test]
    fn tiers_are_tried_once_for_each_key() {
        let folder = env::temp_dir().join(format!("rullama-tried-{}", std::process::id()));
        let file = folder.join("tiers.json");
        let trials = Cell::new(0);
        let ask = |key: &str, usable: bool, tried: Result<Choice, &'static str>| {
            let trial = async {
                trials.set(trials.get() + 1);
                tried
            };
            pollster::block_on(remembered_or_tried(Some(&file), key.to_owned(), |_| usable, trial))
        };
        let fast = Choice { token: TokenTier::Packed, prompt: PromptTier::Half };
        let simple = Choice::default();
        assert_eq!((ask("a card", true, Err("lost")), trials.get()), (Err("lost"), 1));
        assert_eq!((ask("a card", true, Ok(fast)), trials.get()), (Ok(fast), 2), "the failure was not kept");
        assert_eq!((ask("a card", true, Ok(simple)), trials.get()), (Ok(fast), 2), "it was remembered");
        assert_eq!((ask("a new driver", true, Ok(simple)), trials.get()), (Ok(simple), 3), "another key");
        assert_eq!((ask("a card", true, Ok(simple)), trials.get()), (Ok(fast), 3), "both are remembered");
        assert_eq!(
            (ask("a card", false, Ok(simple)), trials.get()),
            (Ok(simple), 4),
            "it cannot be used now"
        );
        fs::remove_dir_all(folder).expect("the folder");
        let nowhere = remembered_or_tried(None, String::new(), |_| true, async { Ok::<_, ()>(fast) });
        assert_eq!(pollster::block_on(nowhere), Ok(fast), "without a folder to remember it in");
    }

    #[test]
    fn the_key_is_all_that_a_trial_depends_on() {
        let adapter = |name: &str, driver: &str| AdapterInfo {
            name: name.to_owned(),
            backend: "vulkan".to_owned(),
            driver: driver.to_owned(),
            kind: AdapterKind::Discrete,
        };
        let keys = [
            key(&adapter("a card", "1.0"), None),
            key(&adapter("a card", "1.1"), None),
            key(&adapter("another card", "1.0"), None),
            key(&adapter("a card", "1.0"), Some(Profile::NoF16)),
        ];
        assert!((1..keys.len()).all(|n| !keys[..n].contains(&keys[n])), "{keys:?}");
        assert!(keys.iter().all(|key| key.contains(env!("CARGO_PKG_VERSION"))), "{keys:?}");
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
