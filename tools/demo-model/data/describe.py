"""Open questions about the small world: what something is, lists of things, and claims that are true or not."""
from .question import Question
from .world import (ANIMALS, CAPITALS, COLOURS, COUNTRIES, DAYS, MONTHS, PLACES, THINGS, THE_THING, a, capital,
                    plural)

WHAT_IS = ["What is {x}?", "Tell me about {x}.", "What do you know about {x}?", "Describe {x}.", "Do you know {x}?",
           "Explain to me what {x} is.",
           "What can you tell me about {x}?", "What's {x}?", "Can you describe {x}?",
           "Do you know anything about {x}?"]


def _description(rng):
    """(kind, what it is called in the question, description)."""
    what = rng.choices(["animal", "country", "city", "colour", "place", "thing"], [6, 4, 2, 1, 2, 3])[0]
    if what == "animal":
        name = rng.choice(list(ANIMALS))
        facts = ANIMALS[name]
        text = f"{capital(a(name))} is {a(facts['group'])}. It lives {facts['home']} and eats {facts['food']}."
        return "animals", name, rng.choice([a(name), a(name), plural(name), "the " + name]), text, [facts["group"],
                                                                                                    facts["food"]]
    if what == "country":
        name = rng.choice(list(COUNTRIES))
        facts = COUNTRIES[name]
        text = f"{name} is a country in {facts['continent']}. Its capital is {facts['capital']}."
        return "places", name, name, text, [facts["continent"], facts["capital"]]
    if what == "city":
        city = rng.choice(list(CAPITALS))
        return "places", city, city, f"{city} is the capital of {CAPITALS[city]}.", [CAPITALS[city]]
    if what == "colour":
        colour = rng.choice(COLOURS)
        return "colours", colour, colour, f"{capital(colour)} is a colour. {capital(THE_THING[colour])} is {colour}.", [colour, THE_THING[colour]]
    if what == "place":
        place = rng.choice(list(PLACES))
        doing, finding = PLACES[place]
        return "places", place, place, f"{capital(place)} is a place to {doing}. You find {finding} there.", [doing,
                                                                                                              finding]
    thing = rng.choice(list(THINGS))
    return "colours", thing, thing, f"I know that {thing} is {THINGS[thing]}.", [THINGS[thing]]


def what_is(rng):
    kind, name, asked, text, accept = _description(rng)
    form = rng.randrange(len(WHAT_IS))
    return Question(kind, "description", WHAT_IS[form].format(x=asked), text, text, ("what is", name, form), accept,
                    f"The user wants to know about {asked}.")


_WATER = [n for n, f in ANIMALS.items() if f["home"] == "in the sea"]
_FLY = [n for n, f in ANIMALS.items() if f["flies"]]
CONTINENTS = ["Europe", "Africa", "Asia", "North America", "South America", "Oceania"]
GROUPS = {"animals": ("animals", "animal", [a(n) for n in ANIMALS]), "colours": ("colours", "colour", COLOURS),
          "countries": ("places", "country", list(COUNTRIES)), "cities": ("places", "city", list(CAPITALS)),
          "fruits": ("colours", "fruit", ["an apple", "a pear", "a banana", "a lemon", "a plum", "a cherry",
                                          "a strawberry"]),
          "vegetables": ("colours", "vegetable", ["a carrot", "a potato", "a pea", "a cucumber", "a pumpkin",
                                                  "spinach"]),
          "days": ("places", "day of the week", DAYS), "months": ("places", "month", MONTHS),
          "continents": ("places", "continent", CONTINENTS),
          "languages": ("places", "language", ["English", "French", "German", "Spanish", "Italian", "Polish",
                                               "Greek"]),
          "birds": ("animals", "bird", [a(n) for n, f in ANIMALS.items() if f["group"] == "bird"]),
          "insects": ("animals", "insect", [a(n) for n, f in ANIMALS.items() if f["group"] == "insect"]),
          "farm animals": ("animals", "farm animal", [a(n) for n, f in ANIMALS.items() if f["home"] == "on a farm"]),
          "animals that live in the sea": ("animals", "animal that lives in the sea", [a(n) for n in _WATER]),
          "animals that can fly": ("animals", "animal that can fly", [a(n) for n in _FLY])}
