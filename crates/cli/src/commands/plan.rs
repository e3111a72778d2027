//! `rullama plan`: every buffer that a model will ask for, before any is made.

use clap::Args;
use engine::gemma4::Plan;
use engine::gpu::{Account, Error as GpuError, Limits};
use engine::tiers::Choice;
use engine::{Device, KvType, LoadOptions, ModelFile, Profile, Tiers};
use serde_json::{Value, json};

use crate::byte_size::show;
use crate::failure::Failure;
use crate::opening::{open_device, open_file, plan};
use crate::options::{DeviceOptions, LayoutOptions, ModelArgument};
use crate::terminal::{Chatter, print_json, print_line};
use crate::tiers::{asked, choice_for};
use crate::webgpu_limits;

/// List the buffers that a model needs, to the byte; no GPU is needed
///
/// Large tensors are split as the adapter's limits ask, and the buffers are those of the tiers that it is used with. Without an
/// adapter the plan is for the limits that every WebGPU device has, and for the tiers that every device has unless others are named.
#[derive(Args, Debug)]
pub(crate) struct PlanCommand {
    #[command(flatten)]
    model: ModelArgument,
    /// Print one JSON object: buffers, bytes by account, limits
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    layout: LayoutOptions,
}

/// What a plan is for: limits and where they are from, and tiers.
struct Ground {
    limits: Limits,
    source: String,
    choice: Choice,
    tiers: Tiers,
}

impl PlanCommand {
    pub(super) async fn run(&self, chatter: Chatter) -> Result<(), Failure> {
        let opened = open_file(&self.model, chatter).await?;
        let ground = self.ground().await?;
        let budget =
            self.device.budget.into_iter().chain(self.device.profile.and_then(Profile::budget)).min();
        let options = LoadOptions { budget, ..self.layout.load_options(ground.tiers) };
        let plan = plan(&opened, &options, &ground.limits)?;
        if self.json {
            return print_json(&document(&plan, &ground, &opened.file, &options));
        }
        print_table(&plan, &ground, &opened.file, budget)
    }

    /// The adapter's limits and tiers; where there is none, and nobody asked for a certain one, WebGPU's.
    async fn ground(&self) -> Result<Ground, Failure> {
        match open_device(&self.device).await {
            Ok(device) => {
                let choice = choice_for(&device, &self.device, &self.layout).await?;
                let tiers = choice.on(&device).map_err(Failure::Engine)?;
                Ok(Ground { limits: *device.limits(), source: source_name(&device), choice, tiers })
            }
            Err(Failure::Engine(engine::Error::Gpu(
                GpuError::NoAdapter { .. } | GpuError::NoDevice { .. },
            ))) => {
                let profile = self.device.profile;
                let name = profile.map_or("webgpu-defaults", Profile::name);
                let choice = asked(&self.layout);
                Ok(Ground {
                    limits: webgpu_limits::of(profile),
                    source: format!("profile {name}, no adapter"),
                    choice,
                    tiers: choice.planned(),
                })
            }
            Err(other) => Err(other),
        }
    }
}

fn source_name(device: &Device) -> String {
    match device.profile() {
        Some(profile) => format!("{} as {}", device.adapter(), profile.name()),
        None => device.adapter().to_string(),
    }
}

fn kv_name(kv: KvType) -> &'static str {
    match kv {
        KvType::F16 => "f16",
        KvType::F32 => "f32",
        KvType::Q8 => "q8",
    }
}

/// Whether the table of per-layer embeddings lives on the GPU; none for a model without one.
fn has_table_resident(plan: &Plan, file: &ModelFile) -> Option<bool> {
    let has_table = file.config().is_ok_and(|config| config.per_layer.is_some());
    has_table.then_some(plan.per_layer_resident)
}

fn document(plan: &Plan, ground: &Ground, file: &ModelFile, options: &LoadOptions) -> Value {
    // As `--per-layer-table` calls it.
    let table = has_table_resident(plan, file).map(|resident| if resident { "resident" } else { "streamed" });
    let accounts: serde_json::Map<String, Value> = Account::ALL
        .iter()
        .map(|&account| (account.name().to_owned(), plan.bytes_in(account).into()))
        .collect();
    json!({
        "context": plan.options.context,
        "chunk": plan.options.chunk,
        "kv": kv_name(plan.options.kv),
        "tiers": ground.choice,
        "per_layer_table": table,
        "total_bytes": plan.bytes(),
        "budget_bytes": options.budget,
        "accounts": accounts,
        "buffers": plan.buffers,
        "limits_of": ground.source,
        "limits": ground.limits,
    })
}

fn print_table(plan: &Plan, ground: &Ground, file: &ModelFile, budget: Option<u64>) -> Result<(), Failure> {
    let width = plan.buffers.iter().map(|buffer| buffer.name.len()).max().unwrap_or(0);
    for buffer in &plan.buffers {
        let shape: Vec<String> = buffer.shape.iter().map(u64::to_string).collect();
        let shape = shape.join(" x ");
        let (name, account, bytes) = (&buffer.name, buffer.account.name(), buffer.bytes);
        print_line(&format!("{name:width$}  {account:12} {bytes:>14}  {shape}"))?;
    }
    print_line("")?;
    for account in Account::ALL.into_iter().filter(|&account| plan.bytes_in(account) > 0) {
        let bytes = plan.bytes_in(account);
        print_line(&format!("{:12} {bytes:>14}  {}", account.name(), show(bytes)))?;
    }
    print_line(&format!("{:12} {:>14}  {}", "total", plan.bytes(), show(plan.bytes())))?;
    if let Some(budget) = budget {
        print_line(&format!("{:12} {budget:>14}  {}", "budget", show(budget)))?;
    }
    let table = match has_table_resident(plan, file) {
        None => "",
        Some(true) => ", per-layer table on the GPU",
        Some(false) => ", per-layer table read from the file",
    };
    print_line(&format!(
        "\ncontext {}, chunk {}, {} cache{table}; tiers {} and {}; limits of {}",
        plan.options.context,
        plan.options.chunk,
        kv_name(plan.options.kv),
        ground.choice.token.name(),
        ground.choice.prompt.name(),
        ground.source
    ))
}
