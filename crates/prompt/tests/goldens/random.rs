//! The encoder against the plainest version of itself, on random vocabularies and texts.

use std::collections::HashMap;

use prompt::{Special, SpecialText, Tokenizer, Vocabulary};

use crate::files::{Random, tiny};

/// Merges the leftmost pair of the lowest rank until there is none, looking at everything each time.
fn plain_encode(tokens: &[String], merges: &[(String, String)], text: &str) -> Vec<u32> {
    let ids: HashMap<&str, u32> =
        tokens.iter().enumerate().rev().map(|(id, token)| (token.as_str(), id as u32)).collect();
    let ranks: HashMap<(&str, &str), usize> =
        merges.iter().enumerate().rev().map(|(rank, (l, r))| ((l.as_str(), r.as_str()), rank)).collect();
    let mut symbols: Vec<String> = text.replace(' ', "\u{2581}").chars().map(String::from).collect();
    loop {
        let lowest = (0..symbols.len().saturating_sub(1))
            .filter_map(|at| Some((*ranks.get(&(symbols[at].as_str(), symbols[at + 1].as_str()))?, at)))
            .min();
        let Some((_, at)) = lowest else { break };
        let right = symbols.remove(at + 1);
        symbols[at].push_str(&right);
    }
    let known = |symbol: &String| match ids.get(symbol.as_str()) {
        Some(&id) => vec![id],
        None => symbol.bytes().map(|byte| ids[format!("<0x{byte:02X}>").as_str()]).collect(),
    };
    symbols.iter().flat_map(known).collect()
}

/// A vocabulary whose merges were not trained: ranks in any order, pieces that can be reached in several ways.
fn random_vocabulary(random: &mut Random) -> (Vec<String>, Vec<(String, String)>) {
    let mut tokens: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
    let letters = ["a", "b", "c", "\u{2581}", "\u{e9}", "\u{4e00}", "\u{4e01}", "\u{1f600}"];
    let first = tokens.len();
    tokens.extend(letters[..2 + random.below(letters.len() - 1)].iter().map(|letter| letter.to_string()));
    let mut merges: Vec<(String, String)> = Vec::new();
    for _ in 0..random.below(60) {
        let mut part = || tokens[first + random.below(tokens.len() - first)].clone();
        let pair = (part(), part());
        let joined = format!("{}{}", pair.0, pair.1);
        if !merges.contains(&pair) {
            if !tokens.contains(&joined) {
                tokens.push(joined);
            }
            merges.insert(random.below(merges.len() + 1), pair);
        }
    }
    (tokens, merges)
}

fn build(tokens: &[String], merges: &[(String, String)]) -> Tokenizer {
    Tokenizer::new(Vocabulary {
        tokens,
        merges: merges.iter().map(|(left, right)| format!("{left} {right}")),
        types: &[],
        bos: None,
        eos: &[],
        unknown: None,
        add_bos: false,
    })
    .unwrap()
}

#[test]
fn equals_the_plain_encoder() {
    let mut random = Random(2026);
    let characters = ["a", "a", "b", "b", "c", " ", "\u{e9}", "\u{4e00}", "\u{4e01}", "\u{1f600}", "z", "\n"];
    for vocabulary in 0..150 {
        let (tokens, merges) = random_vocabulary(&mut random);
        let tokenizer = build(&tokens, &merges);
        for round in 0..12 {
            // Long texts of few letters have runs above the length from which the queue is used.
            let letters = 1 + random.below(characters.len());
            let length = if round < 8 { random.below(40) } else { 50 + random.below(250) };
            let text: String = (0..length).map(|_| random.pick(&characters[..letters])).collect();
            let expected = plain_encode(&tokens, &merges, &text);
            assert_eq!(tokenizer.encode(&text, Special::Text), expected, "vocabulary {vocabulary}: {text:?}");
            assert_eq!(
                tokenizer.encode(&text, Special::Parse),
                expected,
                "vocabulary {vocabulary}: {text:?}"
            );
        }
    }
}

#[test]
fn faulty_vocabularies_are_explained() {
    #[track_caller]
    fn check(tokens: &[&str], types: &[i32], eos: &[u32], unknown: Option<u32>, expected: &str) {
        let merges: [&str; 0] = [];
        let vocabulary = Vocabulary { tokens, merges, types, bos: None, eos, unknown, add_bos: false };
        let error = Tokenizer::new(vocabulary).unwrap_err().to_string();
        assert!(error.contains(expected), "`{error}` does not say `{expected}`");
    }
    check(&["a"], &[1, 1], &[], Some(0), "2 token types for 1 tokens");
    check(&["a"], &[], &[], Some(1), "unknown_token_id is 1, but there are only 1 tokens");
    check(&["a"], &[], &[7], Some(0), "eos_token_id is 7");
    check(&["a", "<0x41>"], &[], &[], None, "1 of 256 byte tokens");
    check(
        &["x".repeat(300).as_str()],
        &[3],
        &[],
        Some(0),
        "300 bytes in one special token, the limit is 256",
    );
}

/// Converters give type 4 to tags, and to tokens that are text like any other.
#[test]
fn of_user_defined_tokens_tags_alone_are_control() {
    let tokens = ["<unk>", "a", "\n", "\n\n", "<table>", "<|channel>", "<turn|>"];
    let types = [2, 1, 1, 4, 4, 4, 4];
    let vocabulary = Vocabulary {
        tokens,
        merges: ["\n \n"],
        types: &types,
        bos: None,
        eos: &[],
        unknown: Some(0),
        add_bos: false,
    };
    let tokenizer = Tokenizer::new(vocabulary).unwrap();
    assert_eq!(tokenizer.encode("a\n\na<turn|>", Special::Parse), [1, 3, 1, 6]);
    assert_eq!(tokenizer.encode("<turn|>", Special::Text), [0]);
    assert_eq!(tokenizer.decode_with(&[1, 3, 4, 5, 1, 6], SpecialText::Hide), "a\n\n<table>a");
}

#[test]
fn runs_of_unknown_characters_become_one_unknown_token() {
    let merges: [&str; 0] = [];
    let tokens = ["<unk>", "a", "<0x62>"];
    let vocabulary = Vocabulary {
        tokens,
        merges,
        types: &[2, 1, 6],
        bos: None,
        eos: &[],
        unknown: Some(0),
        add_bos: false,
    };
    let tokenizer = Tokenizer::new(vocabulary).unwrap();
    assert_eq!(tokenizer.encode("xyaxbx", Special::Text), [0, 1, 0, 2, 0]);
}

/// Whatever is encoded comes back, apart from U+2581, which is a space to the vocabulary.
#[test]
fn random_unicode_comes_back() {
    let tokenizer = tiny();
    let mut random = Random(7);
    for _ in 0..300 {
        let text: String = (0..random.below(60))
            .filter_map(|_| match random.below(3) {
                0 => char::from_u32(random.below(0x80) as u32),
                1 => char::from_u32(random.below(0x3000) as u32),
                _ => char::from_u32(random.below(0x11_0000) as u32),
            })
            .filter(|&c| c != '\u{2581}')
            .collect();
        for special in [Special::Text, Special::Parse] {
            assert_eq!(tokenizer.decode(&tokenizer.encode(&text, special)), text);
        }
    }
}
