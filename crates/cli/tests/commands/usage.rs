//! The command line itself.

use crate::goldens::{MODELS, model_file};
use crate::program::rullama;

#[test]
fn wrong_flags_are_wrong_usage() {
    let file = model_file(MODELS[0]);
    let check = |arguments: &[&str], says: &[&str]| rullama(arguments).run().failed(2, says);
    check(&["run", &file], &["PROMPT"]);
    check(&["run", &file, "Hi", "--prompt-ids", "x.json"], &["--prompt-ids"]);
    check(&["run", &file, "Hi", "--greedy", "--temperature", "1"], &["--greedy", "--temperature"]);
    check(&["run", &file, "Hi", "--top-p", "1.5"], &["--top-p", "up to 1"]);
    check(&["run", &file, "Hi", "--temperature", "warm"], &["--temperature", "`warm`"]);
    check(&["run", &file, "Hi", "--budget", "lots"], &["--budget", "`lots`", "512M"]);
    check(&["run", &file, "Hi", "--profile", "toaster"], &["--profile", "toaster", "iphone-16e"]);
    check(&["run", &file, "Hi", "--kv", "f64"], &["--kv", "f16"]);
    check(&["run", &file, "Hi", "--kv", "q4"], &["q4", "f16", "q8"]);
    check(&["run", &file, "Hi", "--special"], &["--raw"]);
    check(&["run", &file, "Hi", "--stop", ""], &["--stop"]);
    check(&["tokenize", &file], &["--text"]);
    check(&["tokenize", &file, "--text", "a", "--file", "b"], &["--text", "--file"]);
    check(&["bench", &file, "--runs", "0"], &["--runs"]);
    check(&["logits", &file], &["--ids"]);
    check(&["dance"], &["dance"]);
}

#[test]
fn negative_numbers_are_out_of_range() {
    let check = |option: &str, value: &str, says: &str| {
        rullama(["run", "demo", "Hi", option, value]).run().failed(2, &[option, value, says]);
    };
    let count = "is not a whole number from 0 to 4294967295";
    for option in ["--context", "--chunk", "--top-k", "--max-tokens", "--draft-max"] {
        check(option, "-1", count);
    }
    check("--seed", "-1", "is not a whole number from 0 to 18446744073709551615");
    check("--temperature", "-1", "from 0 to 100");
    check("--top-p", "-0.5", "up to 1");
    check("--budget", "-1", "is not a size");
    check("--budget", "-1G", "is not a size");
}

#[test]
fn what_is_no_whole_number_is_told_with_what_can_be() {
    let check = |arguments: &[&str], says: &str| {
        rullama(arguments)
            .run()
            .failed(2, &[&format!("`{}` is not a whole number {says}", arguments.last().unwrap())]);
    };
    check(&["run", "demo", "Hi", "--seed", "abc"], "from 0 to 18446744073709551615");
    check(&["run", "demo", "Hi", "--top-k", "1.5"], "from 0 to 4294967295");
    check(&["run", "demo", "Hi", "--logprobs", "21"], "from 0 to 20");
    check(&["bench", "demo", "--prompt", "0"], "from 1 to 4294967295");
    check(&["bench", "demo", "--decode", "1"], "from 2 to 4294967295");
    check(&["bench", "demo", "--runs", "some"], "from 1 to 100");
    check(&["serve", "--port", "65536"], "from 0 to 65535");
}

/// A text may begin with what options begin with. Nothing runs, for want of a model.
#[test]
fn texts_may_begin_with_a_hyphen() {
    for command in [&["run", "./nowhere", "Hi"][..], &["chat", "./nowhere"]] {
        let texts = ["--stop", "---", "--system", "- be brief", "--stop", "-x"];
        rullama(command.iter().chain(&texts)).run().failed(1, &["no file `./nowhere`"]);
    }
}

#[test]
fn a_prompt_of_several_words_is_quoted() {
    rullama(["run", "demo", "hello", "world"]).run().failed(2, &["'world'", "put it in quotes"]);
    rullama(["-q", "run", "demo", "hello", "world"]).run().failed(2, &["put it in quotes"]);
    let other = rullama(["inspect", "demo", "world"]).run();
    assert!(other.code == 2 && !other.err.contains("quotes"), "{other:?}");
}

#[test]
fn wrong_usage_is_json_where_a_program_asks_for_it() {
    let check = |arguments: &[&str], message: &str, remedy: &str| {
        let ran = rullama(arguments).run();
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        let error: serde_json::Value =
            serde_json::from_str(&ran.err).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        assert_eq!(error["code"], "USAGE", "{ran:?}");
        assert_eq!(
            (error["message"].as_str(), error["remedy"].as_str()),
            (Some(message), Some(remedy)),
            "{ran:?}"
        );
    };
    let nothing = "see --help";
    check(
        &["plan", "demo", "--json", "--kv", "f64"],
        "invalid value 'f64' for '--kv <TYPE>' [possible values: f16, f32, q8]",
        nothing,
    );
    check(
        &["run", "--json"],
        "the following required arguments were not provided: <MODEL> <PROMPT>",
        nothing,
    );
    check(&["dance", "--json"], "unrecognized subcommand 'dance'", nothing);
    check(
        &["run", "--json", "demo", "hello", "world"],
        "unexpected argument 'world' found",
        "the prompt is one argument: put it in quotes, as in rullama run demo \"Hello, world\"",
    );
    // Not an option but a prompt.
    let ran = rullama(["run", "demo", "--kv", "f64", "--", "--json"]).run();
    assert!(ran.err.starts_with("error: "), "{ran:?}");
    assert!(rullama(["run", "--json", "--help"]).run().ok().out.contains("Usage:"));
}

#[test]
fn help_says_what_a_script_needs() {
    let help = rullama(["--help"]).run().ok().out;
    for part in
        ["run", "chat", "inspect", "plan", "tokenize", "render", "logits", "bench", "check", "completions"]
    {
        assert!(help.contains(&format!("\n  {part} ")), "{part}: {help}");
    }
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 wrong usage"), "{help}");
    assert!(help.contains("OLLAMA_MODELS"), "{help}");
    assert_eq!(rullama(["--version"]).run().ok().out, format!("rullama {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_of_a_command_states_its_own_defaults() {
    let check = |command: &str, says: &[&str]| {
        let help = rullama([command, "--help"]).run().ok().out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in says {
            assert!(help.contains(part), "{command}: no `{part}` in {help}");
        }
    };
    let usual = "[default: the model's, at most 4096]";
    for command in ["run", "chat", "eval", "plan"] {
        check(command, &[usual, "at most 2048 [default: 512, or fewer"]);
    }
    check("bench", &["Tokens of the longest sequence [default: those of --prompt and --decode]"]);
    check("logits", &["Tokens of the longest sequence [default: as many as there are ids]"]);
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = rullama(["completions", shell]).run().ok().out;
        assert!(script.contains("tokenize") && script.contains("prompt-ids"), "{shell}");
        // The values of some options; the scripts of the other shells have none.
        if ["bash", "fish", "zsh"].contains(&shell) {
            assert!(script.contains("iphone-16e") && script.contains("norm_add_norm"), "{shell}");
        }
    }
    rullama(["completions", "cmd"]).run().failed(2, &["cmd"]);
}
