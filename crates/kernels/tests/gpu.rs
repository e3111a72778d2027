//! Every case on this machine's adapter, one test per kernel.

use kernels::case::{Case, Outcome, all, check};

fn failure(case: &Case, outcome: &Outcome) -> Option<String> {
    (!outcome.passed()).then(|| {
        format!(
            "`{} {}`: error {:e}, tolerance {:e}; `{}` at {}: expected {:e}, got {:e}",
            case.kernel,
            case.name,
            outcome.error,
            outcome.tolerance,
            outcome.output,
            outcome.worst_index,
            outcome.expected,
            outcome.got
        )
    })
}

fn device() -> gpu::Device {
    pollster::block_on(gpu::Device::request(&gpu::Options::default()))
        .unwrap_or_else(|error| panic!("no adapter ({error}); on Debian install mesa-vulkan-drivers"))
}

fn check_kernel(kernel: &str) {
    check_cases(&device(), kernel, |case| case.kernel == kernel);
}

fn check_cases(device: &gpu::Device, kernel: &str, of: impl Fn(&Case) -> bool) {
    let cases: Vec<Case> = all().into_iter().filter(of).collect();
    assert!(!cases.is_empty(), "`{kernel}` has no cases");
    let mut worst = (0.0, "");
    let mut failures = Vec::new();
    let mut lacking = 0;
    for case in &cases {
        if let Some(feature) = case.lacks(device) {
            lacking += 1;
            println!("{kernel} {}: not run, {} has no {feature}", case.name, device.adapter());
            continue;
        }
        match pollster::block_on(check(device, case)) {
            Ok(outcome) => {
                if outcome.error > worst.0 {
                    worst = (outcome.error, &case.name);
                }
                failures.extend(failure(case, &outcome));
            }
            Err(error) => failures.push(format!("`{kernel} {}`: {error}", case.name)),
        }
    }
    let (error, name) = worst;
    let ran = cases.len() - lacking;
    println!("{kernel}: {ran} cases on {}, largest error {error:e} ({name})", device.adapter());
    assert!(
        failures.is_empty(),
        "{} of {} cases failed:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

/// One test per kernel, and one that no kernel of the list of cases is missing here.
macro_rules! kernels {
    ($($kernel:ident)*) => {
        $(#[test]
        fn $kernel() {
            check_kernel(stringify!($kernel));
        })*

        #[test]
        fn every_case_is_run() {
            let run = [$(stringify!($kernel)),*];
            for case in all() {
                assert!(run.contains(&case.kernel), "`{}` has cases but no test", case.kernel);
            }
        }
    };
}

kernels! {
    argmax attention embed expert_matvec expert_sum gelu_mul half_rows head_norm_rope matmul matvec norm_add norm_add_norm
    per_layer_combine probe rms_norm router_top_k token_attention top_k
}

/// Set in the process that `subgroups_of_sixteen` starts.
const WIDE: &str = "RULLAMA_TEST_WIDE_SUBGROUPS";

/// Mesa's software driver has subgroups as wide as the vectors that it computes by, eight numbers of 32 bits unless it is told otherwise
/// before it is loaded. (Of 32 and more numbers, which it takes too, it gives wrong sums; an NVIDIA card, whose size that is, does not.)
#[test]
fn subgroups_of_sixteen() {
    if std::env::var_os(WIDE).is_some() {
        let device = device();
        println!("subgroups: {:?}", device.features().subgroups);
        return check_cases(&device, "subgroups", |case| case.name.contains("subgroups of"));
    }
    let mut run = std::process::Command::new(std::env::current_exe().expect("this program"));
    run.args(["--exact", "subgroups_of_sixteen", "--nocapture"]);
    run.env(WIDE, "1").env("LP_NATIVE_VECTOR_WIDTH", "512");
    let output = run.output().expect("this program again");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("llvmpipe") || said.contains("subgroups: Some((16, 16))"), "{said}");
}

#[test]
fn cases_have_their_own_names_and_reasons() {
    let cases = all();
    for (i, case) in cases.iter().enumerate() {
        let twin = cases[..i].iter().find(|other| other.kernel == case.kernel && other.name == case.name);
        assert!(twin.is_none(), "two cases are called `{} {}`", case.kernel, case.name);
        assert!(!case.tolerance.reason.is_empty(), "`{} {}`: no reason", case.kernel, case.name);
        assert!(case.bytes > 0, "`{} {}`: no traffic", case.kernel, case.name);
        assert!(!case.shaders.is_empty(), "`{} {}`: no shader", case.kernel, case.name);
    }
}
