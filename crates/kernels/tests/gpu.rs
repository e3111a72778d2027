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

fn check_kernel(kernel: &str) {
    let device = pollster::block_on(gpu::Device::request(&gpu::Options::default()))
        .unwrap_or_else(|error| panic!("no adapter ({error}); on Debian install mesa-vulkan-drivers"));
    let cases: Vec<Case> = all().into_iter().filter(|case| case.kernel == kernel).collect();
    assert!(!cases.is_empty(), "`{kernel}` has no cases");
    let mut worst = (0.0, "");
    let mut failures = Vec::new();
    let mut lacking = 0;
    for case in &cases {
        if let Some(feature) = case.lacks(&device) {
            lacking += 1;
            println!("{kernel} {}: not run, {} has no {feature}", case.name, device.adapter());
            continue;
        }
        match pollster::block_on(check(&device, case)) {
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
