"""Whole conversations for training, in the form that chat clients send: messages, tools, enable_thinking.

`conversation(rng)` is all that training needs. Everything is drawn from the training side of the split."""
from .arithmetic import arithmetic, beyond, chain, chain_aloud
from .counting import days, numbers
from .facts import about_it, animals, colours, places
from .question import Question, spoken
from .recall import ATTRIBUTES, REMEMBERED, boxes, owners, pick, recollection, statement, word_list
from .smalltalk import greeting, remark, smalltalk
from .split import draw, held_out
from .stories import story
from .styles import applied, echo, is_test, persona, style
from .toolbox import FAMILIES, distractors, use
from .unknown import here_and_now, unknown

KINDS = {animals: 6, colours: 3.5, places: 5.5, numbers: 4, days: 5, arithmetic: 7, beyond: 1, chain_aloud: 0.7,
         smalltalk: 7, unknown: 5, story: 2}
QUICK = {animals: 4, colours: 3, places: 4, numbers: 4, days: 4, arithmetic: 5, beyond: 0.4, smalltalk: 5, unknown: 2}
"""The kinds without stories, for filling a chat."""


def any_question(rng, kinds=KINDS):
    return draw(rng.choices(list(kinds), kinds.values())[0], rng, False)


def say(messages, role, content, **more):
    messages.append({"role": role, "content": content, **more})


def ask(rng, messages, question):
    say(messages, "user", spoken(rng, question.text, question.exact))
    say(messages, "assistant", question.answer)


def turns(rng):
    pick = rng.random()
    return 1 if pick < 0.42 else 2 if pick < 0.66 else rng.randrange(3, 6) if pick < 0.92 else rng.randrange(6, 13)


AGAIN = ["Say that again.", "Please repeat that.", "What did you say?", "Can you say that again?",
         "Repeat your answer.", "Pardon?",
         "Once more, please.", "I did not understand. Say it again."]


def same_again(rng, messages):
    """The last answer once more."""
    answer = messages[-1]["content"]
    return Question("recall", "again", rng.choice(AGAIN), answer, answer, None)


def chat(rng, n=None, kinds=KINDS):
    """A chat about anything."""
    messages, last = [], None
    n = n or turns(rng)
    if rng.random() < 0.12:
        ask(rng, messages, draw(greeting, rng, False))
    for _ in range(n):
        if last is not None and last.about and rng.random() < 0.25:
            question = about_it(rng, last)
        elif last is not None and last.again and rng.random() < 0.3:
            question = last.again(rng)
        elif last is not None and rng.random() < 0.1:
            question = remark(rng, rng.choice(["thanks", "ok", "praise", "bye", "why", "sure", "blame"]))
        elif last is not None and rng.random() < 0.05:
            question = same_again(rng, messages)
        else:
            question = any_question(rng, kinds)
        ask(rng, messages, question)
        last = question
    return {"messages": messages}


def remembered(rng, target=None, fillers=None):
    """The user says things about himself or his things, talks about something else, and asks."""
    messages, facts = [], {}
    attributes = rng.sample(list(ATTRIBUTES), rng.choice([1, 1, 2, 2, 3]))
    if target and target not in attributes:
        attributes[0] = target
    said = []
    for attribute in attributes:
        facts[attribute] = known(rng, attribute)
        said.append(statement(rng, attribute, facts[attribute]))
    if len(said) > 1 and rng.random() < 0.4:
        say(messages, "user", " ".join(text for text, _ in said))
        say(messages, "assistant", REMEMBERED)
    else:
        for text, reply in said:
            text = spoken(rng, text, True)
            # People write their names small, too; the reply then still has a capital.
            say(messages, "user", text.lower() if rng.random() < 0.15 else text)
            say(messages, "assistant", reply)
            if rng.random() < 0.3:
                ask(rng, messages, any_question(rng, QUICK))
    if rng.random() < 0.1:
        attribute = rng.choice(attributes)
        facts[attribute] = known(rng, attribute)
        text, reply = statement(rng, attribute, facts[attribute])
        say(messages, "user", rng.choice(["Sorry, I was wrong. ", "No, wait. ", "I made a mistake. "]) + text)
        say(messages, "assistant", reply)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 4, 6]) if fillers is None else fillers):
        ask(rng, messages, any_question(rng, QUICK))
    for attribute in rng.sample(attributes, rng.randint(1, len(attributes))):
        ask(rng, messages, recollection(rng, attribute, facts[attribute]))
    others = [x for x in ATTRIBUTES if x not in facts]
    if rng.random() < 0.15:
        ask(rng, messages, recollection(rng, *(lambda x: (x, "?"))(rng.choice(others)), told=False))
    return {"messages": messages}


def known(rng, attribute):
    """A value whose recall is on the training side."""
    while True:
        value = pick(rng, attribute)
        if not held_out(("recall", attribute, value)):
            return value


def noted(rng):
    """Boxes, owners and lists of words."""
    messages = []
    maker = rng.choice([boxes, owners, word_list])
    while True:
        told, question = maker(rng)
        if not held_out(question.key):
            break
    if rng.random() < 0.35:
        say(messages, "user", told + " " + question.text)
        say(messages, "assistant", question.answer)
        return {"messages": messages}
    say(messages, "user", told)
    say(messages, "assistant", REMEMBERED)
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        ask(rng, messages, any_question(rng, QUICK))
    ask(rng, messages, question)
    return {"messages": messages}


