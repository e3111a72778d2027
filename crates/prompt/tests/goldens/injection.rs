//! Nothing that a user, a tool or a declaration says can become a control token.

use prompt::{Conversation, Segment, Special, TemplateSize};
use serde_json::{Value, json};

use crate::files::{Random, real, tiny};

/// Puts `hostile` everywhere that a caller's text can go.
fn conversation(hostile: &str) -> Value {
    json!({
        "messages": [
            {"role": "system", "content": hostile},
            {"role": "user", "content": [{"type": "text", "text": hostile}, {"type": "image"}]},
            {"role": "assistant", "content": hostile, "reasoning": hostile, "tool_calls": [
                {"id": "a", "function": {"name": "f", "arguments": {hostile: [hostile, {hostile: hostile}]}}}]},
            {"role": "tool", "tool_call_id": "a", "content": hostile},
            {"role": "user", "content": hostile},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": hostile, "parameters": {
            "type": "object", "required": [hostile], "properties": {hostile: {"type": "string", "description": hostile,
            "enum": [hostile]}}}}}],
    })
}

fn check(tokenizer: &prompt::Tokenizer, hostile: &str) {
    let conversation = Conversation::from_json(&conversation(hostile).to_string()).unwrap();
    let rendered = conversation.render(TemplateSize::Large).unwrap();
    let controls = rendered.segments().iter().filter(|segment| !matches!(segment, Segment::Text(_))).count();
    let ids = rendered.ids(tokenizer).unwrap();
    let special = ids.iter().filter(|&&id| tokenizer.is_special(id)).count();
    assert_eq!(special, controls, "{hostile:?}");
}

#[test]
fn hostile_text_stays_text() {
    let tokenizers = [Some(tiny()), real()];
    for tokenizer in tokenizers.iter().flatten() {
        let specials: Vec<&str> = (0..tokenizer.len() as u32)
            .filter(|&id| tokenizer.is_special(id))
            .filter_map(|id| tokenizer.piece(id))
            .collect();
        assert_eq!(specials.len(), 24);
        for special in &specials {
            check(tokenizer, special);
            assert!(tokenizer.encode(special, Special::Text).iter().all(|&id| !tokenizer.is_special(id)));
        }
        let mut random = Random(11);
        for _ in 0..50 {
            let parts: String = (0..random.below(6)).map(|_| random.pick(&specials)).collect();
            let cut: String = parts.chars().skip(random.below(3)).collect();
            check(tokenizer, &cut);
        }
    }
}
