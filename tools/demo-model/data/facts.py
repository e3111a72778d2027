"""Questions about animals, colours and places. The split holds out (thing, attribute, form of the question)."""
from .describe import claim, some_of, what_is
from .question import Question
from .world import (ANIMALS, BY_SIZE, CAPITALS, COLOURS, COUNTRIES, MIXES, PLACES, THE_THING, THINGS, a, capital,
                    plural)

# attribute -> (forms of the question, answer). {a} "a cow", {x} "cow", {s} "cows", {v} the value.
ANIMAL_FORMS = {
    "sound": (["What sound does {a} make?", "What does {a} say?", "What noise does {a} make?",
               "Which sound do {s} make?",
               "How does {a} sound?", "What do {s} say?", "What is the sound of {a}?", "Make the sound of {a}.",
               "Which noise comes from {a}?"], "{A} says {v}."),
    "legs": (["How many legs does {a} have?", "How many legs do {s} have?", "What number of legs does {a} have?",
              "How many legs has {a} got?", "Count the legs of {a}.", "On how many legs does {a} walk?",
              "Number of legs of {a}?", "How many legs are on {a}?"], "{A} has {v} legs."),
    "home": (["Where does {a} live?", "Where do {s} live?", "Where is the home of {a}?", "Where can I find {a}?",
              "Where would I see {a}?", "What is the home of {a}?", "In which place does {a} live?",
              "Where do I have to look for {s}?"], "{A} lives {v}."),
    "food": (["What does {a} eat?", "What do {s} eat?", "What is the food of {a}?", "What does {a} like to eat?",
              "What should I feed {a}?", "Which food do {s} like?", "What do {s} live on?",
              "What can I give {a} to eat?"],
             "{A} eats {v}."),
    "young": (["What is a baby {x} called?", "What do you call a young {x}?", "What is the name of a baby {x}?",
               "How is a baby {x} called?", "What are baby {s} called?", "What is the word for a young {x}?",
               "What is the child of {a} called?"], "A baby {x} is called {v}."),
    "group": (["What kind of animal is {a}?", "To which group of animals does {a} belong?",
               "What class of animal is {a}?",
               "What type of animal is {a}?", "Which kind of animals are {s}?", "What sort of animal is {a}?"],
              "{A} is {v}."),
    "colour": (["What colour is {a}?", "Which colour does {a} have?", "What is the colour of {a}?",
                "What colour are {s}?",
                "Which colour are {s}?", "In what colour do {s} come?"], "{A} is {v}."),
}
YES_NO_FORMS = {
    "flies": (["Can {a} fly?", "Can {s} fly?", "Is {a} able to fly?", "Do {s} fly?", "Does {a} fly?"], "fly"),
    "swims": (["Can {a} swim?", "Can {s} swim?", "Is {a} able to swim?", "Do {s} swim?", "Does {a} swim?"], "swim"),
}
AND_FORMS = ["And {}?", "What about {}?", "And what about {}?", "How about {}?"]


def _and(make, values):
    """Follow-up questions: the same attribute of another thing, asked in two words."""
    def again(rng):
        name, noun = values(rng)
        question = make(rng, name)
        question.text = rng.choice(AND_FORMS).format(noun)
        question.key, question.again = None, None
        return question
    return again


def animal_fact(rng, attribute, name=None, form=None):
    if name is None:
        name = rng.choice([n for n in ANIMALS if attribute in ANIMALS[n]])
    value = ANIMALS[name][attribute]
    if attribute in YES_NO_FORMS:
        forms, verb = YES_NO_FORMS[attribute]
        answer = f"Yes, {a(name)} can {verb}." if value else f"No, {a(name)} cannot {verb}."
        short = "yes" if value else "no"
        accept = [answer.split(",")[0], verb]
    else:
        forms, answer = ANIMAL_FORMS[attribute]
        short = value
        if attribute in ("young", "group"):
            value = a(value)
        answer = answer.format(A=capital(a(name)), x=name, v=value)
        accept = [f"{value} legs" if attribute == "legs" else value]
    form = rng.randrange(len(forms)) if form is None else form
    text = forms[form].format(a=a(name), x=name, s=plural(name))
    again = _and(lambda r, n: animal_fact(r, attribute, n),
                 lambda r: (lambda n: (n, a(n)))(r.choice([n for n in ANIMALS if attribute in ANIMALS[n]])))
    return Question("animals", "animal " + attribute, text, answer, short, ("animal", attribute, name, form), accept,
                    f"The user asks about {a(name)}. {answer}", again, about=name)


