//! Ids to text one by one: the same text as at once, and never half a character.

use prompt::{Detokenizer, Special, SpecialText, Tokenizer};

use crate::files::{Random, tiny};

/// The text of ids by the definition: bytes of adjacent byte tokens are joined, then whole characters are kept and
/// every other byte is replaced.
fn plain_decode(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    let byte = |id: u32| {
        let digits = tokenizer.piece(id)?.strip_prefix("<0x")?.strip_suffix('>')?;
        u8::from_str_radix(digits, 16).ok()
    };
    let mut text = String::new();
    for run in ids.chunk_by(|&a, &b| byte(a).is_some() && byte(b).is_some()) {
        match byte(run[0]) {
            None => text.push_str(&tokenizer.piece(run[0]).unwrap_or("\u{fffd}").replace('\u{2581}', " ")),
            Some(_) => {
                let bytes: Vec<u8> = run.iter().filter_map(|&id| byte(id)).collect();
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
                }
            }
        }
    }
    text
}

#[test]
fn any_ids_give_the_same_text_in_any_chunks() {
    let tokenizer = tiny();
    let mut random = Random(5);
    let bytes: Vec<u32> = (0..=255).filter_map(|byte: u8| tokenizer.id(&format!("<0x{byte:02X}>"))).collect();
    assert_eq!(bytes.len(), 256);
    // Bytes that start characters of each length, that continue them, and that never occur in UTF-8.
    let telling = [0xc3, 0xe2, 0xed, 0xf0, 0xf4, 0x80, 0x8f, 0x9f, 0xa0, 0xbf, 0xc0, 0xf5, 0xff, 0x41_u8];
    for _ in 0..2000 {
        let ids: Vec<u32> = (0..random.below(30))
            .map(|_| match random.below(8) {
                0 => random.below(tokenizer.len() + 2) as u32,
                1 => random.pick(&bytes),
                _ => bytes[random.pick(&telling) as usize],
            })
            .collect();
        let expected = plain_decode(&tokenizer, &ids);
        assert_eq!(tokenizer.decode(&ids), expected, "{ids:?}");
        let mut detokenizer = Detokenizer::new(SpecialText::Show);
        let mut text: String = ids.iter().map(|&id| detokenizer.push(&tokenizer, id)).collect();
        text.push_str(&detokenizer.finish());
        assert_eq!(text, expected, "{ids:?}");
        assert_eq!(detokenizer.finish(), "", "nothing is left");
    }
}

#[test]
fn a_character_appears_whole_or_not_yet() {
    let tokenizer = tiny();
    let text = "\u{1f600}\u{4e00}\u{e9}\u{10348}!";
    let ids = tokenizer.encode(text, Special::Text);
    assert!(ids.len() > text.chars().count(), "the tiny vocabulary writes these as bytes");
    let mut detokenizer = Detokenizer::new(SpecialText::Hide);
    let chunks: Vec<String> = ids.iter().map(|&id| detokenizer.push(&tokenizer, id)).collect();
    assert!(chunks.iter().any(String::is_empty), "some ids complete nothing");
    assert_eq!(chunks.concat(), text);
    assert_eq!(detokenizer.finish(), "");
}

#[test]
fn the_bytes_of_tokens_make_the_text() {
    let tokenizer = tiny();
    let text = "<bos>a b ☃<|turn>";
    let ids = tokenizer.encode(text, Special::Parse);
    let bytes: Vec<u8> = ids.iter().flat_map(|&id| tokenizer.token_bytes(id).expect("a token")).collect();
    assert_eq!(bytes, text.as_bytes());
    assert_eq!(tokenizer.token_bytes(tokenizer.len() as u32), None);
}

#[test]
fn hidden_special_tokens_leave_nothing() {
    let tokenizer = tiny();
    let ids = tokenizer.encode("<bos>a<|turn>", Special::Parse);
    assert_eq!(tokenizer.decode_with(&ids, SpecialText::Hide), "a");
    assert_eq!(tokenizer.decode(&ids), "<bos>a<|turn>");
}
