"""The evaluation: held-out questions of every kind, as `assets/demo-questions.jsonl`."""
import json
import random

from data.conversations import QUICK, any_question, ask, known, say, styled_question
from data.arithmetic import arithmetic, chain
from data.counting import days, numbers
from data.facts import animals, colours, places
from data.question import spoken
from data.recall import ATTRIBUTES, REMEMBERED, boxes, owners, recollection, statement, word_list
from data.smalltalk import smalltalk
from data.split import draw, held_out
from data.stories import story_of_both
from data.styles import persona, style
from data.toolbox import distractors, use
from data.unknown import unknown

PER_KIND = 24
PLAIN = {"animals": animals, "colours": colours, "places": places, "numbers": numbers, "days": days,
         "arithmetic": arithmetic,
         "greetings": smalltalk, "unknown": unknown}


def line(kind, messages, expect, max_tokens=64, **more):
    return {"kind": kind, "messages": messages, **more, "expect": expect, "max_tokens": max_tokens}


def plain(rng, kind):
    """One question, in one case of four after a turn about something else."""
    question = draw(PLAIN[kind], rng, True)
    messages = []
    if rng.random() < 0.25:
        ask(rng, messages, any_question(rng, QUICK))
    say(messages, "user", spoken(rng, question.text, question.exact))
    expect = {"contains": [str(part) for part in question.accept]} if question.accept else {"text": question.answer}
    return line(kind, messages, expect, 96)


def recall(rng):
    """Something said before, up to six turns ago; the value never stood in this place in training."""
    messages = []
    if rng.random() < 0.35:
        while True:
            told, question = rng.choice([boxes, owners, word_list])(rng)
            if held_out(question.key):
                break
        say(messages, "user", told)
        say(messages, "assistant", REMEMBERED)
    else:
        while True:
            attribute = rng.choice(list(ATTRIBUTES))
            value = rng.choice(ATTRIBUTES[attribute][0])
            if held_out(("recall", attribute, value)):
                break
        other = rng.choice([x for x in ATTRIBUTES if x != attribute])
        said = [statement(rng, attribute, value), statement(rng, other, known(rng, other))]
        for text, reply in rng.sample(said, rng.choice([1, 2]) if rng.random() < 0.5 else 2):
            say(messages, "user", text)
            say(messages, "assistant", reply)
        if not any(value in m["content"] for m in messages if m["role"] == "user"):
            return recall(rng)
        question = recollection(rng, attribute, value)
    for _ in range(rng.choice([0, 0, 1, 2, 4, 6])):
        ask(rng, messages, any_question(rng, QUICK))
    say(messages, "user", spoken(rng, question.text, True))
    return line("recall", messages, {"contains": [str(part) for part in question.accept]})


def system(rng, kind):
    """A style that never met this topic in training."""
    if kind == "system role" and rng.random() < 0.25:
        while True:
            prompt, question = persona(rng)
            if held_out(question.key):
                break
        messages = [{"role": "system", "content": prompt}, {"role": "user",
                                                            "content": spoken(rng, question.text, True)}]
        return line(kind, messages, {"contains": question.accept})
    while True:
        how = style(rng)
        if how.kind == kind:
            break
    messages = [{"role": "system", "content": rng.choice(how.prompts)}]
    question = styled_question(rng, how, True)
    say(messages, "user", spoken(rng, question.text, question.exact))
    expect = {"json": json.loads(question.answer)} if kind == "system json" else {"text": question.answer}
    return line(kind, messages, expect, 160 if kind == "system upper" else 96)


def story(rng):
    question = draw(story_of_both, rng, True)
    return line("stories", [{"role": "user", "content": spoken(rng, question.text, True)}],
                {"contains": question.accept}, 160)


def thinking(rng):
    question = draw(chain, rng, True)
    return line("thinking", [{"role": "user", "content": spoken(rng, question.text, True)}],
                {"contains": question.accept}, 96,
                enable_thinking=True)


def tools(rng):
    """In half of the cases the call is asked for, in the others the answer after its result."""
    while True:
        task = use(rng)
        if held_out(task.key):
            break
    declared = [task.tool, *distractors(rng, task.tool.family, rng.choice([0, 1, 1, 2]))]
    rng.shuffle(declared)
    messages = [{"role": "user", "content": spoken(rng, task.text, True)}]
    expect = {"call": {"name": task.tool.name, "arguments": task.arguments}}
    if rng.random() < 0.5:
        call = {"type": "function", "function": {"name": task.tool.name, "arguments": task.arguments}}
        messages += [{"role": "assistant", "content": "", "tool_calls": [call]},
                     {"role": "tool", "content": task.result}]
        expect = {"contains": task.accept}
    return line("tools", messages, expect, tools=[tool.declaration for tool in declared])


def questions(seed):
    """All lines. No two have the same messages."""
    makers = {**{kind: (lambda rng, kind=kind: plain(rng, kind)) for kind in PLAIN}, "recall": recall,
              **{kind: (lambda rng, kind=kind: system(rng, kind)) for kind
                 in ("system upper", "system json", "system role", "system style")},
              "stories": story, "thinking": thinking, "tools": tools}
    lines, seen = [], set()
    for kind, make in makers.items():
        rng = random.Random(f"questions {seed} {kind}")
        n = 0
        while n < PER_KIND:
            one = make(rng)
            text = json.dumps(one["messages"])
            if text not in seen:
                seen.add(text)
                lines.append(one)
                n += 1
    return lines


def write(path, seed):
    with open(path, "w") as file:
        for one in questions(seed):
            file.write(json.dumps(one, ensure_ascii=False) + "\n")


def load(path):
    return [json.loads(text) for text in open(path) if text.strip()]
