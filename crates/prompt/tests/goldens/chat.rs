//! Conversations as the publisher's template writes them.

use prompt::{Conversation, Error, Media, Message, Part, Role, Special, TemplateSize};
use serde_json::Value;

use crate::files::{committed, ids, json, real, tiny};

fn each_golden(check: impl Fn(&str, Conversation, TemplateSize, &Value)) {
    let golden = json(&committed("text/chat.json"));
    for (name, size) in [("small", TemplateSize::Small), ("large", TemplateSize::Large)] {
        let cases = golden[name].as_object().unwrap();
        assert!(cases.len() >= 26, "only {} cases", cases.len());
        for (case, golden) in cases {
            let conversation = Conversation::from_json(&golden["input"].to_string()).unwrap();
            check(&format!("{name}/{case}"), conversation, size, golden);
        }
    }
}

#[test]
fn texts() {
    each_golden(|name, conversation, size, golden| {
        let rendered = conversation.render(size).unwrap();
        assert_eq!(rendered.to_text(), golden["text"].as_str().unwrap(), "{name}");
    });
}

#[test]
fn ids_of_the_real_vocabulary() {
    let Some(tokenizer) = real() else { return };
    each_golden(|name, conversation, size, golden| {
        let rendered = conversation.render(size).unwrap();
        assert_eq!(rendered.ids(&tokenizer).unwrap(), ids(&golden["ids"]), "{name}");
    });
}

/// None of the recorded users typed a control token, so here both ways to the ids must agree.
#[test]
fn ids_equal_those_of_the_whole_text() {
    let tokenizer = tiny();
    each_golden(|name, conversation, size, golden| {
        let rendered = conversation.render(size).unwrap();
        let whole = tokenizer.encode(golden["text"].as_str().unwrap(), Special::Parse);
        assert_eq!(rendered.ids(&tokenizer).unwrap(), whole, "{name}");
    });
}

#[test]
fn media_places_grow_into_soft_positions() {
    let tokenizer = tiny();
    let json = r#"{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "and"}, {"type": "audio"}]}]}"#;
    let conversation = Conversation::from_json(json).unwrap();
    let prompt::Content::Parts(parts) = &conversation.messages[0].content else { panic!() };
    assert!(matches!(&parts[0], Part::Image { source } if source["image_url"]["url"] == "x"));
    let rendered = conversation.render(TemplateSize::Small).unwrap();
    assert_eq!(rendered.media_places().collect::<Vec<_>>(), [Media::Image, Media::Audio]);
    let expanded = rendered.expanded_ids(&tokenizer, &[3, 1]).unwrap();
    assert_eq!(
        tokenizer.decode(&expanded.ids),
        "<bos><|turn>user\n<|image><|image|><|image|><|image|><image|>and<|audio><|audio|><audio|><turn|>\n\
         <|turn>model\n"
    );
    let [(Media::Image, image), (Media::Audio, audio)] = &expanded.spans[..] else { panic!() };
    assert_eq!((image.len(), audio.len()), (3, 1));
    let soft = |piece| tokenizer.special_id(piece).unwrap();
    assert!(expanded.ids[image.clone()].iter().all(|&id| id == soft("<|image|>")));
    assert!(expanded.ids[audio.clone()].iter().all(|&id| id == soft("<|audio|>")));
    assert_eq!(rendered.expanded_ids(&tokenizer, &[3]), Err(Error::MediaCount { parts: 2, counts: 1 }));
    let refused = rendered.text_ids(&tokenizer).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "conversation: 2 image and audio parts, but this version takes text only; leave them out"
    );
}

