//! What the model says, whole and in every possible pair of chunks, as text and as ids.

use prompt::{AnswerParser, Piece, Special, Start, TextAnswerParser, Tokenizer, parse_answer};
use serde_json::{Value, json};

use crate::files::{Random, tiny};

fn text(text: &str) -> Piece {
    Piece::Text(text.into())
}

fn thinking(text: &str) -> Piece {
    Piece::Thinking(text.into())
}

fn call(name: &str, arguments: Value) -> Piece {
    Piece::ToolCall { name: name.into(), arguments }
}

/// Joins neighbours, so that only what was said counts, not when.
fn joined(pieces: impl IntoIterator<Item = Piece>) -> Vec<Piece> {
    let mut whole: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (whole.last_mut(), piece) {
            (Some(Piece::Text(last)), Piece::Text(more)) => last.push_str(&more),
            (Some(Piece::Thinking(last)), Piece::Thinking(more)) => last.push_str(&more),
            (_, piece) => whole.push(piece),
        }
    }
    whole
}

fn from_ids(tokenizer: &Tokenizer, answer: &str, start: Start) -> Vec<Piece> {
    let mut parser = AnswerParser::new(tokenizer, start);
    let mut pieces: Vec<Piece> = Vec::new();
    for id in tokenizer.encode(answer, Special::Parse) {
        pieces.extend(parser.push(tokenizer, id));
    }
    pieces.extend(parser.finish());
    joined(pieces)
}

#[track_caller]
fn check_from(start: Start, answer: &str, expected: &[Piece]) {
    assert_eq!(parse_answer(answer, start), expected, "{answer:?} at once");
    for cut in (0..=answer.len()).filter(|&cut| answer.is_char_boundary(cut)) {
        let mut parser = TextAnswerParser::new(start);
        let mut pieces = parser.push(&answer[..cut]);
        pieces.extend(parser.push(&answer[cut..]));
        pieces.extend(parser.finish());
        assert_eq!(joined(pieces), expected, "{answer:?} cut at {cut}");
    }
    let mut parser = TextAnswerParser::new(start);
    let mut pieces: Vec<Piece> = answer.chars().flat_map(|c| parser.push(&c.to_string())).collect();
    pieces.extend(parser.finish());
    assert_eq!(joined(pieces), expected, "{answer:?} by characters");
    assert_eq!(from_ids(&tiny(), answer, start), expected, "{answer:?} as ids");
}

#[track_caller]
fn check(answer: &str, expected: &[Piece]) {
    check_from(Start::Text, answer, expected);
}

#[test]
fn text_and_thinking() {
    check("", &[]);
    check("Hello <b>you</b>, a < b \u{1f600} ", &[text("Hello <b>you</b>, a < b \u{1f600} ")]);
    check("<|channel>thought\nhm,\n so\n<channel|>Yes.", &[thinking("hm,\n so"), text("Yes.")]);
    check("<|channel>thought\n<channel|>Yes.", &[text("Yes.")]);
    check("<|channel>thought<channel|>Yes.", &[text("Yes.")]);
    check("a \n<|channel>thoughtful\n<channel|>\n b", &[text("a"), thinking("thoughtful"), text("b")]);
    check("<|channel>tho<channel|>b", &[thinking("tho"), text("b")]);
    check("<|channel>thought\nnever closed ", &[thinking("never closed ")]);
    check("<channel|>stray<tool_call|> tags", &[text("stray tags")]);
    check_from(Start::Thinking, "so\n<channel|>Yes.", &[thinking("so"), text("Yes.")]);
}

#[test]
fn calls() {
    check(
        "Look: <|tool_call>call:get_weather{city:<|\"|>Paris<|\"|>,unit:<|\"|>celsius<|\"|>}<tool_call|>",
        &[text("Look:"), call("get_weather", json!({"city": "Paris", "unit": "celsius"}))],
    );
    check(
        "<|tool_call>call:f{a:[1,<|\"|>two<|\"|>,false],o:{k:{q:-1.5e3}, <|\"|>x y<|\"|> : null}}<tool_call|>\
         \n<|tool_call>call:g{}<tool_call|>",
        &[
            call("f", json!({"a": [1, "two", false], "o": {"k": {"q": -1500.0}, "x y": null}})),
            call("g", json!({})),
        ],
    );
    check(
        "<|channel>thought\nI call<|tool_call>call:f{s:<|\"|>{a:[}\",\n \u{e9}<|\"|>,e:<|\"|><|\"|>}<tool_call|> ok",
        &[thinking("I call"), call("f", json!({"s": "{a:[}\",\n \u{e9}", "e": ""})), text("ok")],
    );
    check(
        r#"<|tool_call> call:f{"a":"x\"\\y", b : [ ] , c:{ } } <tool_call|>"#,
        &[call("f", json!({"a": "x\"\\y", "b": [], "c": {}}))],
    );
    // The end tag may be missing at the end, or before the next tag.
    check("<|tool_call>call:f{a:1}", &[call("f", json!({"a": 1}))]);
    check("<|tool_call>call:f{a:1}<|tool_call>call:g{}", &[call("f", json!({"a": 1})), call("g", json!({}))]);
}

