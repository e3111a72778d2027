"""Gemma 4's chat format: a conversation as a list of pieces.

A piece is (text, control, trained): control pieces are single control tokens, trained ones are what the model writes.
The strings are those of the publisher's small template; `check_chat.py` compares them with rullama's own renderer."""


def render(conversation, prompt=False):
    """The pieces of a conversation; with `prompt`, up to where the model has to go on."""
    messages = conversation["messages"]
    tools, thinking = conversation.get("tools") or [], bool(conversation.get("enable_thinking"))
    out = [("<bos>", True, False)]
    start = 0
    system = messages[0]["content"] if messages and messages[0]["role"] == "system" else None
    if system is not None or tools or thinking:
        start = int(system is not None)
        out += [("<|turn>", True, False), ("system\n", False, False)]
        if thinking:
            out += [("<|think|>", True, False), ("\n", False, False)]
        if system:
            out.append((system.strip(), False, False))
        for tool in tools:
            out.append(("<|tool>", True, False))
            out += _declaration(tool["function"])
            out.append(("<tool|>", True, False))
        out += [("<turn|>", True, False), ("\n", False, False)]
    last_user = max((i for i, m in enumerate(messages) if m["role"] == "user"), default=-1)
    speaker, open_turn, after_result = None, False, False
    for i, message in enumerate(messages[start:], start):
        role = message["role"]
        if role == "tool":
            # The model stops after its call; the client writes the result into the same turn.
            out += [("<|tool_response>", True, True), (f"response:{message['name_of_call']}{{value:", False, False),
                    *_string(message["content"], False), ("}", False, False), ("<tool_response|>", True, False)]
            after_result = True
            continue
        if role == "user":
            out += [("<|turn>", True, False), ("user\n", False, False), (message["content"].strip(), False, False),
                    ("<turn|>", True, False), ("\n", False, False)]
            speaker, open_turn, after_result = "user", False, False
            continue
        # With thinking on, earlier answers have lost their thoughts, so nothing is to be learnt from them.
        trained = not thinking or i > last_user
        if speaker != "assistant":
            out += [("<|turn>", True, False), ("model\n", False, False)]
        if message.get("reasoning") and i > last_user:
            given = after_result                       # the client opens the thoughts that follow a result
            out += [("<|channel>", True, trained and not given), ("thought\n", False, trained and not given),
                    (message["reasoning"] + "\n", False, trained), ("<channel|>", True, trained)]
        for call in message.get("tool_calls") or []:
            function = call["function"]
            out += [("<|tool_call>", True, trained), (f"call:{function['name']}", False, trained),
                    *_fields(function["arguments"], trained), ("<tool_call|>", True, trained)]
        speaker, open_turn = "assistant", True
        if message["content"]:
            out.append((message["content"].strip(), False, trained))
        following = messages[i + 1]["role"] if i + 1 < len(messages) else None
        if following != "tool":
            out += [("<turn|>", True, trained), ("\n", False, False)]
            speaker, open_turn, after_result = None, False, False
    if prompt:
        if not open_turn:
            out += [("<|turn>", True, False), ("model\n", False, False)]
        elif after_result and thinking:
            out += [("<|channel>", True, False), ("thought\n", False, False)]
    return out


def with_call_names(conversation):
    """The conversation with each tool result knowing the name of the function that it answers."""
    messages, names = [], []
    for message in conversation["messages"]:
        message = dict(message)
        if message["role"] == "assistant":
            names = [call["function"]["name"] for call in message.get("tool_calls") or []]
        if message["role"] == "tool":
            message["name_of_call"] = names.pop(0)
        messages.append(message)
    return {**conversation, "messages": messages}


def text_of(pieces):
    return "".join(text for text, _, _ in pieces)


def _string(text, trained):
    return [('<|"|>', True, trained), (text, False, trained), ('<|"|>', True, trained)]


def _fields(arguments, trained):
    """`{key:value,..}` with the keys sorted."""
    out = [("{", False, trained)]
    for i, key in enumerate(sorted(arguments, key=str.lower)):
        value = arguments[key]
        out.append(("," * (i > 0) + key + ":", False, trained))
        out += _string(value, trained) if isinstance(value, str) else [(str(value), False, trained)]
    return out + [("}", False, trained)]


def _declaration(function):
    """One level of properties with a description and a type, which is all that the demo's tools have."""
    out = [(f"declaration:{function['name']}{{description:", False, False), *_string(function["description"], False)]
    parameters = function["parameters"]
    out.append((",parameters:{properties:{", False, False))
    for i, key in enumerate(sorted(parameters["properties"], key=str.lower)):
        schema = parameters["properties"][key]
        out.append(("," * (i > 0) + key + ":{description:", False, False))
        out += _string(schema["description"], False)
        out.append((",type:", False, False))
        out += _string(schema["type"].upper(), False)
        out.append(("}", False, False))
    out.append(("},required:[", False, False))
    for i, key in enumerate(parameters["required"]):
        out += [(",", False, False)] * (i > 0) + _string(key, False)
    out.append(("],type:", False, False))
    out += _string(parameters["type"].upper(), False)
    return out + [("}}", False, False)]
