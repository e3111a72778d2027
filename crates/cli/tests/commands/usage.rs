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
fn completions_know_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = rullama(["completions", shell]).run().ok().out;
        assert!(script.contains("tokenize") && script.contains("prompt-ids"), "{shell}");
    }
    rullama(["completions", "cmd"]).run().failed(2, &["cmd"]);
}