REVERSE_FORMS = {
    "sound": ["Which animal says {v}?", "What animal says {v}?", "Who says {v}?",
              "Which animal makes the sound {v}?"],
    "young": ["Which animal was {av} when it was young?", "Whose baby is called {v}?",
              "Which animal has a baby called {v}?"],
}
UNIQUE = {attribute: {facts[attribute]: name for name, facts in ANIMALS.items() if attribute in facts and
                      sum(other.get(attribute) == facts[attribute] for other in ANIMALS.values()) == 1}
          for attribute in REVERSE_FORMS}


def animal_reverse(rng):
    attribute = rng.choice(list(REVERSE_FORMS))
    value, name = rng.choice(list(UNIQUE[attribute].items()))
    form = rng.randrange(len(REVERSE_FORMS[attribute]))
    answer = f"{capital(a(name))} says {value}." if attribute == "sound" else f"A baby {name} is called {a(value)}."
    text = REVERSE_FORMS[attribute][form].format(v=value, av=a(value))
    return Question("animals", "animal by " + attribute, text, answer, name, ("which", attribute, name, form), [name],
                    f"The user looks for an animal. {answer}")


IT_FORMS = {
    "sound": ["What sound does it make?", "What does it say?", "What do they say?"],
    "legs": ["How many legs does it have?", "How many legs do they have?"],
    "home": ["Where does it live?", "Where do they live?", "Where can I find it?"],
    "food": ["What does it eat?", "What do they eat?", "What does it like to eat?"],
    "young": ["What is its baby called?", "What are its babies called?", "What are their babies called?"],
    "group": ["What kind of animal is it?", "What kind of animals are they?"],
    "colour": ["What colour is it?", "What colour are they?", "Which colour does it have?"],
    "flies": ["Can it fly?", "Can they fly?"], "swims": ["Can it swim?", "Can they swim?"],
    "capital": ["What is its capital?", "What is the capital?", "And the capital?", "Which city is its capital?"],
    "continent": ["On which continent is it?", "Where is it?", "Which continent is it in?"],
    "language": ["Which language do they speak there?", "What language do people speak there?", "And the language?"],
}


def about_it(rng, last):
    """A question about the animal or country of the last one, which it calls "it"."""
    name = last.about
    if name in ANIMALS:
        question = animal_fact(rng, rng.choice([x for x in IT_FORMS if x in ANIMALS[name]]), name)
    else:
        question = country_fact(rng, rng.choice(["capital", "continent", "language"]), name)
    question.text = rng.choice(["", "", "And ", "Ok, "]) + rng.choice(IT_FORMS[question.topic.split()[-1]])
    if question.text[:3] in ("And", "Ok,"):
        question.text = question.text.replace("And And", "And").replace("Ok, And", "And")
        head, rest = question.text.split(" ", 1)
        question.text = head + " " + rest[0].lower() + rest[1:]
    question.key = None
    return question


BIGGER = ["Which is bigger, {a} or {b}?", "What is bigger, {a} or {b}?", "Is {a} or {b} bigger?",
          "Who is bigger, {a} or {b}?",
          "Which animal is bigger: {a} or {b}?"]
SMALLER = ["Which is smaller, {a} or {b}?", "What is smaller, {a} or {b}?", "Is {a} or {b} smaller?",
           "Which animal is smaller: {a} or {b}?"]


def animal_size(rng):
    while True:
        i, j = rng.sample(range(len(BY_SIZE)), 2)
        if abs(i - j) > 3:
            break
    one, two = BY_SIZE[i], BY_SIZE[j]
    big, small = (one, two) if i > j else (two, one)
    forms, word, best, other = (BIGGER, "bigger", big, small) if rng.random() < 0.6 else (SMALLER, "smaller", small,
                                                                                          big)
    answer = f"{capital(a(best))} is {word} than {a(other)}."
    return Question("animals", "animal size", rng.choice(forms).format(a=a(one), b=a(two)), answer, best,
                    ("size", one, two),
                    [f"{best} is {word}"], f"I compare {a(one)} with {a(two)}. {answer}")


