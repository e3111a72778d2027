//! Questions with known answers: what a file of them holds, and when an answer is right.

use engine::prompt::{Content, Conversation, FunctionCall, Role};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::conversation;
use crate::failure::Failure;
use crate::input::{read_text, shown};

/// Most tokens of an answer where the question does not say.
const TOKENS_MAX: u32 = 128;
/// What a line has beside a conversation.
const KEYS: [&str; 3] = ["kind", "expect", "max_tokens"];

/// A conversation that the model is to continue, and what it should say.
#[derive(Debug)]
pub(crate) struct Question {
    /// What sort of question it is; results are counted by it.
    pub(crate) kind: String,
    /// What was said so far.
    pub(crate) conversation: Conversation,
    /// The right answer.
    pub(crate) expect: Expectation,
    /// Most tokens of the answer.
    pub(crate) max_tokens: u32,
}

/// When an answer is right.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Expectation {
    /// Its text, without white space around it, is this.
    Text(String),
    /// Its text is one of these.
    OneOf(Vec<String>),
    /// Its text has all of these in it.
    Contains(Vec<String>),
    /// Its text is JSON of this value.
    Json(Value),
    /// Its first function call is this.
    Call(FunctionCall),
}

#[derive(Deserialize)]
struct Fields {
    kind: String,
    expect: Map<String, Value>,
    #[serde(default = "tokens_max")]
    max_tokens: u32,
}

fn tokens_max() -> u32 {
    TOKENS_MAX
}

/// Reads a file with one question as a JSON object on each line; `-` is standard input.
pub(crate) fn read(name: &str) -> Result<Vec<Question>, Failure> {
    let text = read_text(name)?;
    let bad = |problem: String| Failure::Input { name: shown(name), problem };
    let mut questions = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let question =
            Question::parse(line).map_err(|problem| bad(format!("line {}: {problem}", index + 1)))?;
        questions.push(question);
    }
    if questions.is_empty() {
        return Err(bad("has no questions; each line is one, as a JSON object".to_owned()));
    }
    Ok(questions)
}

impl Question {
    /// Reads a line: the conversation as chat clients send it, with `kind`, `expect` and `max_tokens` beside it.
    fn parse(line: &str) -> Result<Question, String> {
        let Fields { kind, expect, max_tokens } =
            serde_json::from_str(line).map_err(|error| error.to_string())?;
        let conversation = conversation::parse(line, &KEYS)?;
        let expect = Expectation::parse(expect)?;
        Ok(Question { kind, conversation, expect, max_tokens })
    }

    /// What the user said last.
    pub(crate) fn words(&self) -> String {
        let said = self.conversation.messages.iter().rev().find(|message| message.role == Role::User);
        match said.map(|message| &message.content) {
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => format!("a message of {} parts", parts.len()),
            Some(Content::Fields(_)) | None => String::new(),
        }
    }
}

impl Expectation {
    fn parse(fields: Map<String, Value>) -> Result<Expectation, String> {
        if fields.len() != 1 {
            let found: Vec<String> = fields.keys().map(|key| format!("`{key}`")).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
            return Err(format!(
                "`expect` has one of `text`, `one_of`, `contains`, `json` and `call`, and only one; this has {found}"
            ));
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| format!("`expect`: {error}"))
    }

    /// Whether an answer of this text and these calls is right.
    pub(crate) fn is_met(&self, text: &str, calls: &[FunctionCall]) -> bool {
        let text = text.trim();
        match self {
            Expectation::Text(right) => text == right.trim(),
            Expectation::OneOf(right) => right.iter().any(|right| text == right.trim()),
            Expectation::Contains(parts) => parts.iter().all(|part| text.contains(part.as_str())),
            Expectation::Json(right) => {
                serde_json::from_str::<Value>(text).is_ok_and(|value| value == *right)
            }
            Expectation::Call(right) => calls.first().is_some_and(|call| call == right),
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Expectation::Text(right) => write!(f, "`{right}`"),
            Expectation::OneOf(right) => write!(f, "one of `{}`", right.join("`, `")),
            Expectation::Contains(parts) => write!(f, "a text with `{}`", parts.join("`, `")),
            Expectation::Json(right) => write!(f, "the JSON {right}"),
            Expectation::Call(right) => write!(f, "a call of {}({})", right.name, right.arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(expect: Value, text: &str, right: bool) {
        let expect: Expectation = serde_json::from_value(expect).unwrap();
        assert_eq!(expect.is_met(text, &[]), right, "{expect}, answer `{text}`");
    }

    #[test]
    fn texts_are_compared_without_white_space_around_them() {
        check(json!({ "text": "Blue." }), " Blue.\n", true);
        check(json!({ "text": "Blue." }), "blue.", false);
        check(json!({ "one_of": ["Blue.", "It is blue."] }), "It is blue.", true);
        check(json!({ "one_of": [] }), "", false);
        check(json!({ "contains": ["fox", "Mia"] }), "Mia saw a fox.", true);
        check(json!({ "contains": ["fox", "Mia"] }), "Tom saw a fox.", false);
    }

    #[test]
    fn json_is_compared_by_its_value() {
        check(json!({ "json": { "a": 1, "b": [2] } }), "{\"b\": [2],\n\"a\":1}", true);
        check(json!({ "json": { "a": 1 } }), "{\"a\": 1} ok", false);
    }

    #[test]
    fn the_first_call_counts() {
        let call = |name: &str, arguments: Value| FunctionCall { name: name.to_owned(), arguments };
        let expect = Expectation::Call(call("add", json!({ "a": 1 })));
        assert!(expect.is_met("", &[call("add", json!({ "a": 1 })), call("stop", json!({}))]));
        assert!(!expect.is_met("", &[call("add", json!({ "a": 2 }))]));
        assert!(!expect.is_met("add", &[]));
    }

    #[test]
    fn a_line_that_is_no_question_is_told() {
        let error = |line: &str| Question::parse(line).unwrap_err();
        assert!(error(r#"{"kind": "k", "expect": {"text": "x"}}"#).contains("messages"));
        assert!(error(r#"{"kind": "k", "expect": {"like": "x"}, "messages": []}"#).contains("like"));
        assert!(error("{").contains("EOF"));
        let misspelt = r#"{"kind": "k", "expect": {"text": "x"}, "messages": [], "max_token": 3}"#;
        assert!(error(misspelt).contains("no key `max_token`; there are: kind, expect, max_tokens"));
        let two = r#"{"kind": "k", "expect": {"text": "x", "contains": ["y"]}, "messages": []}"#;
        assert!(error(two).contains("and only one; this has `") && error(two).contains("` and `"));
        let none = r#"{"kind": "k", "expect": {}, "messages": []}"#;
        assert!(error(none).ends_with("and only one; this has none"));
    }

    #[test]
    fn a_line_may_have_all_that_a_conversation_has() {
        let line = r#"{"kind": "k", "expect": {"text": "x"}, "max_tokens": 3, "messages": [], "tools": [],
            "enable_thinking": true, "add_generation_prompt": true, "preserve_thinking": true}"#;
        let question = Question::parse(line).unwrap();
        assert_eq!((question.max_tokens, question.expect), (3, Expectation::Text("x".to_owned())));
        assert!(question.conversation.enable_thinking && question.conversation.preserve_thinking);
    }
}