#[track_caller]
fn check_malformed(body: &str, expected: &str) {
    let whole = format!("a<|tool_call>{body}<tool_call|>b");
    let pieces = parse_answer(&whole, Start::Text);
    let [Piece::Text(a), Piece::Malformed { raw, problem }, Piece::Text(b)] = &pieces[..] else {
        panic!("{body:?}: {pieces:?}");
    };
    assert_eq!((a.as_str(), raw.as_str(), b.as_str()), ("a", body, "b"));
    assert!(problem.contains(expected), "{body:?}: `{problem}` does not say `{expected}`");
    assert_eq!(from_ids(&tiny(), &whole, Start::Text), pieces, "{body:?} as ids");
}

#[test]
fn malformed_calls_are_reported_with_their_text() {
    check_malformed("", "expected `c` at byte 0 of 0, found the end");
    check_malformed("call:{}", "a function name");
    check_malformed("call:f", "expected `{`");
    check_malformed("call:f{", "a key");
    check_malformed("call:f{a}", "expected `:` at byte 8 of 9, found `}`");
    check_malformed("call:f{a:}", "a value");
    check_malformed(
        "call:f{a:Paris}",
        "a value (strings stand between <|\"|>) at byte 9 of 15, found `Paris}`",
    );
    check_malformed("call:f{a:1", "`,` or `}`");
    check_malformed("call:f{a:[1}", "`,` or `]`");
    check_malformed("call:f{a:1}}", "the end of the call");
    check_malformed("call:f{a:<|\"|>x<|\"|><|\"|>y<|\"|>}", "`,` or `}`");
    check_malformed("call:f{a:\"x}", "expected `\"`");
    check_malformed(&format!("call:f{{a:{}", "[".repeat(100_000)), "at most 64 levels of nesting");
}

#[test]
fn an_unfinished_string_is_malformed_and_not_lost() {
    let raw = "call:f{a:<|\"|>half <tool_call|> x";
    let pieces = parse_answer(&format!("<|tool_call>{raw}"), Start::Text);
    assert!(
        matches!(&pieces[..], [Piece::Malformed { raw: kept, problem }] if kept == raw && problem.contains("has no end")),
        "{pieces:?}"
    );
}

#[test]
fn text_that_looks_like_a_tag_stays_text_among_ids() {
    let tokenizer = tiny();
    let mut parser = AnswerParser::new(&tokenizer, Start::Text);
    let said = "write <|tool_call> to call, <|channel> to think";
    let pieces: Vec<Piece> = tokenizer
        .encode(said, Special::Text)
        .into_iter()
        .flat_map(|id| parser.push(&tokenizer, id))
        .collect();
    assert_eq!(joined(pieces.into_iter().chain(parser.finish())), [text(said)]);
}

#[test]
fn pieces_come_as_soon_as_they_are_certain() {
    let mut parser = TextAnswerParser::new(Start::Text);
    assert_eq!(parser.push("Hi"), [text("Hi")]);
    assert_eq!(parser.push(" "), []);
    assert_eq!(parser.push("you <|chan"), [text(" you")]);
    assert_eq!(parser.push("ge"), [text(" <|change")]);
    assert_eq!(parser.push("<|tool_call>call:f{}"), []);
    assert_eq!(parser.push("<tool_call|>"), [call("f", json!({}))]);
}

#[test]
fn a_call_without_end_does_not_fill_the_memory() {
    let mut parser = TextAnswerParser::new(Start::Text);
    let mut pieces = parser.push("<|tool_call>call:f{a:");
    for _ in 0..3000 {
        pieces.extend(parser.push(&"1".repeat(1000)));
    }
    assert!(matches!(&pieces[0], Piece::Malformed { raw, .. } if raw.len() < (1 << 20) + 1100));
}

/// Whatever ids come, nothing panics, and the visible text is what the detokeniser would show.
#[test]
fn random_ids_never_panic() {
    let tokenizer = tiny();
    let mut random = Random(3);
    let tags = ["<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|\"|>", "<turn|>"];
    let tags = tags.map(|tag| tokenizer.special_id(tag).unwrap());
    for _ in 0..500 {
        let mut parser = AnswerParser::new(&tokenizer, Start::Text);
        for _ in 0..random.below(60) {
            let id = if random.below(3) == 0 { random.pick(&tags) } else { random.below(800) as u32 };
            for piece in parser.push(&tokenizer, id) {
                let empty = matches!(&piece, Piece::Text(text) | Piece::Thinking(text) if text.is_empty());
                assert!(!empty, "an empty piece says nothing");
            }
        }
        parser.finish();
        assert_eq!(parser.finish(), [], "nothing is said twice");
    }
}