COMPARE = {"legs": ["Which has more legs, {a} or {b}?", "Who has more legs, {a} or {b}?",
                    "Does {a} or {b} have more legs?", "Which of the two has more legs: {a} or {b}?"]}


def animal_compare(rng):
    while True:
        one, two = rng.sample(list(ANIMALS), 2)
        n, m = ANIMALS[one]["legs"], ANIMALS[two]["legs"]
        if n != m:
            break
    best = one if n > m else two
    text = rng.choice(COMPARE["legs"]).format(a=a(one), b=a(two))
    answer = f"{capital(a(best))} has more legs."
    return Question("animals", "animal compare", text, answer, best, ("more legs", one, two), [f"{best} has more"],
                    f"{capital(a(one))} has {n} legs. {capital(a(two))} has {m} legs. {answer}")


ANIMAL_WEIGHTS = {"sound": 3, "legs": 2, "home": 2, "food": 2, "young": 2, "group": 2, "colour": 2, "flies": 2,
                  "swims": 2}


def _open(rng, kind):
    """A description, list or claim of this kind."""
    while True:
        question = rng.choices([what_is, some_of, claim], [5, 3, 3])[0](rng)
        if question.kind == kind:
            return question


def animals(rng):
    pick = rng.random()
    if pick < 0.1:
        return animal_reverse(rng)
    if pick < 0.2:
        return animal_compare(rng)
    if pick < 0.27:
        return animal_size(rng)
    if pick < 0.45:
        return _open(rng, "animals")
    return animal_fact(rng, rng.choices(list(ANIMAL_WEIGHTS), ANIMAL_WEIGHTS.values())[0])


THING_FORMS = ["What colour is {t}?", "Which colour is {t}?", "What is the colour of {t}?",
               "Which colour does {t} have?",
               "What colour does {t} have?", "Tell me the colour of {t}.", "{T} is what colour?",
               "In which colour do I paint {t}?",
               "What is the usual colour of {t}?"]
MIX_FORMS = ["What do you get when you mix {a} and {b}?", "What colour is {a} and {b} together?", "Mix {a} and {b}.",
             "What colour do {a} and {b} make?", "What is {a} plus {b}?", "Which colour do I get from {a} and {b}?",
             "I mix {a} with {b}. What colour is it?", "If I mix {a} and {b}, which colour do I get?",
             "What happens when I mix {a} paint and {b} paint?"]
IS_FORMS = ["Is {t} {c}?", "Is the colour of {t} {c}?", "Is it true that {t} is {c}?",
            "Would you say that {t} is {c}?"]
NAME_FORMS = ["Name something {c}.", "What is {c}?", "Tell me a thing that is {c}.", "Which thing is {c}?",
              "Give me an example of something {c}.", "Do you know something {c}?"]


def thing_colour(rng, thing=None):
    thing = thing or rng.choice(list(THINGS))
    colour = THINGS[thing]
    form = rng.randrange(len(THING_FORMS))
    text = THING_FORMS[form].format(t=thing, T=capital(thing))
    again = _and(lambda r, t: thing_colour(r, t), lambda r: (lambda t: (t, t))(r.choice(list(THINGS))))
    answer = f"{capital(thing)} is {colour}."
    return Question("colours", "thing colour", text, answer, colour, ("thing", thing, form), [colour],
                    f"The user asks for a colour. {answer}", again)


def colour_mix(rng, pair=None):
    (one, two), mixed = rng.choice(list(MIXES.items()))
    if rng.random() < 0.5:
        one, two = two, one
    form = rng.randrange(len(MIX_FORMS))
    answer = f"{capital(one)} and {two} make {mixed}."
    return Question("colours", "colour mix", MIX_FORMS[form].format(a=one, b=two), answer, mixed,
                    ("mix", one, two, form), [mixed], f"The user mixes two colours. {answer}")


def colour_is(rng):
    thing = rng.choice(list(THINGS))
    right = THINGS[thing]
    colour = right if rng.random() < 0.5 else rng.choice(COLOURS)
    answer = f"Yes, {thing} is {colour}." if colour == right else f"No, {thing} is {right}."
    text = rng.choice(IS_FORMS).format(t=thing, c=colour)
    return Question("colours", "colour yes no", text, answer, answer.split(",")[0].lower(),
                    ("is colour", thing, colour),
                    [answer.split(",")[0], right], f"{capital(thing)} is {right}.")


