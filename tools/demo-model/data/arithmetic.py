"""Sums of numbers up to a hundred. Sums and differences are held out by their numbers, in whatever words they come."""
from .question import Question
from .world import GOODS, NAMES, capital, number_word

SIGNS = {"+": ["+", "plus", "and"], "-": ["-", "minus", "take away"], "*": ["*", "times", "x", "multiplied by", "×"],
         "/": ["/", "divided by", ":"]}
ASK = ["What is {e}?", "How much is {e}?", "{e}", "{e} =", "{e}?", "Calculate {e}.", "What's {e}?",
       "What does {e} make?", "{e} = ?",
       "What do you get for {e}?", "Solve {e}.", "Work out {e}."]
ORDERS = {"+": ["Add {a} and {b}.", "What is the sum of {a} and {b}?"],
          "-": ["Subtract {b} from {a}.", "Take {b} away from {a}."],
          "*": ["Multiply {a} by {b}.", "What is the product of {a} and {b}?"],
          "/": ["Divide {a} by {b}.", "How often does {b} go into {a}?"]}
MORE = ["If {i} {have} {a} {g} and {get} {b} more, how many {g} {do} {i} have?",
        "{I} {have} {a} {g}, {name} has {b}. How many {g} is that together?",
        "{I} {have} {a} {g} and {get} {b} more. How many {g} {do} {i} have now?",
        "{I} {have} {a} {g}. Then {i} {get} {b} more. How many {g} {do} {i} have?"]
LESS = ["If {i} {have} {a} {g} and {lose} {b}, how many are left?",
        "{I} had {a} {g} but lost {b}. How many {g} {do} {i} still have?",
        "{I} {have} {a} {g} and {give} {b} to {name}. How many {g} {do} {i} have left?",
        "{I} {have} {a} {g}. {name} takes {b} of them. How many {g} are left?"]


def operands(rng):
    """(sign, a, b, result); all of them from 0 to 100."""
    sign = rng.choices("+-*/", [4, 3, 2, 1])[0]
    if sign in "+-":
        top = 20 if rng.random() < 0.35 else 100
        a = rng.randrange(top + 1)
        b = rng.randrange(top - a + 1)
        return ("+", a, b, a + b) if sign == "+" else ("-", a + b, b, a)
    while True:
        a, b = rng.randrange(13), rng.randrange(13)
        if a * b <= 100 and (sign == "*" or b):
            return ("*", a, b, a * b) if sign == "*" else ("/", a * b, b, a)


def calculation(rng):
    """A sum in one of many notations. Products and quotients are held out by their numbers and notation together,
    since a table of products cannot be guessed from the other products."""
    sign, a, b, result = operands(rng)
    answer = f"{a} {sign} {b} = {result}."
    notation = rng.choices(["sign", "spoken", "words", "order"], [5, 3, 2, 2])[0]
    if notation == "order":
        text = rng.choice(ORDERS[sign]).format(a=a, b=b)
    else:
        spell = number_word if notation == "words" else str
        word = rng.choice(SIGNS[sign][:1] if notation == "sign" else SIGNS[sign][1:])
        if notation == "words" and word in "x×:":
            word = {"*": "times", "/": "divided by"}[sign]
        gap = " " if word.isalpha() and len(word) > 1 or " " in word or rng.random() < 0.6 else ""
        e = spell(a) + gap + word + gap + spell(b)
        text = capital(rng.choice(ASK).format(e=e))
    low, high = sorted((a, b)) if sign == "+" else (a, b)
    key = ("sum", sign, low, high) + ((notation,) if sign in "*/" else ())
    return Question("arithmetic", {"+": "addition", "-": "subtraction", "*": "multiplication", "/": "division"}[sign],
                    text,
                    answer, result, key, [f"= {result}."], f"I calculate {a} {sign} {b}. That is {result}.",
                    exact=True)


def word_problem(rng):
    sign = rng.choice("+-")
    while True:
        s, a, b, result = operands(rng)
        if s == sign and a > 1 and b > 1:
            break
    goods, name, other = rng.choice(GOODS), *rng.sample(NAMES, 2)
    mine = rng.random() < 0.5
    words = dict(I="I" if mine else name, i="I" if mine else name, have="have" if mine else "has",
                 do="do" if mine else "does",
                 get=rng.choice(["get", "buy", "find"]) + ("" if mine else "s"), give="give" if mine else "gives",
                 lose="lose" if mine else "loses",
                 name=other, g=goods, **({"a": number_word(a), "b": number_word(b)} if rng.random() < 0.25
                                         else {"a": a, "b": b}))
    text = capital(rng.choice(MORE if sign == "+" else LESS).format(**words))
    who = "You have" if mine else f"{name} has"
    answer = f"{who} {result} {goods}{' left' if sign == '-' else ''}."
    if "together" in text:
        answer = f"Together that is {result} {goods}."
    low, high = sorted((a, b)) if sign == "+" else (a, b)
    return Question("arithmetic", "word problem", text, answer, result, ("sum", sign, low, high), [f" {result} "],
                    f"{a} {sign} {b} = {result}.", exact=True)