def untold(rng):
    """Asking for what was never said."""
    messages = []
    for _ in range(rng.choice([0, 0, 1, 2])):
        ask(rng, messages, any_question(rng, QUICK))
    ask(rng, messages, recollection(rng, rng.choice(list(ATTRIBUTES)), "?", told=False))
    return {"messages": messages}


def styled(rng):
    """A system prompt that says how to answer."""
    how = style(rng)
    prompt = rng.choice(how.prompts)
    if how.name not in ("upper", "json", "lower", "short") and rng.random() < 0.15:
        prompt = rng.choice(["You are a helpful assistant. ", "Answer all questions. "]) + prompt
    messages = [{"role": "system", "content": prompt}]
    for _ in range(rng.choice([1, 1, 2, 2, 3])):
        ask(rng, messages, styled_question(rng, how, False))
    return {"messages": messages}


STYLED_KINDS = {**QUICK, echo: 3}


def styled_question(rng, how, test):
    """A known question in a combination of style and topic that is on the wanted side."""
    while True:
        question = any_question(rng, STYLED_KINDS)
        if is_test(how, question) == test and not (test and question.topic == "echo"):
            return applied(question, how)


def acting(rng):
    """A person with a name and a job."""
    while True:
        prompt, question = persona(rng)
        if not held_out(question.key):
            break
    messages = [{"role": "system", "content": prompt}]
    if rng.random() < 0.3:
        ask(rng, messages, any_question(rng, QUICK))
    ask(rng, messages, question)
    return {"messages": messages}


PLAIN_SYSTEM = ["You are a helpful assistant.", "You are a friendly assistant.", "Be helpful.",
                "You are a helpful demo model.",
                "Help the user.", "Answer the user's questions.", "Be kind.", "You are helpful and honest."]


def plain_system(rng):
    """A system prompt that changes nothing."""
    conversation = chat(rng)
    conversation["messages"].insert(0, {"role": "system", "content": rng.choice(PLAIN_SYSTEM)})
    return conversation


def thinking(rng):
    """With thinking on: only the last answer shows its thoughts, as they are removed from earlier ones."""
    messages = []
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        ask(rng, messages, any_question(rng, QUICK))
    question = draw(chain, rng, False) if rng.random() < 0.6 else any_question(rng, QUICK)
    ask(rng, messages, question)
    messages[-1]["reasoning"] = question.thought or "I can answer that at once."
    return {"messages": messages, "enable_thinking": True}


def called(messages, task):
    """The call, its result and the answer, as a client sends them."""
    say(messages, "assistant", "", tool_calls=[{"type": "function", "function": {"name": task.tool.name,
                                                                                 "arguments": task.arguments}}])
    say(messages, "tool", task.result)
    say(messages, "assistant", task.answer)


TOOL_SYSTEM = ["Use the tools when you need them.", "You can use tools.", "You are a helpful assistant with tools.",
               "Use tools."]


def tooled(rng):
    """Tools are declared; some questions need one and some do not."""
    while True:
        task = use(rng)
        if not held_out(task.key):
            break
    tools = [task.tool, *distractors(rng, task.tool.family, rng.choice([0, 1, 1, 2]))]
    rng.shuffle(tools)
    messages = [{"role": "system", "content": rng.choice(TOOL_SYSTEM)}] if rng.random() < 0.2 else []
    think = rng.random() < 0.12
    if rng.random() < 0.25 and not think:
        ask(rng, messages, any_question(rng, {k: w for k, w in QUICK.items() if k is not unknown}))
    needed = think or rng.random() < 0.85
    if needed:
        say(messages, "user", spoken(rng, task.text, True))
        called(messages, task)
        if think:
            messages[-3]["reasoning"] = f"I need the tool {task.tool.name} for that."
            messages[-1]["reasoning"] = f"The tool says: {task.result}."
    if not think and (not needed or rng.random() < 0.25):
        ask(rng, messages, any_question(rng, {k: w for k, w in QUICK.items() if k is not unknown}))
    if rng.random() < 0.2 and not think:
        again = use(rng, task.tool.family)
        while held_out(again.key):
            again = use(rng, task.tool.family)
        again.arguments = dict(zip(task.arguments, again.arguments.values()))
        again.tool = task.tool
        say(messages, "user", spoken(rng, again.text, True))
        called(messages, again)
    return {"messages": messages, "tools": [t.declaration for t in tools], "enable_thinking": think}


def wrong_tool(rng):
    """A tool is there, but not the one that the question needs."""
    tool, _ = FAMILIES[rng.choice(["lamp", "timer", "dice", "shopping", "call", "calculate"])](rng)
    messages = []
    ask(rng, messages, draw(here_and_now, rng, False))
    return {"messages": messages, "tools": [tool.declaration]}


def long_chat(rng):
    """Chats of many turns, up to most of a training row, some with something to remember from their start."""
    n = rng.randrange(14, 28)
    return remembered(rng, fillers=n) if rng.random() < 0.6 else chat(rng, n, QUICK)


SCENES = {chat: 44, long_chat: 1.2, remembered: 12, noted: 9, untold: 2, styled: 20, acting: 2, plain_system: 2,
          thinking: 9, tooled: 9, wrong_tool: 1}


def conversation(rng):
    return rng.choices(list(SCENES), SCENES.values())[0](rng)
