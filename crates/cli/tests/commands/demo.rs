//! The model that is part of the program, and `eval`, which measures it.

use std::path::Path;

use serde_json::Value;

use crate::program::{folder, rullama, text};

/// Questions that the demo model was never asked in training.
fn questions() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo-questions.jsonl");
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn eval(name: &str, lines: &[&str], options: &[&str]) -> crate::program::Ran {
    let file = folder(name).join("questions.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    rullama(["eval", "demo", &text(&file)].iter().chain(options)).run()
}

#[test]
fn it_answers() {
    let ran = rullama(["run", "demo", "What is 23 plus 18?", "--greedy"]).run().ok();
    assert!(ran.out.contains("41"), "{ran:?}");
    let shout = ["run", "demo", "What colour is grass?", "--greedy", "--system", "Answer in upper case."];
    let ran = rullama(shout).run().ok();
    assert!(ran.out.contains("GREEN"), "{ran:?}");
}

#[test]
fn it_remembers_what_was_said() {
    let ran = rullama(["chat", "demo", "--greedy"]).input("Hi, my name is Tom.\nWhat is my name?\n").run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("Tom"), "{ran:?}");
}

#[test]
fn nine_of_ten_held_out_questions_are_answered_right() {
    let all = questions();
    // Every eighth, which takes three of each kind; all of them take minutes on a software adapter.
    let some: Vec<&str> = all.iter().step_by(8).map(String::as_str).collect();
    let report = eval("eval-demo", &some, &["--json"]).ok().json();
    let number = |key: &str| report[key].as_u64().unwrap();
    assert_eq!(number("questions"), some.len() as u64);
    assert!(report["kinds"].as_array().unwrap().len() >= 16, "{report}");
    assert_eq!(number("right") + report["wrong"].as_array().unwrap().len() as u64, number("questions"));
    assert!(10 * number("right") >= 9 * number("questions"), "{report}");
}

#[test]
fn a_table_for_people() {
    let right = r#"{"kind": "sums", "messages": [{"role": "user", "content": "2 + 3"}], "expect": {"contains": ["5"]}}"#;
    let wrong = right.replace("[\"5\"]", "[\"blue\"]");
    let ran = eval("eval-table", &[right, "", &wrong], &["--wrong"]).ok();
    assert!(ran.out.contains("expected a text with `blue`"), "{ran:?}");
    let row =
        |kind: &str| ran.out.lines().find(|line| line.starts_with(kind)).unwrap_or_else(|| panic!("{ran:?}"));
    for kind in ["sums ", "all "] {
        assert!(row(kind).contains("1 of     2") && row(kind).contains("50.0 %"), "{ran:?}");
    }
}

#[test]
fn a_line_that_is_no_question_is_named() {
    let check = |line: &str, says: &str| {
        let good = r#"{"kind": "k", "messages": [], "expect": {"text": "x"}}"#;
        eval("eval-bad", &[good, line], &[]).failed(1, &["questions.jsonl: line 2", says]);
    };
    check("{", "EOF");
    check(r#"{"kind": "k", "messages": []}"#, "expect");
    check(r#"{"kind": "k", "messages": [], "expect": {"like": "x"}}"#, "like");
    check(r#"{"kind": "k", "messages": [], "expect": {"text": "x"}, "max_token": 3}"#, "no key `max_token`");
    check(r#"{"kind": "k", "messages": [], "expect": {"text": "x", "json": 1}}"#, "and only one");
    eval("eval-empty", &[""], &[]).failed(1, &["has no questions"]);
    rullama(["eval", "demo", "-"]).input("{").run().failed(1, &["standard input: line 1"]);
}

#[test]
fn it_is_a_model_like_any_other() {
    let report: Value = rullama(["inspect", "demo", "--json"]).run().ok().json();
    assert_eq!(report["path"], "demo");
    rullama(["plan", "demo", "--context", "512"]).run().ok();
    rullama(["inspect", "demo", "--verify"]).run().failed(2, &["no digest is known"]);
}