/// Renders `messages` after `<bos>`, with `|"|` written as a plain quote.
fn rendered(messages: &str) -> Result<String, Error> {
    let conversation = Conversation::from_json(&format!(r#"{{"messages": {messages}}}"#))?;
    let text = conversation.render(TemplateSize::Small)?.to_text();
    Ok(text.strip_prefix("<bos>").unwrap().replace("<|\"|>", "'"))
}

#[track_caller]
fn check(messages: &str, expected: &str) {
    assert_eq!(rendered(messages).as_deref(), Ok(expected), "{messages}");
}

#[track_caller]
fn check_error(messages: &str, expected: &str) {
    let error = rendered(messages).unwrap_err().to_string();
    assert!(error.contains(expected), "{messages}: `{error}` does not say `{expected}`");
}

#[test]
fn turns_that_the_goldens_lack() {
    check("[]", "<|turn>model\n");
    check(
        r#"[{"role": "model", "content": "a"}, {"role": "assistant", "content": "b"}]"#,
        "<|turn>model\nab<turn|>\n<|turn>model\n",
    );
    check(
        r#"[{"role": "user", "content": "x"}, {"role": "developer", "content": [{"type": "text", "text": "y "}]}]"#,
        "<|turn>user\nx<turn|>\n<|turn>system\ny<turn|>\n<|turn>model\n",
    );
    check(
        r#"[{"role": "system", "content": [{"type": "text", "text": " a "}, {"type": "text", "text": "b"}]}]"#,
        "<|turn>system\na b <turn|>\n<|turn>model\n",
    );
    check(
        r#"[{"role": "user", "content": "t"}, {"role": "assistant", "content": "Let me see.",
            "tool_calls": [{"id": "k", "function": {"name": "now"}}]},
            {"role": "tool", "tool_call_id": "k", "content": "12:00"}, {"role": "assistant", "content": "Noon."}]"#,
        "<|turn>user\nt<turn|>\n<|turn>model\n<|tool_call>call:now{}<tool_call|><|tool_response>response:now\
         {value:'12:00'}<tool_response|>Let me see.Noon.<turn|>\n<|turn>model\n",
    );
    // What was said beside the call is in the turn in which the answer goes on.
    check(
        r#"[{"role": "assistant", "content": "Let me see.", "tool_calls": [{"function": {"name": "now", "arguments": " "}}]},
            {"role": "tool", "content": "12:00"}]"#,
        "<|turn>model\n<|tool_call>call:now{}<tool_call|><|tool_response>response:now{value:'12:00'}<tool_response|>Let me see.",
    );
    // A call that nobody answered, and the conversation went on.
    check(
        r#"[{"role": "assistant", "tool_calls": [{"function": {"name": "now"}}]}, {"role": "user", "content": "never mind"}]"#,
        "<|turn>model\n<|tool_call>call:now{}<tool_call|><turn|>\n<|turn>user\nnever mind<turn|>\n<|turn>model\n",
    );
    check(
        r#"[{"role": "assistant", "tool_calls": [{"function": {"name": "now"}}]}, {"role": "assistant", "content": "x"}]"#,
        "<|turn>model\n<|tool_call>call:now{}<tool_call|>x<turn|>\n<|turn>model\n",
    );
    check(
        r#"[{"role": "assistant", "content": "a<|channel>thought\nx<channel|>b<|channel>open"},
            {"role": "user", "content": "<|channel>mine"}]"#,
        "<|turn>model\nab<turn|>\n<|turn>user\n<|channel>mine<turn|>\n<|turn>model\n",
    );
}

#[test]
fn results_find_their_calls() {
    let calls = |results: &str| {
        format!(
            r#"[{{"role": "assistant", "content": null, "tool_calls": [{{"id": "1", "function": {{"name": "f",
                "arguments": "{{\"b\": 1, \"A\": []}}"}}}}, {{"function": {{"name": "g", "arguments": {{}}}}}}]}}
                {results}]"#
        )
    };
    let before = "<|turn>model\n<|tool_call>call:f{A:[],b:1}<tool_call|><|tool_call>call:g{}<tool_call|>";
    let result =
        |name: &str, value: &str| format!("<|tool_response>response:{name}{{{value}}}<tool_response|>");
    check(&calls(""), &format!("{before}<|tool_response>"));
    check(
        &calls(r#", {"role": "tool", "content": "x"}, {"role": "tool", "content": {"k": 2, "j": null}}"#),
        &format!("{before}{}{}", result("f", "value:'x'"), result("g", "j:null,k:2")),
    );
    check(
        &calls(
            r#", {"role": "tool", "name": "g", "content": "x"}, {"role": "tool", "tool_call_id": "1",
            "content": [{"type": "text", "text": "y"}, {"type": "image"}]}"#,
        ),
        &format!("{before}{}{}<|image|>", result("g", "value:'x'"), result("f", "value:'y'")),
    );
    check_error(
        &calls(r#", {"role": "tool", "tool_call_id": "9", "content": ""}"#),
        "message 1: a result of call `9`",
    );
    let three = r#", {"role": "tool"}, {"role": "tool"}, {"role": "tool"}"#;
    check_error(&calls(three), "message 3: result 3 of 2 calls");
    check(
        r#"[{"role": "assistant", "tool_responses": [{"name": "f", "response": {"a": 1}}, {"name": "g", "response": 2}]}]"#,
        &format!("<|turn>model\n{}{}", result("f", "a:1"), result("g", "value:2")),
    );
}

