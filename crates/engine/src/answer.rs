//! From generated ids to events: detokeniser, parser of the answer, stop strings.

use crate::event::Event;
use crate::generate::ParseAnswer;
use crate::stop_strings::{Scanned, StopStrings};
use prompt::{AnswerParser, Detokenizer, FunctionCall, Piece, SpecialText, Start, Tokenizer};
use std::collections::VecDeque;

/// The marks around a thought.
const OPEN: &str = "<|channel>";
const CLOSE: &str = "<channel|>";

/// Takes ids, appends events.
pub(crate) struct Answer {
    reader: Reader,
    stops: StopStrings,
    called: bool,
    thinking_tokens: u32,
}

enum Reader {
    Raw(Detokenizer),
    Gemma { parser: Box<AnswerParser>, channel: Channel },
}

/// Whether a token is of a thought: from the mark that opens one to the mark that closes it, both included.
struct Channel {
    open: Option<u32>,
    close: Option<u32>,
    is_open: bool,
}

impl Channel {
    fn takes(&mut self, id: u32) -> bool {
        let takes = self.is_open || Some(id) == self.open;
        self.is_open = takes && Some(id) != self.close;
        takes
    }
}

/// Whether the answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Heard {
    More,
    StopString,
}

impl Answer {
    pub(crate) fn new(tokenizer: &Tokenizer, parse: ParseAnswer, prompt: &[u32], stops: &[String]) -> Answer {
        let reader = match parse {
            ParseAnswer::Raw => Reader::Raw(Detokenizer::new(SpecialText::Show)),
            ParseAnswer::Gemma => {
                let start = start(tokenizer, prompt);
                let [open, close] = [OPEN, CLOSE].map(|tag| tokenizer.special_id(tag));
                let channel = Channel { open, close, is_open: start == Start::Thinking };
                Reader::Gemma { parser: Box::new(AnswerParser::new(tokenizer, start)), channel }
            }
        };
        Answer { reader, stops: StopStrings::new(stops), called: false, thinking_tokens: 0 }
    }

    /// What this id says.
    pub(crate) fn push(&mut self, tokenizer: &Tokenizer, id: u32, events: &mut VecDeque<Event>) -> Heard {
        let pieces = match &mut self.reader {
            Reader::Raw(detokenizer) => vec![Piece::Text(detokenizer.push(tokenizer, id))],
            Reader::Gemma { parser, channel } => {
                self.thinking_tokens += u32::from(channel.takes(id));
                parser.push(tokenizer, id)
            }
        };
        let heard = self.hear(pieces, events);
        // The model has said what the parser holds back, whatever follows: it must not go on behind a stop string of white space.
        if heard == Heard::More
            && let Reader::Gemma { parser, .. } = &self.reader
            && let Some(text) = self.stops.completed_by(parser.held())
        {
            say(Event::Text, text, events);
            return Heard::StopString;
        }
        heard
    }

    /// What was held back, when no more ids come.
    pub(crate) fn finish(&mut self, events: &mut VecDeque<Event>) -> Heard {
        let pieces = match &mut self.reader {
            Reader::Raw(detokenizer) => vec![Piece::Text(detokenizer.finish())],
            Reader::Gemma { parser, .. } => parser.finish(),
        };
        let heard = self.hear(pieces, events);
        if heard == Heard::More {
            say(Event::Text, self.stops.finish(), events);
        }
        heard
    }

    /// How many of the ids were of thoughts, with their marks; none where marks are text.
    pub(crate) fn thinking_tokens(&self) -> u32 {
        self.thinking_tokens
    }

    /// Whether a function was called.
    pub(crate) fn called(&self) -> bool {
        self.called
    }

    fn hear(&mut self, pieces: Vec<Piece>, events: &mut VecDeque<Event>) -> Heard {
        for piece in pieces {
            if let Piece::Text(text) = piece {
                match self.stops.push(&text) {
                    Scanned::Text(text) => say(Event::Text, text, events),
                    Scanned::Stopped(text) => {
                        say(Event::Text, text, events);
                        return Heard::StopString;
                    }
                }
                continue;
            }
            // Text ends here, so what it held back cannot become a stop string any more.
            say(Event::Text, self.stops.finish(), events);
            match piece {
                Piece::Text(_) => unreachable!("handled above"),
                Piece::Thinking(text) => say(Event::Thinking, text, events),
                Piece::ToolCall { name, arguments } => {
                    self.called = true;
                    events.push_back(Event::ToolCall(FunctionCall { name, arguments }));
                }
                Piece::Malformed { raw, problem } => events.push_back(Event::MalformedCall { raw, problem }),
            }
        }
        Heard::More
    }
}

