//! Stories on a real adapter: what the ledger and the counters say after each step.
//!
//! An adapter is a must. A software one is enough.

use gpu::{Account, Binding, Buffer, Counters, Device, Error, Options, Profile, Shader, Usage};
use pollster::block_on;

fn device(options: &Options) -> Device {
    block_on(Device::request(options)).unwrap_or_else(|error| {
        panic!("these tests need a GPU adapter; Debian's package mesa-vulkan-drivers brings one: {error}")
    })
}

fn numbers(device: &Device, values: &[u32]) -> Buffer {
    let bytes = bytemuck::cast_slice(values);
    let buffer = device.buffer("numbers", Account::Other, bytes.len() as u64, Usage::Storage).unwrap();
    device.write(&buffer, 0, bytes);
    buffer
}

fn read(device: &Device, buffer: &Buffer) -> Vec<u32> {
    bytemuck::pod_collect_to_vec(&block_on(device.read(buffer, 0, buffer.bytes())).unwrap())
}

fn double() -> Shader {
    Shader::new("double").constant("FACTOR", 2u32).file(
        "@group(0) @binding(0) var<storage, read_write> numbers: array<u32>;
@compute @workgroup_size(1) fn double(@builtin(workgroup_id) id: vec3u) { numbers[id.x] *= FACTOR; }",
    )
}

/// Checks bytes now, live buffers, and bytes that wait for the queue.
fn check(device: &Device, step: &str, bytes: u64, buffers: u64, retired: u64) {
    let now = device.ledger().snapshot();
    assert_eq!((now.total_bytes, now.buffers, now.retired_bytes), (bytes, buffers, retired), "{step}");
    assert_eq!(now.accounts.iter().map(|account| account.bytes).sum::<u64>(), bytes, "{step}: accounts");
    assert_eq!(now.scopes.iter().map(|scope| scope.bytes).sum::<u64>(), bytes, "{step}: scopes");
}

#[test]
fn a_buffer_is_on_the_ledger_as_long_as_it_lives() {
    let device = device(&Options::default());
    check(&device, "fresh device", 0, 0, 0);
    let odd = device.buffer("odd", Account::Weights, 10, Usage::Storage).unwrap();
    assert_eq!((odd.bytes(), odd.name(), odd.account()), (12, "odd", Account::Weights));
    check(&device, "10 bytes are 3 words", 12, 1, 0);

    let session = device.ledger().scope("session 1");
    let uniform = device.scoped(&session).buffer("step", Account::Uniforms, 16, Usage::Uniform).unwrap();
    check(&device, "a second buffer", 28, 2, 0);
    assert_eq!((session.bytes(), device.ledger().root().bytes()), (16, 12));

    drop(session);
    check(&device, "the scope lives on in its buffer", 28, 2, 0);
    drop(uniform);
    assert_eq!(device.ledger().snapshot().scopes.len(), 1, "the scope went with its last buffer");
    check(&device, "nothing was submitted, so nothing waits", 12, 1, 0);
    drop(odd);
    check(&device, "all gone", 0, 0, 0);
    assert_eq!(device.ledger().peak_bytes(), 28);
}

#[test]
fn a_step_computes_and_creates_nothing() {
    let device = device(&Options::default());
    let buffer = numbers(&device, &[1, 2, 3, 4]);
    let pipeline = device.pipeline(&double()).unwrap();
    let bind = device.bind(&pipeline, &[Binding::from(&buffer)]);
    let readback = device.readback("result", 16).unwrap();
    check(&device, "prepared", 32, 2, 0);

    let before = device.counters();
    for _ in 0..3 {
        let mut recorder = device.recorder();
        recorder.pass("step", |pass| {
            pass.dispatch(&pipeline, &bind, [4, 1, 1]);
            pass.dispatch(&pipeline, &bind, [2, 1, 1]);
        });
        recorder.copy_to_readback(&buffer, 0, &readback, 0, 16);
        device.submit(recorder);
        block_on(readback.read(16)).unwrap();
    }
    let made = device.counters() - before;
    assert_eq!(made, Counters { submits: 3, dispatches: 6, bytes_read: 48, ..Counters::default() });
    check(&device, "three steps later", 32, 2, 0);
    assert_eq!(read(&device, &buffer), [64, 128, 24, 32]);
    assert_eq!(block_on(device.read(&buffer, 5, 2)).unwrap(), [0, 0], "any offset and length can be read");
    assert_eq!(block_on(device.read(&buffer, 3, 2)).unwrap(), [0, 128]);

    let again = device.pipeline(&double()).unwrap();
    assert_eq!((again.name(), device.counters().pipelines_created), ("double", 1), "found in the cache");
}