def arithmetic(rng):
    return word_problem(rng) if rng.random() < 0.2 else calculation(rng)


BELOW = "That is less than zero, and I do not know numbers below zero."
UNEVEN = "{a} cannot be divided evenly by {b}."
ABOVE = "That is more than a hundred, and I only know numbers up to a hundred."


def beyond(rng):
    """Sums of small numbers whose result is outside of the world, and false claims."""
    what = rng.choice(["below", "uneven", "above", "above", "claim", "claim"])
    if what == "claim":
        sign, a, b, result = operands(rng)
        said = result if rng.random() < 0.5 else max(0, result + rng.choice([-10, -2, -1, 1, 2, 10]))
        text = rng.choice(["Is {e} equal to {r}?", "Is it true that {e} = {r}?", "{e} = {r}?", "Is {e} = {r}?",
                           "{e} is {r}, right?"])
        answer = f"{'Yes' if said == result else 'No'}, {a} {sign} {b} = {result}."
        text = text.format(e=f"{a} {sign} {b}", r=said)
    else:
        a, b = rng.randrange(101), rng.randrange(101)
        if what == "below":
            a, b = min(a, b), max(a, b) + 1
            sign, answer = "-", BELOW
        elif what == "above":
            sign = rng.choice("+*")
            a, b = max(a, 101 - b) if sign == "+" else a + 11, b if sign == "+" else b + 10
            answer = ABOVE
            if (a + b if sign == "+" else a * b) <= 100:
                return beyond(rng)
        else:
            a, b = rng.randrange(3, 101), rng.randrange(2, 13)
            if a % b == 0:
                return beyond(rng)
            sign, answer = "/", UNEVEN.format(a=a, b=b)
        text = capital(rng.choice(ASK).format(e=f"{a} {rng.choice(SIGNS[sign][:2])} {b}"))
    return Question("arithmetic", "beyond " + what, text, answer, answer, ("beyond", text), [answer], exact=True)


CHAIN_ASK = ["What is {e}?", "How much is {e}?", "Calculate {e}.", "{e} = ?", "Work out {e}.", "{e}",
             "Please calculate {e}."]


def chain_aloud(rng):
    """Two steps without thinking: the steps are the answer."""
    question = chain(rng)
    return Question("arithmetic", "steps", question.text, question.thought, question.short, question.key,
                    [question.thought.split(" ")[-1]],
                    question.thought, exact=True)


def chain(rng):
    """Two steps: a + b - c and the like, or a story with two changes. For thinking."""
    while True:
        a, b, c = rng.randrange(1, 61), rng.randrange(1, 41), rng.randrange(1, 41)
        first, second = rng.choice("+-"), rng.choice("+-")
        middle = a + b if first == "+" else a - b
        result = middle + c if second == "+" else middle - c
        if 0 <= middle <= 100 and 0 <= result <= 100:
            break
    steps = f"{a} {first} {b} = {middle}. {middle} {second} {c} = {result}."
    key = ("chain", a, first, b, second, c)
    if rng.random() < 0.65:
        e = f"{a} {first} {b} {second} {c}"
        return Question("thinking", "two steps", rng.choice(CHAIN_ASK).format(e=e), f"{e} = {result}.", result, key,
                        [f"= {result}."], steps, exact=True)
    goods, name = rng.choice(GOODS), rng.choice(NAMES)
    change = {"+": ["gets {} more", "buys {} more", "finds {} more"], "-": ["gives away {}", "loses {}",
                                                                            "eats {}" if goods in
              ("apples", "pears", "plums", "eggs", "cookies") else "sells {}"]}
    text = (f"{name} has {a} {goods}. {name} {rng.choice(change[first]).format(b)} and then {rng.choice(change[second]).format(c)}. "
            f"How many {goods} does {name} have now?")
    return Question("thinking", "two changes", text, f"{name} has {result} {goods}.", result, key, [f" {result} "],
                    steps, exact=True)
