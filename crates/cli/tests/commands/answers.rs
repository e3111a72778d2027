//! `run` and `chat`.

use crate::goldens::{Golden, MODELS, model_file};
use crate::program::{folder, rullama, text};

fn ids_file(name: &str, ids: &[u32]) -> String {
    let file = folder(name).join("ids.json");
    std::fs::write(&file, serde_json::to_vec(ids).unwrap()).unwrap();
    text(&file)
}

/// Greedy ids equal the reference's, up to where its best two logits are closer than rounding may push them.
fn check_greedy(model: &str) {
    const MARGIN_MIN: f32 = 4.0 * 2e-3;
    let golden = Golden::of(model);
    let prompt = ids_file(&format!("greedy {model}").replace('/', " "), &golden.ids("prompt.long.ids"));
    let file = model_file(model);
    let options = ["--greedy", "--max-tokens", "32", "--ids", "--ignore-eos", "--kv", "f32"];
    let ran = rullama(["run", &file, "--prompt-ids", &prompt].iter().chain(&options)).run().ok();
    let got: Vec<u32> = serde_json::from_str(&ran.out).unwrap();
    let expected = golden.ids("prompt.long.greedy");
    let margins = golden.f32s("prompt.long.greedy_margin");
    let clear = margins.iter().take_while(|&&margin| margin >= MARGIN_MIN).count();
    assert!(clear >= 16, "{model}: only {clear} clear steps");
    assert_eq!(got.len(), expected.len(), "{model}");
    assert_eq!(got[..clear], expected[..clear], "{model}");
}

#[test]
fn greedy_ids_equal_the_reference() {
    MODELS.iter().for_each(|model| check_greedy(model));
}

#[test]
fn the_answer_is_all_that_is_printed() {
    let file = model_file(MODELS[0]);
    let run = |options: &[&str]| {
        let usual = ["run", &file, "Hello", "--max-tokens", "12"];
        rullama(usual.iter().chain(options)).run().ok().out
    };
    let greedy = run(&["--greedy"]);
    assert!(!greedy.is_empty());
    assert_eq!(run(&["--greedy"]), greedy, "greedy is the same each time");
    assert_ne!(run(&["--greedy", "--system", "Be brief."]), greedy, "instructions matter");
    assert_ne!(run(&["--greedy", "--raw"]), greedy, "so does the template");
    assert_eq!(run(&["--seed", "7"]), run(&["--seed", "7"]), "a seed repeats");
    assert_ne!(run(&["--seed", "7"]), run(&["--seed", "8"]), "another does not");

    let report: serde_json::Value = serde_json::from_str(&run(&["--greedy", "--json"])).unwrap();
    assert_eq!(report["text"], greedy.as_str());
    assert_eq!(report["usage"]["generated_tokens"], report["ids"].as_array().unwrap().len());
    assert!(report["reason"].is_string() && report["timings"]["decode_seconds"].is_number(), "{report}");
    assert_eq!(report.get("logprobs"), None, "nobody asked for them");
    assert_eq!(report.get("seed"), Some(&serde_json::Value::Null), "nothing was drawn");
    let drawn: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let seed = drawn["seed"].as_u64().unwrap().to_string();
    assert_eq!(run(&["--seed", &seed]), drawn["text"].as_str().unwrap(), "the seed gives it again");
    let likely: serde_json::Value =
        serde_json::from_str(&run(&["--greedy", "--json", "--logprobs", "2"])).unwrap();
    assert_eq!(likely["ids"], report["ids"], "asking changes nothing");
    for (id, token) in report["ids"].as_array().unwrap().iter().zip(likely["logprobs"].as_array().unwrap()) {
        assert_eq!(token["top"].as_array().map(Vec::len), Some(2), "{token}");
        // The greedy choice is the likeliest.
        assert_eq!((&token["top"][0]["id"], &token["top"][0]["logprob"]), (id, &token["chosen"]), "{token}");
        assert!(token["chosen"].as_f64().is_some_and(|logprob| logprob < 0.0), "{token}");
    }
    let guessed: serde_json::Value =
        serde_json::from_str(&run(&["--greedy", "--json", "--draft-max", "8"])).unwrap();
    assert_eq!((&guessed["ids"], &guessed["usage"]["drafted_tokens"]), (&report["ids"], &0.into()));
    let ids: Vec<u32> = serde_json::from_str(&run(&["--greedy", "--ids"])).unwrap();
    assert_eq!(serde_json::json!(ids), report["ids"]);

    // The answer ends before the stop string.
    let stop = &greedy[greedy.char_indices().nth(4).unwrap().0..];
    let stopped = run(&["--greedy", "--stop", stop]);
    assert_eq!(stopped, greedy[..greedy.find(stop).unwrap()]);
}