#[test]
fn many_bytes_go_through_few_staging_buffers() {
    let device = device(&Options::default());
    let (a, b) = (numbers(&device, &[0; 8]), numbers(&device, &[0; 8]));
    let mut staging = device.staging("staging", 2, 14).unwrap();
    check(&device, "two buffers of four words", 64 + 32, 4, 0);
    assert_eq!(device.ledger().bytes_in(Account::Staging), 32);
    block_on(device.wait()).unwrap();
    let before = device.counters();
    let words: Vec<u32> = (1..=16).collect();
    for (n, piece) in words.chunks(4).enumerate() {
        block_on(staging.ready()).unwrap();
        block_on(staging.ready()).expect("to wait twice is no harm");
        let (first, rest) = bytemuck::cast_slice::<u32, u8>(piece).split_at(4);
        staging.write([(&a, 4 * n as u64, first), (&b, 0, &[]), (&b, 8 * n as u64, &rest[..8])]).unwrap();
    }
    let made = device.counters() - before;
    assert_eq!(made, Counters { submits: 4, bytes_written: 48, ..Counters::default() });
    assert_eq!(read(&device, &a), [1, 5, 9, 13, 0, 0, 0, 0]);
    assert_eq!(read(&device, &b), [2, 3, 6, 7, 10, 11, 14, 15]);
    drop(staging);
    block_on(device.wait()).unwrap();
    check(&device, "staging is gone", 64, 2, 0);
}

#[test]
#[should_panic(expected = "`staging` was not waited for")]
fn a_staging_buffer_that_may_be_in_use_is_not_written() {
    let device = device(&Options::default());
    let a = numbers(&device, &[0]);
    let _ = device.staging("staging", 1, 4).unwrap().write([(&a, 0, &[0; 4][..])]);
}

#[test]
fn shaders_are_listed_first_and_compiled_at_once() {
    let device = device(&Options::default());
    let times = |factor: u32| {
        let text = "@group(0) @binding(0) var<storage, read_write> numbers: array<u32>;
@compute @workgroup_size(1) fn times(@builtin(workgroup_id) id: vec3u) { numbers[id.x] *= FACTOR; }";
        Shader::new("times").constant("FACTOR", factor).file(text)
    };
    let listing = device.listing();
    for factor in [2, 3, 2, 5] {
        assert!(listing.lists(&times(factor)), "it lists {factor}");
        assert!(!device.lists(&times(factor)), "the device itself compiles {factor}");
    }
    let mut shaders = listing.take_listed();
    assert_eq!(shaders, [2, 3, 2, 5].map(times));
    assert!(listing.take_listed().is_empty(), "they are taken once");
    assert_eq!(device.counters().pipelines_created, 0, "nothing was compiled for the list");

    shaders.push(Shader::new("broken").file("fn broken( {}"));
    block_on(device.compile_ahead(&shaders));
    assert_eq!(device.counters().pipelines_created, 3, "each once, and not the broken one");
    block_on(device.compile_ahead(&shaders[..4]));
    let products = [2, 3, 5].map(|factor| device.pipeline(&times(factor)).unwrap());
    assert_eq!(device.counters().pipelines_created, 3, "they are there");

    let work = async { Ok::<u32, ()>(3) };
    assert_eq!(block_on(device.compile_beside(vec![times(7), times(2)], work)), Ok(3));
    assert_eq!(device.counters().pipelines_created, 4, "the one that was not there");
    let failed = async { Err::<(), u32>(4) };
    assert_eq!(block_on(device.compile_beside(vec![times(2)], failed)), Err(4));

    // Of 2, 3, 5, which are in use, 7 and 11, one is unused and not wanted.
    device.pipeline(&times(11)).unwrap();
    let created = device.counters().pipelines_created;
    let again = |factor| device.pipeline(&times(factor)).map(drop).unwrap();
    device.give_up_pipelines(1, &[times(7)]);
    again(11);
    assert_eq!(device.counters().pipelines_created, created, "one may be unused");
    device.give_up_pipelines(0, &[times(7)]);
    [2, 3, 5, 7].into_iter().for_each(again);
    assert_eq!(device.counters().pipelines_created, created, "those in use and the wanted one are kept");
    again(11);
    assert_eq!(device.counters().pipelines_created, created + 1, "the other is not");

    let buffer = numbers(&device, &[7]);
    let mut recorder = device.recorder();
    recorder.pass("products", |pass| {
        for product in &products {
            pass.dispatch(product, &device.bind(product, &[(&buffer).into()]), [1, 1, 1]);
        }
    });
    recorder.finish();
    device.submit(recorder);
    assert_eq!(read(&device, &buffer), [210]);
}