#[test]
fn one_thing_under_several_names_is_the_first_that_is_there() {
    let json = r#"{"messages": [{"role": "assistant", "content": "x", "reasoning": null, "reasoning_content": "a", "thinking": "b",
        "tool_calls": [{"function": {"name": "f"}}]}, {"role": "tool", "tool_name": "f", "name": null, "content": "1"}]}"#;
    let conversation = Conversation::from_json(json).unwrap();
    assert_eq!(conversation.messages[0].reasoning.as_deref(), Some("a"));
    assert_eq!(conversation.messages[1].name.as_deref(), Some("f"));
    check(
        r#"[{"role": "user", "content": "x", "reasoning_content": ""},
            {"role": "assistant", "content": "y", "reasoning": "", "reasoning_content": "a"}]"#,
        "<|turn>user\nx<turn|>\n<|turn>model\n<|channel>thought\na\n<channel|>y<turn|>\n<|turn>model\n",
    );
}

#[test]
fn faulty_conversations_are_explained() {
    check_error(r#"[{"role": "robot", "content": ""}]"#, "unknown variant `robot`");
    check_error(r#"[{"content": ""}]"#, "missing field `role`");
    check_error(r#"[{"role": "user", "content": 7}]"#, "content is 7; expected text or a list of parts");
    check_error(r#"[{"role": "user", "content": [{"type": "smell"}]}]"#, "unknown variant `smell`");
    check_error(
        r#"[{"role": "user", "content": {}}]"#,
        "message 0: a user message with an object as content",
    );
    check_error(r#"[{"role": "tool", "content": "x"}]"#, "message 0: a tool result without a call");
    check_error(
        r#"[{"role": "assistant", "content": "x"}, {"role": "tool", "content": "x"}]"#,
        "message 1: a tool result without a call",
    );
    check_error(
        r#"[{"role": "system", "content": [{"type": "image"}]}]"#,
        "message 0: a system message with an image",
    );
    check_error(
        r#"[{"role": "user", "tool_calls": [{"function": {"name": "f"}}]}]"#,
        "message 0: a user message with `tool_calls`",
    );
    check_error(
        r#"[{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]}]"#,
        "message 0: the arguments of `f` are [1]; give an object",
    );
    check_error(
        r#"[{"role": "assistant", "tool_calls": [{"function": {"name": "f{"}}]}]"#,
        "the function name \"f{\" cannot be written",
    );
    check_error(
        r#"[{"role": "assistant", "tool_responses": [{"name": "f{a:1}", "response": 1}]}]"#,
        "the function name \"f{a:1}\" cannot be written",
    );
    for role in ["user", "system", "tool"] {
        check_error(
            &format!(r#"[{{"role": "{role}", "content": "x", "reasoning_content": "mine"}}]"#),
            &format!("message 0: a {role} message with reasoning"),
        );
    }
    check_error("7", "invalid type");
}

#[test]
fn reasoning_is_kept_after_the_last_user_or_where_asked() {
    let mut conversation = Conversation::new(vec![
        Message { reasoning: Some("old".into()), ..Message::new(Role::Assistant, "a") },
        Message::new(Role::User, "b"),
        Message { reasoning: Some("new".into()), ..Message::new(Role::Assistant, "c") },
    ]);
    let text = |conversation: &Conversation| conversation.render(TemplateSize::Small).unwrap().to_text();
    assert!(
        !text(&conversation).contains("old") && text(&conversation).contains("thought\nnew\n<channel|>c")
    );
    conversation.preserve_thinking = true;
    assert!(!text(&conversation).contains("old"), "kept only with a call");
    let call = r#"{"function": {"name": "f"}}"#;
    conversation.messages[0].tool_calls.push(serde_json::from_str(call).unwrap());
    assert!(text(&conversation).contains("thought\nold\n<channel|><|tool_call>call:f{}"));
}
