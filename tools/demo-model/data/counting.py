"""Numbers up to a hundred, days and months."""
from .describe import WHAT_IS
from .question import Question
from .world import (DAYS, MONTH_DAYS, MONTHS, ORDINALS, SEASONS, capital, number_word)

NEXT = ["What number comes after {n}?", "Which number follows {n}?", "What comes after {n}?",
        "What is the number after {n}?",
        "Count one up from {n}."]
BEFORE = ["What number comes before {n}?", "Which number is before {n}?", "What comes before {n}?",
          "What is the number before {n}?", "Count one down from {n}."]
WORD = ["Write {n} in words.", "How do you write {n} in words?", "Spell the number {n}.", "What is {n} in words?",
        "Say {n} in words."]
DIGITS = ["Write {w} in digits.", "What is {w} as a number?", "Write {w} with digits.", "Which number is {w}?",
          "How do I write {w} in digits?"]
PARITY = ["Is {n} even or odd?", "Is {n} an even number or an odd number?", "Even or odd: {n}?",
          "Is the number {n} odd or even?"]
DOUBLE = ["What is the double of {n}?", "What is twice {n}?", "Double {n}.", "What is two times {n}?"]
HALF = ["What is half of {n}?", "What is the half of {n}?", "Halve {n}.", "How much is half of {n}?"]
BIGGER = ["Which is bigger, {a} or {b}?", "What is more, {a} or {b}?", "Which number is larger: {a} or {b}?",
          "Is {a} or {b} the bigger number?", "Which one is greater, {a} or {b}?"]
SMALLER = ["Which is smaller, {a} or {b}?", "What is less, {a} or {b}?", "Which number is smaller: {a} or {b}?",
           "Is {a} or {b} the smaller number?"]
BETWEEN = ["Which number is between {a} and {b}?", "What comes between {a} and {b}?",
           "What number lies between {a} and {b}?"]
COUNT_TO = ["Count to {b}.", "Can you count to {b}?", "Count up to {b}.", "Please count to {b}."]
COUNT = ["Count from {a} to {b}.", "Can you count from {a} to {b}?", "Please count from {a} up to {b}.",
         "Count up from {a} to {b}."]


def _number(topic, forms, text, answer, short, key, accept, thought=None):
    return Question("numbers", topic, text, answer, short, key, accept, thought, exact=True)


def numbers(rng):
    what = rng.choice(["next", "before", "word", "digits", "parity", "double", "half", "bigger", "smaller", "between",
                       "count"])
    if what in ("next", "before"):
        forms, step = (NEXT, 1) if what == "next" else (BEFORE, -1)
        n, form = rng.randrange(1, 100), rng.randrange(len(forms))
        answer = f"The number {'after' if step == 1 else 'before'} {n} is {n + step}."
        return _number("number " + what, forms, forms[form].format(n=n), answer, n + step, (what, n, form),
                       [f" {n + step}."])
    if what in ("word", "digits"):
        n = rng.randrange(101)
        forms = WORD if what == "word" else DIGITS
        form = rng.randrange(len(forms))
        text = forms[form].format(n=n, w=number_word(n))
        answer = f"{n} in words is {number_word(n)}." if what == "word" else f"{capital(number_word(n))} is {n}."
        wanted = number_word(n) if what == "word" else n
        return _number("number " + what, forms, text, answer, wanted, (what, n, form), [f" {wanted}."])
    if what == "parity":
        n, form = rng.randrange(101), rng.randrange(len(PARITY))
        kind = "odd" if n % 2 else "even"
        return _number("parity", PARITY, PARITY[form].format(n=n), f"{n} is {kind}.", kind, (what, n, form), [kind])
    if what in ("double", "half"):
        n, forms = rng.randrange(51), DOUBLE if what == "double" else HALF
        form = rng.randrange(len(forms))
        asked, result = (n, 2 * n) if what == "double" else (2 * n, n)
        answer = f"{'Twice' if what == 'double' else 'Half of'} {asked} is {result}."
        return _number(what, forms, forms[form].format(n=asked), answer, result, (what, n, form), [f" {result}."])
    if what in ("bigger", "smaller"):
        a, b = rng.sample(range(101), 2)
        forms = BIGGER if what == "bigger" else SMALLER
        best = max(a, b) if what == "bigger" else min(a, b)
        other = a + b - best
        answer = f"{best} is {what} than {other}."
        return _number(what, forms, rng.choice(forms).format(a=a, b=b), answer, best, (what, a, b), [f"{best} is"])
    if what == "between":
        n, form = rng.randrange(1, 100), rng.randrange(len(BETWEEN))
        answer = f"The number between {n - 1} and {n + 1} is {n}."
        return _number("between", BETWEEN, BETWEEN[form].format(a=n - 1, b=n + 1), answer, n, (what, n, form),
                       [f" {n}."])
    if rng.random() < 0.3:
        b, form = rng.randrange(3, 21), rng.randrange(len(COUNT_TO))
        answer = ", ".join(map(str, range(1, b + 1))) + "."
        return Question("numbers", "count", COUNT_TO[form].format(b=rng.choice([b, number_word(b)])), answer,
                        answer[:-1],
                        ("count to", b, form), exact=True)
    a = rng.randrange(95)
    b = a + rng.randrange(3, min(11, 101 - a))
    answer = ", ".join(map(str, range(a, b + 1))) + "."
    return Question("numbers", "count", rng.choice(COUNT).format(a=a, b=b), answer, answer[:-1], ("count", a, b),
                    exact=True)


DAY_AFTER = ["What day comes after {d}?", "Which day follows {d}?", "What is the day after {d}?",
             "If today is {d}, what is tomorrow?", "Today is {d}. What day is tomorrow?", "Which day is after {d}?"]
