//! Ctrl-C, and readers that have seen enough.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command};
use std::time::Duration;

use crate::goldens::{MODELS, model_file};
use crate::program::{Program, Ran, folder, rullama, text};

/// An answer that goes on until the context of the tiny model is full, which takes minutes.
fn endless() -> Program {
    let file = model_file(MODELS[0]);
    rullama(["run", &file, "Hello", "--seed", "1", "--ignore-eos"])
}

/// What a terminal sends on Ctrl-C.
fn interrupt(child: &Child) {
    signal(child, "-INT");
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

/// Waits for the first character of the answer.
fn answer_begins(child: &mut Child) {
    let stdout = child.stdout.as_mut().unwrap();
    let mut first = [0];
    stdout.read_exact(&mut first).unwrap();
    // UTF-8: the ones at the top of the first byte say how many bytes there are, none means one.
    let more = first[0].leading_ones().saturating_sub(1);
    stdout.read_exact(&mut vec![0; more as usize]).unwrap();
}

#[test]
fn an_answer_is_cut_short() {
    let mut child = endless().start();
    answer_begins(&mut child);
    interrupt(&child);
    let ran = Ran::of(child);
    assert_eq!((ran.code, ran.err.contains("error: interrupted\n")), (130, true), "{ran:?}");
}

#[test]
fn a_chat_goes_on_after_an_answer_that_was_cut_short() {
    let file = model_file(MODELS[0]);
    let mut child = rullama(["chat", &file, "--seed", "1", "--verbose"]).start();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Hello\n").unwrap();
    answer_begins(&mut child);
    interrupt(&child);
    stdin.write_all(b"/nonsense\n/exit\n").unwrap();
    drop(stdin);
    let ran = Ran::of(child);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("; cancelled") && ran.err.contains("no command `/nonsense`"), "{ran:?}");
}

#[test]
fn a_reader_that_leaves_ends_the_work() {
    let mut child = endless().start();
    answer_begins(&mut child);
    drop(child.stdout.take());
    let ran = Ran::of(child);
    assert_eq!((ran.code, ran.err.contains("error")), (0, false), "{ran:?}");
}

/// Presses while shaders are compiled, which begins when the memory of a trial context is given back and takes longer than
/// the bytes of the model take; where it does not, something later is stopped.
fn while_loading(arguments: &[&str]) {
    let mut child = rullama(arguments).env("RULLAMA_TRACE_MEM", "1").start();
    let mut events = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(events.any(|line| line.unwrap().contains("credited")), "{arguments:?}");
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let said: Vec<String> = events.map(Result::unwrap).collect();
    let ran = Ran::of(child);
    assert_eq!((ran.code, ran.out.as_str()), (130, ""), "{arguments:?} {said:?}");
    assert_eq!(said.last().map(String::as_str), Some("error: interrupted"), "{arguments:?}");
}

#[test]
fn loading_is_stopped_to_its_end() {
    let folder = folder("interrupted-loading");
    let (ids, out) = (text(&folder.join("ids.json")), folder.join("out.f32"));
    std::fs::write(&ids, "[2, 5, 6]").unwrap();
    // The demo model's context is large enough for a trial context whose memory is traced.
    while_loading(&["run", "demo", "Hello", "--ignore-eos"]);
    while_loading(&["bench", "demo", "--context", "2048"]);
    while_loading(&["logits", "demo", "--ids", &ids, "--out", &text(&out), "--context", "2048"]);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing beside the ids");
}

/// By its own decision, since nobody else ends the first process of a container.
#[test]
fn a_server_ends_when_it_is_told_to() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = rullama(["serve", "--port", "0"]).start();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("http://"), "{line}");
        signal(&child, name);
        assert_eq!(Ran::of(child).code, code, "{name}");
    }
}