NUMBER = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}
NAME_SOME = ["Name {n} {g}.", "Tell me {n} {g}.", "Can you name {n} {g}?", "Give me {n} {g}.", "List {n} {g}.",
             "Say the names of {n} {g}."]
NAME_ONE = ["Name {a}.", "Tell me {a}.", "Can you name {a}?", "Give me {a}.", "Do you know {a}?"]
NAME_ANY = ["Which {g} do you know?", "Name some {g}.", "Tell me some {g}.", "What {g} are there?", "List some {g}.",
            "Do you know any {g}?",
            "Give me examples of {g}."]


def listed(items):
    return capital(items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]) + "."


def some_of(rng):
    name = rng.choice(list(GROUPS))
    kind, single, members = GROUPS[name]
    n = rng.choice([0, 1, 2, 3, 4, 5])
    n = min(n, len(members))
    forms = NAME_ANY if n == 0 else NAME_ONE if n == 1 else NAME_SOME
    form = rng.randrange(len(forms))
    text = forms[form].format(g=name, n=rng.choice([NUMBER.get(n), str(n)]), a=a(single))
    chosen = members[:n or 4]
    answer = listed(chosen)
    return Question(kind, "list", text, answer, answer[:-1], ("some of", name, n, form), [answer],
                    f"The user wants names of {name}.")


def _claim(rng):
    """(kind, key, question forms, whether it is true, the true sentence)."""
    what = rng.choice(["group", "capital", "sound", "home", "continent"])
    if what in ("capital", "continent"):
        country = rng.choice(list(COUNTRIES))
        right = COUNTRIES[country][what]
        said = right if rng.random() < 0.5 else rng.choice([f[what] for f in COUNTRIES.values()])
        if what == "capital":
            return "places", (country, said), ["Is {v} the capital of {x}?", "Is the capital of {x} {v}?",
                                               "Is it true that {v} is the capital of {x}?"], \
                country, said, right, f"the capital of {country} is {right}."
        return "places", (country, said), ["Is {x} in {v}?", "Does {x} lie in {v}?",
                                           "Is it true that {x} is in {v}?"], country, said, right, \
            f"{country} is in {right}."
    name = rng.choice([n for n in ANIMALS if what in ANIMALS[n]])
    right = ANIMALS[name][what]
    said = right if rng.random() < 0.5 else rng.choice([f[what] for f in ANIMALS.values() if what in f])
    if what == "group":
        return "animals", (name, said), ["Is {ax} {av}?", "Are {s} {pv}?",
                                         "Is it true that {ax} is {av}?"], name, said, right, f"{a(name)} is {a(right)}."
    if what == "sound":
        return "animals", (name, said), ["Does {ax} say {v}?", "Do {s} say {v}?",
                                         "Is it true that {ax} says {v}?"], name, said, right, f"{a(name)} says {right}."
    return "animals", (name, said), ["Does {ax} live {v}?", "Do {s} live {v}?",
                                     "Is it true that {ax} lives {v}?"], name, said, right, f"{a(name)} lives {right}."


def claim(rng):
    kind, key, forms, x, said, right, sentence = _claim(rng)
    words = dict(x=x, v=said, ax=a(x), av=a(said), s=plural(x) if x in ANIMALS else x,
                 pv=said + ("es" if said[-1] in "sh" else "s"))
    text = rng.choice(forms).format(**words)
    answer = ("Yes, " if said == right else "No, ") + sentence
    return Question(kind, "claim", text, answer, answer.split(",")[0].lower(), ("claim", *key),
                    [answer.split(",")[0], right],
                    capital(sentence))