#[test]
fn a_readback_sees_its_own_submission_while_later_work_runs() {
    let device = device(&Options::default());
    let buffer = numbers(&device, &[1]);
    let pipeline = device.pipeline(&double()).unwrap();
    let bind = device.bind(&pipeline, &[Binding::from(&buffer)]);
    let readbacks = [(); 2].map(|()| device.readback("result", 4).unwrap());
    for readback in &readbacks {
        let mut recorder = device.recorder();
        recorder.pass("step", |pass| pass.dispatch(&pipeline, &bind, [1, 1, 1]));
        recorder.copy_to_readback(&buffer, 0, readback, 0, 4);
        device.submit(recorder);
    }
    let results = readbacks.map(|readback| block_on(readback.read(4)).unwrap()[0]);
    assert_eq!(results, [2, 4]);
}

#[test]
fn dropped_buffers_wait_for_the_queue() {
    let device = device(&Options::default());
    let pipeline = device.pipeline(&double()).unwrap();
    let buffer = numbers(&device, &[21]);
    let result = numbers(&device, &[0]);
    let bind = device.bind(&pipeline, &[Binding::from(&buffer)]);

    let mut recorder = device.recorder();
    recorder.pass("step", |pass| pass.dispatch(&pipeline, &bind, [1, 1, 1]));
    recorder.copy(&buffer, 0, &result, 0, 4);
    drop(buffer);
    check(&device, "the bind group holds the buffer", 8, 2, 0);
    drop(bind);
    check(&device, "recorded, not submitted", 4, 1, 4);
    device.submit(recorder);
    block_on(device.wait()).unwrap();
    check(&device, "the queue has passed", 4, 1, 0);
    assert_eq!(read(&device, &result), [42], "the dropped buffer was used before it went");

    let mut recorder = device.recorder();
    recorder.clear(&result);
    let unused = numbers(&device, &[7]);
    drop(unused);
    drop(recorder);
    block_on(device.wait()).unwrap();
    assert_eq!(read(&device, &result), [42], "commands that are not submitted do nothing");
    check(&device, "a recorder that was given up keeps nothing", 4, 1, 0);
}

#[test]
fn a_refused_budget_leaves_everything_as_it_was() {
    let device = device(&Options { budget: Some(1000), ..Options::default() });
    let kept = device.buffer("kept", Account::Weights, 600, Usage::Storage).unwrap();
    let before = (device.memory().total_bytes, device.ledger().snapshot(), device.counters());
    let refused = device.buffer("cache", Account::KvCache, 401, Usage::Storage).unwrap_err();
    let expect = Error::OutOfMemory {
        name: "cache".to_owned(),
        account: Account::KvCache,
        requested: 404,
        in_use: 600,
        budget: 1000,
    };
    assert_eq!(refused, expect);
    assert_eq!(refused.code(), "OUT_OF_MEMORY");
    assert_eq!((device.memory().total_bytes, device.ledger().snapshot(), device.counters()), before);

    let fits = device.buffer("cache", Account::KvCache, 400, Usage::Storage).unwrap();
    check(&device, "exactly full", 1000, 2, 0);
    drop((kept, fits));
    check(&device, "empty again", 0, 0, 0);
    device.ledger().set_budget(None);
    let larger = device.buffer("larger", Account::KvCache, 2000, Usage::Storage).unwrap();
    assert_eq!(larger.bytes(), 2000);
}

#[test]
fn a_buffer_past_the_limit_is_refused_before_the_driver_sees_it() {
    let device = device(&Options { profile: Some(Profile::IPhone16e), ..Options::default() });
    let max = device.limits().buffer_bytes_max;
    assert!(max.is_multiple_of(4), "rounding up to whole words must not pass the limit of {max}");
    let refused = device.buffer("table", Account::Embeddings, max + 4, Usage::Storage).unwrap_err();
    assert_eq!(refused, Error::BufferTooLarge { name: "table".to_owned(), bytes: max + 4, max });
    check(&device, "refused", 0, 0, 0);
}