def colour_name(rng):
    colour = rng.choice(COLOURS)
    form = rng.randrange(len(NAME_FORMS))
    thing = THE_THING[colour]
    return Question("colours", "colour example", NAME_FORMS[form].format(c=colour), f"{capital(thing)} is {colour}.",
                    thing,
                    ("example", colour, form), [colour], f"The user wants something {colour}.")


def colours(rng):
    if rng.random() < 0.15:
        return _open(rng, "colours")
    return rng.choices([thing_colour, colour_mix, colour_is, colour_name], [4, 3, 2, 1])[0](rng)


COUNTRY_FORMS = {
    "capital": (["What is the capital of {c}?", "Which city is the capital of {c}?", "What is {c}'s capital?",
                 "Name the capital of {c}.", "What is the capital city of {c}?", "Tell me the capital of {c}.",
                 "{c}: what is the capital?", "The capital of {c} is which city?", "Capital of {c}?",
                 "What's the capital of {c}?"], "The capital of {c} is {v}."),
    "continent": (["On which continent is {c}?", "Which continent is {c} in?", "In which part of the world is {c}?",
                   "What continent does {c} belong to?", "On what continent can I find {c}?", "Where is {c}?",
                   "Where in the world is {c}?"], "{c} is in {v}."),
    "language": (["Which language do people speak in {c}?", "What language is spoken in {c}?",
                  "What do they speak in {c}?",
                  "What is the language of {c}?", "Which language should I learn for {c}?",
                  "What language do they use in {c}?"], "In {c} people speak {v}."),
}


def country_fact(rng, attribute, name=None):
    name = name or rng.choice(list(COUNTRIES))
    forms, answer = COUNTRY_FORMS[attribute]
    form = rng.randrange(len(forms))
    value = COUNTRIES[name][attribute]
    answer = answer.format(c=name, v=value)
    again = _and(lambda r, n: country_fact(r, attribute, n), lambda r: (lambda n: (n, n))(r.choice(list(COUNTRIES))))
    return Question("places", attribute, forms[form].format(c=name), answer, value, (attribute, name, form), [value],
                    f"The user asks about {name}. {answer}", again, about=name)


CAPITAL_OF_FORMS = ["Of which country is {v} the capital?", "Which country has the capital {v}?",
                    "In which country is {v}?",
                    "What country is {v} in?", "Which country does {v} belong to?",
                    "{v} is the capital of which country?"]
WHAT_DO = ["What do people do in {p}?", "What can I do in {p}?", "What is {p} for?", "Why do people go to {p}?",
           "What happens in {p}?", "What do we do in {p}?"]
WHAT_IN = ["What can I find in {p}?", "What is in {p}?", "What do you see in {p}?", "What would I find in {p}?"]
WHERE_TO = ["Where can I {d}?", "Where do people {d}?", "Where should I go to {d}?", "I want to {d}. Where do I go?",
            "Which place is good to {d}?"]


def capital_of(rng):
    city, country = rng.choice(list(CAPITALS.items()))
    form = rng.randrange(len(CAPITAL_OF_FORMS))
    return Question("places", "capital of", CAPITAL_OF_FORMS[form].format(v=city),
                    f"{city} is the capital of {country}.",
                    country, ("capital of", city, form), [country],
                    f"The user asks about {city}. It lies in {country}.")


def at_place(rng):
    place, (doing, finding) = rng.choice(list(PLACES.items()))
    forms, wanted, answer = rng.choice([(WHAT_DO, doing, f"In {place} people {doing}."),
                                        (WHAT_IN, finding, f"In {place} you find {finding}."),
                                        (WHERE_TO, place, f"You can {doing} in {place}.")])
    if forms is not WHAT_IN and place.split()[1] in ("beach", "station", "airport", "harbour", "farm", "market"):
        answer = answer.replace("In " + place, "At " + place).replace("in " + place, "at " + place)
    form = rng.randrange(len(forms))
    return Question("places", "at a place", forms[form].format(p=place, d=doing), answer, wanted,
                    ("place", place, forms[0], form), [wanted], f"The user asks about {place}.")


def places(rng):
    if rng.random() < 0.2:
        return _open(rng, "places")
    pick = rng.random()
    if pick < 0.62:
        return country_fact(rng, rng.choices(list(COUNTRY_FORMS), [3, 2, 2])[0])
    return capital_of(rng) if pick < 0.78 else at_place(rng)
