"""System prompts: how to answer, or whom to play. Held out: which style meets which topic of question."""
from dataclasses import dataclass, replace

from .question import Question
from .split import held_out
from .world import ANIMALS, COLOURS, DAYS, FOODS, JOBS, MONTHS, NAMES, OBJECTS, COUNTRIES, a, capital


@dataclass
class Style:
    name: str
    kind: str          # what the evaluation counts it under
    prompts: list
    apply: object      # (question, details) -> the answer in this style
    details: tuple = ()


UPPER = ["Answer in upper case.", "Write everything in capital letters.", "Use only capital letters.",
         "Please answer in upper case letters only.",
         "You always shout: every letter is a capital.", "Reply in CAPITALS.",
         "All your answers must be in upper case.", "ANSWER IN UPPER CASE.",
         "Answer in all caps.", "Always write in capitals."]
LOWER = ["Answer in lower case.", "Write everything in small letters.", "Never use capital letters.",
         "Use only lower case letters.",
         "Please answer in lower case letters only.", "Reply in small letters."]
SHORT = ["Answer as briefly as you can.", "Give only the bare answer.", "Answer with as few words as possible.",
         "Be very brief.",
         "Only say the answer, no sentence.", "Answer in one word if you can.", "Keep it short: only the answer."]
POLITE = ["Be very polite and call the user sir.", "You are a polite butler.", "Answer like a butler.",
          "Talk like a polite butler."]
GLAD = ["End every answer with: Have a nice day!", "Always wish the user a nice day at the end.",
        "After each answer say: Have a nice day!"]
JSON = ["Answer in JSON.", "Reply only with JSON.", "Answer as a JSON object.", "Your answers are JSON objects.",
        "Always answer in JSON format.",
        "Output JSON only.", "Please respond in JSON."]
JSON_KEY = ['Answer in JSON with the key "{k}".', 'Reply only with a JSON object with the key "{k}".',
            'Give the answer as JSON under the key "{k}".',
            'Answer as JSON. The key is "{k}".', 'Output a JSON object with the field "{k}".',
            'Use JSON with one key named "{k}".']
KEYS = ["answer", "result", "reply", "value", "output", "text", "solution", "response", "data", "a"]

ROLE_PROMPTS = ["You are {r}.", "Talk like {r}.", "Please play {r}.", "Pretend that you are {r}.", "Answer like {r}.",
                "Speak like {r}.",
                "Your role is {r}.", "You play {r}.", "Be {r}.", "Act as {r}."]
# role -> (before the answer, after it)
ROLES = {"a pirate": ("Arr, matey! ", ""), "a robot": ("Beep boop. ", ""), "a cat": ("Meow! ", ""),
         "a dog": ("Woof! ", ""),
         "a wizard": ("By my magic hat! ", ""), "a king": ("Hear my royal word: ", ""),
         "a queen": ("My dear subjects! ", ""),
         "a ghost": ("Boo! ", ""), "a cook": ("", " Enjoy your meal!"), "a teacher": ("Listen well, children. ", ""),
         "a cowboy": ("Howdy, partner! ", ""), "a knight": ("On my honour! ", ""), "a snake": ("Hisss! ", ""),
         "a baby": ("Goo goo! ", ""),
         "a sailor": ("Ahoy! ", ""), "a singer": ("La la la! ", " La la la!"), "a clown": ("", " Ha ha ha!"),
         "a detective": ("I solved the case. ", "")}


def quoted(value):
    return str(value) if isinstance(value, int) else '"' + value.replace('"', "'") + '"'


def in_role(question, role):
    before, after = ROLES[role]
    return before + question.answer + after


def bare(question):
    return capital(str(question.short)).rstrip(".!") + "." if len(str(question.short).split()) < 9 else question.answer