fn say(event: impl Fn(String) -> Event, text: String, events: &mut VecDeque<Event>) {
    if !text.is_empty() {
        events.push_back(event(text));
    }
}

/// Where an answer to this prompt begins: in thinking if the prompt opens a channel that it does not close.
fn start(tokenizer: &Tokenizer, prompt: &[u32]) -> Start {
    let [open, close, turn] = [OPEN, CLOSE, "<|turn>"].map(|tag| tokenizer.special_id(tag));
    let last = prompt.iter().rev().map(|&id| Some(id)).find(|id| [open, close, turn].contains(id));
    if last.is_some_and(|id| id == open) { Start::Thinking } else { Start::Text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prompt::{Special, Vocabulary};
    use serde_json::json;

    const SPECIAL: [&str; 8] =
        ["<pad>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|\"|>"];

    /// Control tokens, bytes and the space, so that every character beyond ASCII takes several tokens.
    fn tokenizer() -> Tokenizer {
        let bytes = (0..=255).map(|byte| format!("<0x{byte:02X}>"));
        let space = "\u{2581}".to_owned();
        let special = SPECIAL.iter().map(|&text| text.to_owned());
        let tokens: Vec<String> = special.chain(bytes).chain([space]).collect();
        let types: Vec<i32> = (0..tokens.len()).map(|id| if id < SPECIAL.len() { 3 } else { 6 }).collect();
        Tokenizer::new(Vocabulary {
            tokens,
            merges: [""; 0],
            types: &types,
            bos: None,
            eos: &[],
            unknown: None,
            add_bos: false,
        })
        .unwrap()
    }

    /// What an answer says, with neighbouring texts joined, and whether a stop string ended it.
    fn said(parse: ParseAnswer, prompt: &str, answer: &str, stops: &[&str]) -> (Vec<Event>, bool) {
        let tokenizer = tokenizer();
        let ids = |text| tokenizer.encode(text, Special::Parse);
        let stops: Vec<String> = stops.iter().map(|&stop| stop.to_owned()).collect();
        let mut reader = Answer::new(&tokenizer, parse, &ids(prompt), &stops);
        let mut events = VecDeque::new();
        let more = |id| reader.push(&tokenizer, id, &mut events) == Heard::More;
        let stopped = !ids(answer).into_iter().all(more) || reader.finish(&mut events) == Heard::StopString;
        let mut joined: Vec<Event> = Vec::new();
        for event in events {
            match (joined.last_mut(), event) {
                (Some(Event::Text(last)), Event::Text(text)) => last.push_str(&text),
                (Some(Event::Thinking(last)), Event::Thinking(text)) => last.push_str(&text),
                (_, event) => joined.push(event),
            }
        }
        (joined, stopped)
    }

    fn text(text: &str) -> Event {
        Event::Text(text.to_owned())
    }

    fn thinking(text: &str) -> Event {
        Event::Thinking(text.to_owned())
    }

    fn check(prompt: &str, answer: &str, stops: &[&str], events: &[Event], stopped: bool) {
        let found = said(ParseAnswer::Gemma, prompt, answer, stops);
        assert_eq!(found, (events.to_vec(), stopped), "{answer:?} after {prompt:?}, stops {stops:?}");
    }

    #[test]
    fn thoughts_calls_and_text_are_told_apart() {
        let call = Event::ToolCall(FunctionCall { name: "f".to_owned(), arguments: json!({ "a": "é" }) });
        let written = "<|tool_call>call:f{a:<|\"|>é<|\"|>}<tool_call|>";
        check("", "one", &[], &[text("one")], false);
        check("", "<|channel>thought\nhm\n<channel|>one", &[], &[thinking("hm"), text("one")], false);
        check("", written, &[], std::slice::from_ref(&call), false);
        check("", &format!("one {written}"), &[], &[text("one"), call], false);
        let broken = Event::MalformedCall {
            raw: "nonsense".to_owned(),
            problem: "expected `c` at byte 0 of 8, found `nonsense`".to_owned(),
        };
        check("", "<|tool_call>nonsense<tool_call|>", &[], &[broken], false);
    }

    #[test]
    fn raw_text_has_the_marks_in_it() {
        let answer = "<|channel>thought\nhm<channel|>é";
        assert_eq!(said(ParseAnswer::Raw, "", answer, &[]), (vec![text(answer)], false));
        let before = vec![text("<|channel>thought\n")];
        assert_eq!(said(ParseAnswer::Raw, "", answer, &["hm<channel|>"]), (before, true));
    }

    #[test]
    fn the_prompt_tells_where_the_answer_begins() {
        let events = [thinking("hm"), text("one")];
        check("<|turn>model\n<|channel>thought\n", "hm<channel|>one", &[], &events, false);
        check("<|turn>model\n<|channel>thought\n<channel|>", "one", &[], &[text("one")], false);
        // A thought left open in an earlier turn is over.
        check("<|channel>thought\nhm<|turn>model\n", "one", &[], &[text("one")], false);
    }

    #[test]
    fn tokens_of_thoughts_are_counted_with_their_marks() {
        let check = |parse, prompt: &str, answer: &str, expected: u32| {
            let tokenizer = tokenizer();
            let ids = |text| tokenizer.encode(text, Special::Parse);
            let mut reader = Answer::new(&tokenizer, parse, &ids(prompt), &[]);
            let mut events = VecDeque::new();
            for id in ids(answer) {
                assert_eq!(reader.push(&tokenizer, id, &mut events), Heard::More);
            }
            assert_eq!(reader.thinking_tokens(), expected, "{answer:?} after {prompt:?}");
        };
        // A byte is a token here.
        check(ParseAnswer::Gemma, "", "one", 0);
        check(ParseAnswer::Gemma, "", "<|channel>thought\nhm\n<channel|>one", 1 + 11 + 1);
        check(ParseAnswer::Gemma, "", "<|channel><channel|>one<|channel>thought\n", 2 + 1 + 8);
        check(ParseAnswer::Gemma, "<|turn>model\n<|channel>thought\n", "hm<channel|>one", 3);
        check(ParseAnswer::Raw, "", "<|channel>thought\nhm<channel|>one", 0);
    }

    #[test]
    fn stop_strings_are_looked_for_in_text_only() {
        check("", "one END two", &["END"], &[text("one ")], true);
        check("", "a€é!", &["€é"], &[text("a")], true); // five tokens
        check("", "a€", &["€é"], &[text("a€")], false);
        let thought = "<|channel>thought\none END\n<channel|>two";
        check("", thought, &["END"], &[thinking("one END"), text("two")], false);
        let call = Event::ToolCall(FunctionCall { name: "f".to_owned(), arguments: json!({}) });
        let events = [text("EN"), call, text("D")];
        check("", "EN<|tool_call>call:f{}<tool_call|>D", &["END"], &events, false);
        // White space is held back by the parser; at the end it is still text.
        check("", "one\n\n", &["\n\n"], &[text("one")], true);
    }

    #[test]
    fn white_space_that_is_a_stop_string_ends_the_answer_at_once() {
        let tokenizer = tokenizer();
        let ids = |text| tokenizer.encode(text, Special::Parse);
        let mut reader = Answer::new(&tokenizer, ParseAnswer::Gemma, &[], &["\n\n".to_owned()]);
        let mut events = VecDeque::new();
        let heard: Vec<Heard> =
            ids("one \n\n\n").into_iter().map(|id| reader.push(&tokenizer, id, &mut events)).collect();
        assert_eq!(heard.iter().position(|&heard| heard == Heard::StopString), Some(5));
        check("", "one \n\n<|tool_call>call:f{}<tool_call|>", &["\n\n"], &[text("one ")], true);
        check(
            "",
            "<|channel>thought\nhm\n\nhm<channel|>\n\none",
            &["\n\n"],
            &[thinking("hm\n\nhm"), text("one")],
            false,
        );
    }

    #[test]
    fn half_a_character_at_the_end_is_said_as_one_replacement_each() {
        let tokenizer = tokenizer();
        let mut reader = Answer::new(&tokenizer, ParseAnswer::Raw, &[], &[]);
        let mut events = VecDeque::new();
        for byte in [0xe2, 0x82] {
            assert_eq!(reader.push(&tokenizer, SPECIAL.len() as u32 + byte, &mut events), Heard::More);
        }
        assert_eq!(events, []);
        assert_eq!(reader.finish(&mut events), Heard::More);
        assert_eq!(events, [text("\u{fffd}\u{fffd}")]);
        assert!(!reader.called());
    }
}
