"""Compares our chat strings with recorded ones: a JSON file {"small": {name: {"input": conversation, "text": ...}}}.

    python check_chat.py chat.json"""
import json
import sys

import chat


def plain(conversation):
    """Whether the demo's part of the template covers it: texts, one level of tool parameters, the assistant's words."""
    ok = conversation.get("add_generation_prompt", True)
    for message in conversation["messages"]:
        ok = ok and isinstance(message["content"],
                               str) and message["role"] != "developer" and "<|channel>" not in message["content"]
    for tool in conversation.get("tools", []):
        properties = tool["function"]["parameters"]["properties"].values()
        ok = ok and bool(properties) and all(set(schema) == {"type", "description"} for schema in properties)
    return ok


def main():
    cases = json.load(open(sys.argv[1]))["small"]
    wrong = compared = 0
    for name, case in cases.items():
        if not plain(case["input"]):
            continue
        compared += 1
        found = chat.text_of(chat.render(chat.with_call_names(case["input"]), prompt=True))
        if found != case["text"]:
            wrong += 1
            print(f"{name}\n expected {case['text']!r}\n found    {found!r}")
    print(f"{compared} compared, {wrong} differ, {len(cases) - compared} outside the demo's part")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