def style(rng):
    pick = rng.random()
    if pick < 0.24:
        return Style("upper", "system upper", UPPER, lambda q: q.answer.upper())
    if pick < 0.30:
        return Style("lower", "system style", LOWER, lambda q: q.answer.lower())
    if pick < 0.37:
        return Style("short", "system style", SHORT, bare)
    if pick < 0.42:
        return Style("polite", "system style", POLITE, lambda q: "Certainly, sir. " + q.answer)
    if pick < 0.46:
        return Style("nice day", "system style", GLAD, lambda q: q.answer + " Have a nice day!")
    if pick < 0.68:
        if rng.random() < 0.3:
            return Style("json", "system json", JSON, lambda q: '{"answer": ' + quoted(q.short) + "}")
        key = rng.choice(KEYS)
        return Style("json", "system json", [p.format(k=key) for p in JSON_KEY],
                     lambda q: f'{{"{key}": ' + quoted(q.short) + "}", (key,))
    role = rng.choice(list(ROLES))
    return Style(role, "system role", [p.format(r=role) for p in ROLE_PROMPTS], lambda q: in_role(q, role))


def applied(question, style):
    """The question answered in a style."""
    return replace(question, kind=style.kind, answer=style.apply(question), accept=None, again=None, about=None,
                   key=None)


ECHO = ["Say {w}.", "Say the word {w}.", "Repeat after me: {w}", "Please say {w}.", "Repeat the word {w}.",
        "Write {w}.", "Repeat: {w}"]
WORDS = ([*ANIMALS, *COLOURS, *DAYS, *MONTHS, *NAMES, *FOODS, *OBJECTS, *JOBS, *COUNTRIES] +
          [str(f[k]) for f in ANIMALS.values() for k in ("sound", "food", "young", "group") if k in f] +
          [f[k] for f in COUNTRIES.values() for k in ("capital", "continent", "language")])


def echo(rng):
    """Repeating words: where every word is met in every style."""
    words = " ".join(rng.sample(WORDS, rng.choice([1, 1, 2, 3])))
    text = rng.choice(ECHO).format(w=words)
    return Question("system style", "echo", text, capital(words) + ".", words, ("echo", words), None,
                    f"The user wants me to say {words}.", exact=True)


PERSONA_PROMPTS = ["You are {n}, {j}.", "Your name is {n} and you are {j}.", "You are {j} called {n}.",
                   "You play {n}, who is {j}.",
                   "Pretend to be {n}. You are {j}.", "Your name is {n}. You work as {j}."]
PERSONA_ASK = {
    "name": (["What is your name?", "What's your name?", "How are you called?", "Your name?", "Tell me your name."],
             "My name is {n}."),
    "who": (["Who are you?", "Introduce yourself.", "Tell me about yourself.", "Who am I talking to?"],
            "I am {n}, {j}."),
    "job": (["What is your job?", "What do you do?", "What do you work as?", "What is your work?"], "I am {j}."),
}


def persona(rng):
    """(system prompt, question): somebody with a name and a job."""
    name, job, what = rng.choice(NAMES), a(rng.choice(JOBS)), rng.choice(list(PERSONA_ASK))
    ask, answer = PERSONA_ASK[what]
    answer = answer.format(n=name, j=job)
    accept = {"name": [name], "who": [name, job], "job": [job]}[what]
    return (rng.choice(PERSONA_PROMPTS).format(n=name, j=job),
            Question("system role", "persona " + what, rng.choice(ask), answer, answer, ("persona", name, job),
                     accept,
                     f"I play {name}, {job}.", exact=True))


REWRITING = ("upper", "lower", "short", "json")
"""Styles that change every word of the answer."""


def is_test(style, question):
    """Roles and the like are held out by whole topics: a pirate never spoke about capitals. Styles that rewrite the answer
    are held out by topic and answer together: capitals in upper case occur in training, but never PARIS as one."""
    parts = ("style", style.name, question.topic)
    if style.name in REWRITING:
        short = str(question.short)
        parts += (short if len(short) < 25 else question.text,)
    return held_out(parts)
