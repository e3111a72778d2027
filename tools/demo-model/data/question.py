"""A question with its answer, and the ways in which people write the same question."""
from dataclasses import dataclass


@dataclass
class Question:
    kind: str                    # what the evaluation counts it under
    topic: str                   # finer than the kind; styles are held out by topic
    text: str
    answer: str                  # a whole sentence
    short: object                # the bare answer: a string or a number
    key: tuple | None            # what the split hashes; None: on both sides
    accept: list | None = None   # what a right answer must contain; without it the whole answer is compared
    thought: str | None = None   # what to think before answering, where thinking is on
    again: object = None         # rng -> a question that follows on ("And a dog?"), or None
    about: str | None = None     # the animal or country that "it" stands for afterwards
    exact: bool = False          # the wording carries values that must not get typing mistakes


BEFORE = ["please tell me, ", "can you tell me, ", "tell me, ", "hey, ", "hi, ", "hello, ", "ok, ",
          "i have a question: ",
          "question: ", "quick question, ", "do you know, ", "so, ", "now, ", "i wonder, ", "hmm, ", "and ", "well, "]
AFTER = [" please", ", please", " thanks", ", do you know", " again"]


def lower_first(text):
    """Lower-cases the first letter unless the word is a name, a number or I."""
    word = text.split(" ", 1)[0].rstrip(",.?!")
    plain = word.lower() in STARTERS
    return text[:1].lower() + text[1:] if plain else text


STARTERS = set("""what which how where when who why is are can do does tell name give if add say write count take the a an
in on of let please i'd could would you add subtract multiply divide two repeat spell""".split())


def spoken(rng, text, exact=False):
    """The text as different people would type it: politeness, case, punctuation, typing mistakes."""
    ends = text[-1:] in "?.!"
    if rng.random() < 0.16 and text[-1:] == "?":
        text = rng.choice(BEFORE) + lower_first(text)
        text = text[:1].upper() + text[1:] if rng.random() < 0.6 else text
    if rng.random() < 0.08 and ends and text[-1] == "?":
        text = text[:-1] + rng.choice(AFTER) + "?"
    if rng.random() < 0.18 and ends:
        text = text[:-1].rstrip()
    if rng.random() < 0.22:
        text = text.lower() if not exact else lower_first(text)
    if rng.random() < 0.04 and not exact:
        text = text.upper()
    elif rng.random() < 0.12:
        text = mistyped(rng, text, exact)
    if rng.random() < 0.12:
        text = informal(rng, text)
    if "colour" in text and rng.random() < 0.4:
        text = text.replace("colour", "color")
    return text


INFORMAL = [("What is", ["Whats", "What's", "Wats"]), ("what is", ["whats", "what's", "wats"]),
            ("I am", ["Im", "I'm", "im"]),
            ("are you", ["r u", "are u", "are ya"]), ("your", ["ur"]), ("Who is", ["Who's", "Whos"]),
            ("Where is", ["Where's", "Wheres"]),
            ("you", ["u"]), ("How is", ["How's", "Hows"]), ("please", ["pls", "plz"]), ("do not", ["don't", "dont"]),
            ("cannot", ["can't", "cant"]), ("and", ["&"])]


def informal(rng, text):
    """What is -> whats, your -> ur."""
    found = [(long, short) for long, short in INFORMAL if f" {long} " in f" {text} "]
    if not found:
        return text
    long, short = rng.choice(found)
    return f" {text} ".replace(f" {long} ", f" {rng.choice(short)} ", 1).strip()


def mistyped(rng, text, exact):
    """One typing mistake in a word of four letters or more; with `exact` only in the words that start questions."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()
              and (word.lower() in COMMON if exact else True)]
    if not places:
        return text
    at = rng.choice(places)
    word = words[at]
    i = rng.randrange(1, len(word) - 1)
    words[at] = rng.choice([word[:i] + word[i + 1:], word[:i] + word[i] + word[i:],
                            word[:i] + word[i + 1] + word[i] + word[i + 2:]])
    return " ".join(words)


COMMON = set("what which where when tell please have like name favourite remember weather know does about".split())
