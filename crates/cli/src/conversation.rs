//! A conversation as people write it into a file: a key that is misspelt is told and not passed over.

use std::collections::BTreeMap;

use engine::prompt::Conversation;
use serde::de::IgnoredAny;

/// What a conversation may have. Chat clients send more, and so the library passes over the rest.
const KEYS: [&str; 5] =
    ["messages", "tools", "enable_thinking", "add_generation_prompt", "preserve_thinking"];

/// Reads a conversation as a JSON object, which may have `others` beside the keys of a conversation.
pub(crate) fn parse(json: &str, others: &[&str]) -> Result<Conversation, String> {
    // What is no object is told by what reads it next.
    let found: BTreeMap<String, IgnoredAny> = serde_json::from_str(json).unwrap_or_default();
    let mut known = others.iter().chain(&KEYS);
    if let Some(key) = found.keys().find(|key| !known.clone().any(|known| known == key)) {
        let known = known.by_ref().copied().collect::<Vec<_>>().join(", ");
        return Err(format!("there is no key `{key}`; there are: {known}"));
    }
    Conversation::from_json(json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_conversation_has_is_known() {
        let json = r#"{"messages": [], "tools": [], "enable_thinking": true, "add_generation_prompt": false,
            "preserve_thinking": true, "kind": 1}"#;
        let Conversation { messages, tools, enable_thinking, add_generation_prompt, preserve_thinking } =
            parse(json, &["kind"]).unwrap();
        assert!(messages.is_empty() && tools.is_empty() && !add_generation_prompt);
        assert!(enable_thinking && preserve_thinking);
    }

    #[test]
    fn other_keys_are_told() {
        let error = |json: &str, others: &[&str]| parse(json, others).unwrap_err();
        let misspelt = r#"{"messages": [], "enable_thinkin": true}"#;
        assert!(
            error(misspelt, &[]).starts_with("there is no key `enable_thinkin`; there are: messages, tools,")
        );
        assert!(error(misspelt, &["kind"]).contains("there are: kind, messages,"));
        assert!(error(r#"{"mesages": []}"#, &[]).contains("no key `mesages`"));
        assert!(error("{", &[]).contains("EOF"));
        assert!(error("[]", &[]).contains("conversation"));
    }
}