#[test]
fn what_the_gpu_refuses_comes_back_typed() {
    let device = device(&Options::default());
    let broken =
        Shader::new("broken").file("// one\n// two\nfn broken() -> u32 { return unknown; }\n// four\n");
    match device.pipeline(&broken).unwrap_err() {
        Error::Shader { name, message, excerpt } => {
            assert_eq!(name, "broken");
            assert!(!message.is_empty());
            assert!(
                excerpt.contains("    3 > fn broken()") && excerpt.contains("    1 | // one"),
                "{excerpt}"
            );
        }
        other => panic!("{other}"),
    }
    let wrong_type = Shader::new("wrong").file("// one\nfn wrong() -> u32 { return 1.5; }");
    assert_eq!(device.pipeline(&wrong_type).unwrap_err().code(), "SHADER");
    let misnamed = Shader::new("wanted").file("@compute @workgroup_size(1) fn given() {}");
    assert_eq!(device.pipeline(&misnamed).unwrap_err().code(), "SHADER");
    assert_eq!(block_on(device.compile(&broken)).unwrap_err().code(), "SHADER");
    assert_eq!(device.counters().pipelines_created, 0);

    // A copy inside one buffer passes our own checks, but WebGPU forbids it.
    let buffer = numbers(&device, &[1, 2]);
    let refused = || {
        let mut recorder = device.recorder();
        recorder.copy(&buffer, 0, &buffer, 4, 4);
        device.submit(recorder);
    };
    let guarded = block_on(device.guarded(|| {
        refused();
        Ok(())
    }));
    assert_eq!(guarded.unwrap_err().code(), "VALIDATION");
    block_on(device.wait()).unwrap();
    refused();
    assert_eq!(block_on(device.wait()).unwrap_err().code(), "VALIDATION", "unguarded, it comes up later");
    block_on(device.wait()).unwrap();
    assert_eq!(read(&device, &buffer), [1, 2], "the device goes on");
    let value = block_on(device.guarded(|| Ok(7))).unwrap();
    assert_eq!(value, 7);
}

#[test]
fn a_lost_device_says_so_everywhere() {
    let device = device(&Options::default());
    let buffer = numbers(&device, &[1]);
    let readback = device.readback("result", 4).unwrap();
    let pipeline = device.pipeline(&double()).unwrap();
    let bind = device.bind(&pipeline, &[Binding::from(&buffer)]);
    device.destroy();

    let mut recorder = device.recorder();
    recorder.pass("step", |pass| pass.dispatch(&pipeline, &bind, [1, 1, 1]));
    recorder.copy_to_readback(&buffer, 0, &readback, 0, 4);
    device.submit(recorder);
    device.write(&buffer, 0, &[0; 4]);
    let errors = [
        block_on(device.wait()).unwrap_err(),
        block_on(readback.read(4)).unwrap_err(),
        block_on(device.read(&buffer, 0, 4)).unwrap_err(),
        device.buffer("more", Account::Other, 4, Usage::Storage).unwrap_err(),
        device.readback("more", 4).unwrap_err(),
        device.pipeline(&double()).unwrap_err(),
        block_on(device.compile(&double())).unwrap_err(),
        block_on(device.guarded(|| Ok(()))).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), "DEVICE_LOST", "{error}");
    }
    check(&device, "the ledger still adds up", 8, 2, 0);
    drop((bind, buffer, readback));
    assert_eq!(device.ledger().bytes(), 0);
}

#[test]
fn profiles_only_take_away() {
    let all = device(&Options::default());
    for profile in Profile::ALL {
        let capped = device(&Options { profile: Some(profile), ..Options::default() });
        assert_eq!(capped.profile(), Some(profile));
        assert_eq!(capped.ledger().budget(), profile.budget());
        let (limits, features) = (capped.limits(), capped.features());
        assert!(limits.buffer_bytes_max <= all.limits().buffer_bytes_max);
        assert!(limits.binding_bytes_max <= all.limits().binding_bytes_max);
        match profile {
            Profile::WebGpuDefaults => {
                assert_eq!(*features, gpu::Features::default());
                assert_eq!((limits.binding_bytes_max, limits.buffer_bytes_max), (128 << 20, 256 << 20));
                assert_eq!((limits.invocations_max, limits.workgroup_bytes_max), (256, 16384));
                assert_eq!(limits.storage_buffers_per_stage, 8);
            }
            Profile::IPhone16e => {
                assert!(limits.buffer_bytes_max <= 1 << 30 && limits.binding_bytes_max <= 1 << 30);
                assert_eq!((features.f16, features.subgroups), (all.features().f16, None));
                assert_eq!(capped.ledger().budget(), Some(1_800_000_000));
            }
            Profile::NoF16 => {
                assert_eq!((features.f16, features.subgroups), (false, all.features().subgroups))
            }
            Profile::NoSubgroups => {
                assert_eq!((features.f16, features.subgroups), (all.features().f16, None))
            }
        }
    }
    let both = Options { profile: Some(Profile::IPhone16e), budget: Some(1 << 20), ..Options::default() };
    assert_eq!(device(&both).ledger().budget(), Some(1 << 20), "the smaller budget holds");
}