#[test]
fn the_prompt_can_come_from_standard_input() {
    let file = model_file(MODELS[0]);
    let options = ["--greedy", "--max-tokens", "6"];
    let given = rullama(["run", &file, "Hello"].iter().chain(&options)).run().ok().out;
    let piped = rullama(["run", &file, "-"].iter().chain(&options)).input("Hello").run().ok().out;
    assert_eq!(given, piped);
}

#[test]
fn counts_and_memory_go_to_standard_error() {
    let file = model_file(MODELS[0]);
    let ran = rullama(["run", &file, "Hi", "--greedy", "--max-tokens", "4", "--verbose", "--memory"]).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("tok/s") && ran.err.contains("tot="), "{ran:?}");
    assert!(!ran.out.contains("tok/s") && !ran.out.contains("tot="), "{ran:?}");
    assert!(!ran.err.contains("seed"), "there is none where nothing is drawn: {ran:?}");
    let drawn = rullama(["run", &file, "Hi", "--seed", "7", "--max-tokens", "4", "--verbose"]).run();
    assert!(drawn.code == 0 && drawn.err.ends_with("\nseed 7\n"), "{drawn:?}");
    let chat = rullama(["chat", &file, "--seed", "7", "--max-tokens", "4", "-v"]).input("Hi\n").run();
    assert!(chat.code == 0 && chat.err.ends_with("\nseed 7\n"), "{chat:?}");
}

#[test]
fn memory_is_traced_when_asked_for() {
    let file = model_file(MODELS[0]);
    let ran = rullama(["run", &file, "Hi", "--max-tokens", "1"]).env("RULLAMA_TRACE_MEM", "1").run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("charged") && ran.err.contains("embeddings"), "{ran:?}");
}

#[test]
fn a_chat_answers_each_line() {
    let file = model_file(MODELS[0]);
    let chat = |input: &str| {
        rullama(["chat", &file, "--greedy", "--max-tokens", "5", "--verbose"]).input(input).run()
    };
    let ran = chat("Hello\n/help\n\nAnd then?\n/nonsense\n/reset\nHello\n/exit\nnever\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    let timings: Vec<&str> = ran.err.lines().filter(|line| line.contains("tok/s")).collect();
    assert_eq!(timings.len(), 3, "three answers: {ran:?}");
    assert!(ran.err.contains("/reset  forget") && ran.err.contains("no command `/nonsense`"), "{ran:?}");
    assert!(timings[0].contains("(0 reused)"), "{timings:?}");
    assert!(!timings[1].contains("(0 reused)"), "the second turn goes on from the first: {timings:?}");
    // After the reset the first answer comes again, and the reset forgot the second turn.
    let alone = chat("Hello\n");
    assert!(ran.out.starts_with(&alone.out) && ran.out.ends_with(&alone.out), "{ran:?} {alone:?}");
    assert!(ran.out.len() > 2 * alone.out.len(), "{ran:?}");
}

#[test]
fn a_full_context_ends_a_chat_turn_and_not_the_chat() {
    let file = model_file(MODELS[0]);
    let long = "word ".repeat(100);
    let input = format!("{long}\nHi\n");
    let ran =
        rullama(["chat", &file, "--greedy", "--context", "64", "--max-tokens", "3"]).input(&input).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("context of 64") && ran.err.contains("remedy: "), "{ran:?}");
    assert!(ran.out.ends_with('\n'), "the second message was answered: {ran:?}");
}