DAY_BEFORE = ["What day comes before {d}?", "Which day is before {d}?", "What is the day before {d}?",
              "If today is {d}, what was yesterday?", "Today is {d}. What day was yesterday?"]
DAY_LATER = ["What day is {n} days after {d}?", "Today is {d}. What day is it in {n} days?",
             "If today is {d}, what day is it in {n} days?", "Which day comes {n} days after {d}?"]
WEEKEND = ["Is {d} on the weekend?", "Is {d} part of the weekend?", "Is {d} a weekend day?",
           "Does {d} belong to the weekend?"]
MONTH_AFTER = ["What month comes after {m}?", "Which month follows {m}?", "What is the month after {m}?",
               "After {m} comes which month?"]
MONTH_BEFORE = ["What month comes before {m}?", "Which month is before {m}?", "What is the month before {m}?"]
MONTH_NUMBER = ["Which month of the year is {m}?", "What number does {m} have among the months?",
                "At which place in the year is {m}?"]
NTH_MONTH = ["What is the {o} month of the year?", "Which month is the {o} one?", "Name the {o} month.",
             "What is the name of the {o} month?"]
NTH_DAY = ["What is the {o} day of the week?", "Which day is the {o} one?", "Name the {o} day of the week."]
LENGTH = ["How many days does {m} have?", "How many days are in {m}?", "How long is {m}?",
          "What is the number of days in {m}?"]
SEASON = ["In which season is {m}?", "Which season is {m} in?", "What season is it in {m}?",
          "To which season does {m} belong?"]
FIXED = [("How many days are in a week?", "A week has 7 days.", 7), ("How many months are in a year?",
                                                                     "A year has 12 months.", 12),
         ("How many days does a week have?", "A week has 7 days.", 7), ("How many months does a year have?",
                                                                        "A year has 12 months.", 12),
         ("How many days does a year have?", "A year has 365 days.", 365),
         ("How many hours does a day have?", "A day has 24 hours.", 24),
         ("How many hours are in a day?", "A day has 24 hours.", 24), ("How many minutes are in an hour?",
                                                                       "An hour has 60 minutes.", 60),
         ("How many seasons are there?", "There are four seasons: spring, summer, autumn and winter.", 4),
         ("Name the days of the week.", ", ".join(DAYS) + ".", ", ".join(DAYS)),
         ("What are the days of the week?", ", ".join(DAYS) + ".", ", ".join(DAYS)),
         ("Name the months of the year.", ", ".join(MONTHS) + ".", ", ".join(MONTHS)),
         ("What are the months?", ", ".join(MONTHS) + ".", ", ".join(MONTHS)),
         ("Which days are the weekend?", "Saturday and Sunday are the weekend.", "Saturday and Sunday")]


def days(rng):
    what = rng.choice(["after", "before", "later", "weekend", "month after", "month before", "month number",
                       "nth month",
                       "nth day", "length", "season", "fixed"])
    if rng.random() < 0.06:
        day = rng.choice(DAYS + MONTHS)
        form = rng.randrange(len(WHAT_IS))
        answer = f"{day} is a {'day of the week' if day in DAYS else 'month of the year'}."
        return Question("days", "description", WHAT_IS[form].format(x=day), answer, answer, ("what is", day, form),
                        [answer], exact=True)
    i, m = rng.randrange(7), rng.randrange(12)
    day, month = DAYS[i], MONTHS[m]

    def ask(forms, answer, short, *parts, **slots):
        form = rng.randrange(len(forms))
        return Question("days", what, forms[form].format(d=day, m=month, **slots), answer, short,
                        (what, *parts, form),
                        [str(short)], f"The user asks about the calendar. {answer}", exact=True)

    if what == "after":
        return ask(DAY_AFTER, f"After {day} comes {DAYS[(i + 1) % 7]}.", DAYS[(i + 1) % 7], day)
    if what == "before":
        return ask(DAY_BEFORE, f"Before {day} comes {DAYS[i - 1]}.", DAYS[i - 1], day)
    if what == "later":
        n = rng.randrange(2, 7)
        there = DAYS[(i + n) % 7]
        return ask(DAY_LATER, f"{n} days after {day} comes {there}.", there, day, n,
                   n=rng.choice([n, number_word(n)]))
    if what == "weekend":
        answer = f"Yes, {day} is on the weekend." if i > 4 else f"No, {day} is not on the weekend."
        question = ask(WEEKEND, answer, "yes" if i > 4 else "no", day)
        question.accept = [answer.split(",")[0]]
        return question
    if what == "month after":
        return ask(MONTH_AFTER, f"After {month} comes {MONTHS[(m + 1) % 12]}.", MONTHS[(m + 1) % 12], month)
    if what == "month before":
        return ask(MONTH_BEFORE, f"Before {month} comes {MONTHS[m - 1]}.", MONTHS[m - 1], month)
    if what == "month number":
        return ask(MONTH_NUMBER, f"{month} is month number {m + 1}.", m + 1, month)
    if what == "nth month":
        return ask(NTH_MONTH, f"The {ORDINALS[m]} month is {month}.", month, month, o=ORDINALS[m])
    if what == "nth day":
        return ask(NTH_DAY, f"The {ORDINALS[i]} day of the week is {day}.", day, day, o=ORDINALS[i])
    if what == "length":
        return ask(LENGTH, f"{month} has {MONTH_DAYS[m]} days.", MONTH_DAYS[m], month)
    if what == "season":
        return ask(SEASON, f"{month} is in {SEASONS[m]}.", SEASONS[m], month)
    text, answer, short = rng.choice(FIXED)
    return Question("days", "calendar", text, answer, short, None, [str(short)], exact=True)