#[test]
fn a_shader_asks_for_its_features() {
    let capped = device(&Options { profile: Some(Profile::WebGpuDefaults), ..Options::default() });
    for (shader, feature) in [
        (double().f16(), "half precision (shader-f16)"),
        (double().subgroups(4), "subgroups"),
        (double().dot4(), "packed 8-bit dot products (packed_4x8_integer_dot_product)"),
    ] {
        let expect = Error::MissingFeature { name: "double".to_owned(), feature };
        assert_eq!(capped.pipeline(&shader).unwrap_err(), expect);
    }
    let all = device(&Options::default());
    if all.features().subgroups.is_some() {
        let sum = Shader::new("sum").subgroups(4).file(
            "@group(0) @binding(0) var<storage, read_write> numbers: array<u32>;
@compute @workgroup_size(1) fn sum() { numbers[0] = subgroupAdd(numbers[0]); }",
        );
        let buffer = numbers(&all, &[5]);
        let pipeline = all.pipeline(&sum).unwrap();
        let bind = all.bind(&pipeline, &[Binding::from(&buffer)]);
        let mut recorder = all.recorder();
        recorder.pass("sum", |pass| pass.dispatch(&pipeline, &bind, [1, 1, 1]));
        all.submit(recorder);
        assert_eq!(read(&all, &buffer), [5], "one invocation sums itself");
    }
}

#[test]
fn wide_workgroups_are_for_devices_that_have_them() {
    let wide = |invocations: u32| double().invocations(invocations);
    let small = device(&Options { profile: Some(Profile::WebGpuDefaults), ..Options::default() });
    assert_eq!(small.lacks(&wide(256)), None);
    assert_eq!(small.lacks(&wide(512)), Some("workgroups of so many invocations"));
    let whole = device(&Options::default());
    let most = whole.limits().invocations_max as u32;
    assert_eq!((whole.lacks(&wide(most)), whole.lacks(&wide(most + 1)).is_some()), (None, true));
}

#[test]
fn much_workgroup_memory_is_for_devices_that_have_it() {
    let taking = |bytes: u32| double().workgroup_bytes(bytes);
    let small = device(&Options { profile: Some(Profile::WebGpuDefaults), ..Options::default() });
    assert_eq!(small.lacks(&taking(16384)), None);
    assert_eq!(small.lacks(&taking(16385)), Some("so much workgroup memory"));
    assert!(small.pipeline(&taking(16385)).is_err(), "it is refused before the driver sees it");
    let whole = device(&Options::default());
    let most = whole.limits().workgroup_bytes_max as u32;
    assert_eq!((whole.lacks(&taking(most)), whole.lacks(&taking(most + 1)).is_some()), (None, true));
}

#[test]
fn an_adapter_is_chosen_by_a_part_of_its_name() {
    let first = device(&Options::default());
    let wanted = first.adapter().backend.to_uppercase();
    let named = device(&Options { adapter: Some(wanted), ..Options::default() });
    assert_eq!(named.adapter().backend, first.adapter().backend);
    let nobody = Options { adapter: Some("no such adapter".to_owned()), ..Options::default() };
    match block_on(Device::request(&nobody)).unwrap_err() {
        Error::NoAdapterNamed { wanted, available } => {
            assert_eq!(wanted, "no such adapter");
            assert!(available.contains(&first.adapter().name), "{available}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn many_writes_and_a_long_read_cross_their_limits() {
    let device = device(&Options::default());
    // 40 MiB: three chunks of reading; twice: more than may wait for the queue.
    let bytes = 40 << 20;
    let buffer = device.buffer("long", Account::Other, bytes, Usage::Storage).unwrap();
    let text: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    device.write(&buffer, 0, &text);
    assert_eq!(device.counters().submits, 0);
    device.write(&buffer, 0, &text);
    assert_eq!(device.counters().submits, 1, "the queue got the writes without being asked");
    assert!(block_on(device.read(&buffer, 1, bytes - 2)).unwrap() == text[1..bytes as usize - 1]);
    check(&device, "the staging buffer went", bytes, 1, 0);
    assert_eq!(device.ledger().peak_bytes(), bytes + (16 << 20));
    assert!(device.memory().driver.is_none_or(|driver| driver.reserved_bytes >= bytes));
}