#[test]
fn a_line_that_is_no_text_does_not_end_a_chat() {
    let file = model_file(MODELS[0]);
    let chat = |input: &[u8]| rullama(["chat", &file, "--greedy", "--max-tokens", "5"]).input(input).run();
    let ran = chat(b"Hello\n\xff\xfe\nHello\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.err,
        "error: standard input: this line is not UTF-8 and was left out; the conversation goes on\n"
    );
    // The conversation is that without the line.
    assert_eq!(ran.out, chat(b"Hello\nHello\n").out);
}

/// As long as lines are kept is tried beside what reads them.
#[test]
fn a_line_that_is_too_long_does_not_end_a_chat() {
    let file = model_file(MODELS[0]);
    let chat = |input: &[u8]| rullama(["chat", &file, "--greedy", "--max-tokens", "5"]).input(input).run();
    let input = [b"Hello\n".as_slice(), &vec![b'x'; 17 << 20], b"\nHello\n"].concat();
    let ran = chat(&input);
    let told = "error: standard input: this line has more than 16777216 bytes and was left out; the conversation goes on\n";
    assert_eq!((ran.code, ran.err.as_str()), (0, told));
    assert_eq!(ran.out, chat(b"Hello\nHello\n").out);
}

/// A byte-order mark before the first line is none of it, and two slashes say one.
#[test]
fn what_a_chat_takes_for_the_message() {
    let file = model_file(MODELS[0]);
    let options = ["--greedy", "--max-tokens", "5"];
    let chat = |input: &str| rullama(["chat", &file].iter().chain(&options)).input(input).run().ok().out;
    let run = |prompt: &str| rullama(["run", &file, prompt].iter().chain(&options)).run().ok().out + "\n";
    assert_eq!(chat("\u{feff}Hello\n"), run("Hello"));
    assert_eq!(chat("//usr\n"), run("/usr"));
    assert_eq!(chat("//reset\n"), run("/reset"));
    assert_ne!(run("/usr"), run("usr"), "the model sees the slash");
    let ran = rullama(["chat", &file]).input("\u{feff}/help\n/usr\n").run();
    assert!(ran.err.contains("//usr says /usr") && ran.err.contains("no command `/usr`"), "{ran:?}");
}

/// The shell's prompt comes on a line of its own.
#[cfg(unix)]
#[test]
fn the_end_of_a_terminal_ends_the_line() {
    use std::io::Write;
    use std::os::fd::{FromRawFd, OwnedFd};
    use std::ptr::null_mut;

    let (mut master, mut slave) = (0, 0);
    // SAFETY: The call writes two descriptors, which belong to nobody else, and is given nothing else.
    let (mut master, slave) = unsafe {
        assert_eq!(libc::openpty(&mut master, &mut slave, null_mut(), null_mut(), null_mut()), 0);
        (std::fs::File::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
    };
    let chat = rullama(["chat", "demo"]).start_with(slave.into());
    // Ctrl-D.
    master.write_all(b"/reset\n\x04").unwrap();
    let ran = crate::program::Ran::of(chat);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", "> > \n"));
}

#[test]
fn an_empty_prompt_is_not_answered() {
    let file = model_file(MODELS[0]);
    let run = |prompt: &str, input: &str| rullama(["run", &file, prompt]).input(input).run();
    run("", "").failed(2, &["the prompt is empty"]);
    run("-", "").failed(2, &["the prompt is empty"]);
    run("-", " \n").failed(2, &["the prompt is empty"]);
    rullama(["run", &file, "", "--raw", "--max-tokens", "1", "--greedy"]).run().ok();
}
