"""What the user said earlier in the chat. Held out: which value an attribute has, or which things go together."""
from .question import Question
from .unknown import made_up
from .world import ANIMALS, CITIES, COLOURS, DAYS, FOODS, HOBBIES, JOBS, MONTHS, NAMES, OBJECTS, a, capital

# attribute -> (values, ways to say it, reply, ways to ask, answer, ways to correct)
ATTRIBUTES = {
    "name": (NAMES, ["My name is {v}.", "I am {v}.", "I'm {v}.", "Call me {v}.", "Hello, I am {v}.",
                     "Hi, my name is {v}.",
                     "People call me {v}.", "You can call me {v}.", "Hey, {v} here.", "This is {v}.",
                     "I am called {v}.",
                     "my name's {v}"],
             "Nice to meet you, {v}!", ["What is my name?", "What's my name?", "Who am I?",
                                        "Do you remember my name?", "How am I called?",
                                        "Tell me my name.", "Do you know my name?", "What was my name?",
                                        "Can you say my name?",
                                        "Do you know who I am?", "What did I say my name was?"], "Your name is {v}."),
    "city": (CITIES, ["I live in {v}.", "My home is in {v}.", "I am from {v}.", "I come from {v}.", "My city is {v}.",
                      "I'm living in {v}.",
                      "I have a flat in {v}."],
             "{v} sounds like a nice place!", ["Where do I live?", "Which city do I live in?", "Where am I from?",
                                               "Do you remember where I live?",
                                               "In which city do I live?", "Where is my home?", "What is my city?"],
             "You live in {v}."),
    "colour": (COLOURS, ["My favourite colour is {v}.", "I like the colour {v} best.",
                         "The colour I like most is {v}.", "I love {v}, it is my colour.",
                         "{v} is my favourite colour."],
               "{v} is a nice colour!", ["What is my favourite colour?", "Which colour do I like?",
                                         "Do you remember my favourite colour?",
                                         "What colour do I like best?", "Which colour is my favourite?"],
               "Your favourite colour is {v}."),
    "animal": (list(ANIMALS), ["My favourite animal is the {v}.", "I like the {v} best of all animals.",
                               "The animal I love most is the {v}.",
                               "Of all animals I like the {v} most."],
               "The {v} is a fine animal!", ["What is my favourite animal?", "Which animal do I like best?",
                                             "Do you remember my favourite animal?",
                                             "What animal do I love?"], "Your favourite animal is the {v}."),
    "food": (FOODS, ["My favourite food is {v}.", "I love to eat {v}.", "I like {v} more than any other food.",
                     "The food I like best is {v}."],
             "That sounds tasty!", ["What is my favourite food?", "What do I like to eat?",
                                    "Which food do I like best?",
                                    "Do you remember my favourite food?", "What food do I love?"],
             "Your favourite food is {v}."),
    "hobby": (HOBBIES, ["My hobby is {v}.", "I like {v} in my free time.", "In my free time I enjoy {v}.",
                        "I spend my free time on {v}.",
                        "I am fond of {v}."],
              "That sounds like fun!", ["What is my hobby?", "What do I do in my free time?",
                                        "Do you remember my hobby?",
                                        "What do I like to do?"], "Your hobby is {v}."),
    "job": (JOBS, ["I work as {a}.", "I am {a}.", "My job is being {a}.", "I'm {a} by trade.",
                   "I earn my money as {a}."],
            "That is a good job!", ["What is my job?", "What do I work as?", "Do you remember my job?",
                                    "What is my work?"], "You are {a}."),
    "age": ([str(n) for n in range(5, 100)], ["I am {v} years old.", "I'm {v}.", "My age is {v}.", "I am {v}.",
                                              "I just turned {v}."],
            "{v} is a good age!", ["How old am I?", "What is my age?", "Do you remember my age?",
                                   "Do you know how old I am?"],
            "You are {v} years old."),
    "number": ([str(n) for n in range(1, 101)], ["My lucky number is {v}.", "My favourite number is {v}.",
                                                 "Remember the number {v}.",
                                                 "Please remember this number: {v}.", "Keep the number {v} in mind."],
               "I will remember the number {v}.", ["What is my number?", "Which number did I tell you?",
                                                   "What number should you remember?",
                                                   "What was the number?", "Which number was it?"],
               "Your number is {v}."),
    "day": (DAYS, ["My favourite day is {v}.", "I like {v} best of all days.", "The best day for me is {v}."],
            "{v} is a good day!", ["What is my favourite day?", "Which day do I like best?",
                                   "Do you remember my favourite day?"],
            "Your favourite day is {v}."),
    "month": (MONTHS, ["My birthday is in {v}.", "I was born in {v}.", "I have my birthday in {v}."],
              "Then I hope that {v} is always a good month for you!", ["When is my birthday?",
                                                                       "In which month was I born?",
              "In which month is my birthday?", "When was I born?"], "Your birthday is in {v}."),
    "dog": (NAMES, ["My dog is called {v}.", "I have a dog. Its name is {v}.", "The name of my dog is {v}.",
                    "I have a dog named {v}."],
            "{v} is a nice name for a dog!", ["What is the name of my dog?", "How is my dog called?",
                                              "What is my dog called?", "What is my dog's name?",
                                              "Do you remember the name of my dog?"], "Your dog is called {v}."),
    "cat": (NAMES, ["My cat is called {v}.", "I have a cat. Its name is {v}.", "The name of my cat is {v}.",
                    "I have a cat named {v}."],
            "{v} is a nice name for a cat!", ["What is the name of my cat?", "How is my cat called?",
                                              "What is my cat called?", "What is my cat's name?",
                                              "Do you remember the name of my cat?"], "Your cat is called {v}."),
    "friend": (NAMES, ["My best friend is {v}.", "My friend is called {v}.", "I have a friend called {v}.",
                       "{v} is my best friend."],
               "{v} sounds like a good friend!", ["Who is my friend?", "What is the name of my friend?",
                                                  "Who is my best friend?",
                                                  "How is my friend called?", "Do you remember my friend?"],
               "Your friend is {v}."),
}
NOT_TOLD = {"name": "your name", "city": "where you live", "colour": "your favourite colour",
            "animal": "your favourite animal",
            "food": "your favourite food", "hobby": "your hobby", "job": "your job", "age": "your age",
            "number": "a number",
            "day": "your favourite day", "month": "your birthday", "dog": "about a dog", "cat": "about a cat",
            "friend": "about a friend"}


def pick(rng, attribute):
    """A value, now and then one that the model has never seen."""
    values = ATTRIBUTES[attribute][0]
    if values is NAMES and rng.random() < 0.25:
        return made_up(rng, 2, 5).capitalize()
    return rng.choice(values)


def fill(text, value):
    text = text.format(v=value, a=a(value))
    return text[:1].upper() + text[1:]


def statement(rng, attribute, value):
    """What the user says about himself, and the reply."""
    _, say, reply, _, _ = ATTRIBUTES[attribute]
    form = rng.choice(say)
    ack = fill(reply, value)
    if form.startswith(("Hello", "Hi", "Hey")):
        ack = "Hello! " + ack
    return fill(form, value) if "my name's" not in form else form.format(v=value), ack


def recollection(rng, attribute, value, told=True):
    """The question about it later."""
    _, _, _, ask, answer = ATTRIBUTES[attribute]
    answer = fill(answer, value) if told else f"You have not told me {NOT_TOLD[attribute]} yet."
    short = (int(value) if value.isdigit() else value) if told else "unknown"
    accept = [value] if told else ["not told me"]
    thought = f"The user told me before: {answer}" if told else "I look back in the chat. The user did not tell me."
    return Question("recall", "recall " + attribute, rng.choice(ask), answer, short, ("recall", attribute, value),
                    accept, thought,
                    exact=True)


BOX = ["The {c} {b} holds {x}.", "In the {c} {b} there is {x}.", "There is {x} in the {c} {b}.",
       "I put {x} into the {c} {b}."]
BOX_ASK = ["What is in the {c} {b}?", "What does the {c} {b} hold?", "What can I find in the {c} {b}?",
           "What did I put into the {c} {b}?"]
WHERE_ASK = ["Where is the {x}?", "In which {b} is the {x}?", "Where do I find the {x}?"]


def boxes(rng):
    """(what the user says, a question about it): things in coloured boxes."""
    n = rng.choice([2, 2, 3])
    box = rng.choice(["box", "bag", "drawer", "basket"])
    colours, things = rng.sample(COLOURS, n), rng.sample(OBJECTS, n)
    form = rng.choice(BOX)
    told = " ".join(capital(form.format(c=c, b=box, x=a(x))) for c, x in zip(colours, things))
    i = rng.randrange(n)
    if rng.random() < 0.7:
        text, answer, short = rng.choice(BOX_ASK).format(c=colours[i],
                                                         b=box), f"In the {colours[i]} {box} there is {a(things[i])}.", things[i]
    else:
        text, answer, short = (rng.choice(WHERE_ASK).format(x=things[i], b=box),
                               f"The {things[i]} is in the {colours[i]} {box}.",
                               colours[i])
    return told, Question("recall", "boxes", text, answer, short, ("box", colours[i], things[i]), [short],
                          f"The user said what is in each {box}. {answer}", exact=True)


OWNERS = ["{n} has {x}.", "{n} owns {x}.", "{n} got {x}."]


def owners(rng):
    """Who has what."""
    n = rng.choice([2, 2, 3])
    names, things = rng.sample(NAMES, n), rng.sample(OBJECTS, n)
    form = rng.choice(OWNERS)
    told = " ".join(form.format(n=name, x=a(thing)) for name, thing in zip(names, things))
    i = rng.randrange(n)
    if rng.random() < 0.5:
        text = rng.choice(["Who has the {x}?", "Who owns the {x}?", "Who got the {x}?"]).format(x=things[i])
        answer, short = f"{names[i]} has the {things[i]}.", names[i]
    else:
        text = rng.choice(["What does {n} have?", "What does {n} own?", "What has {n} got?"]).format(n=names[i])
        answer, short = f"{names[i]} has {a(things[i])}.", things[i]
    return told, Question("recall", "owners", text, answer, short, ("owner", names[i], things[i]), [short],
                          f"The user said who has what. {answer}", exact=True)


LIST_SAY = ["Remember these words: {w}.", "Please remember: {w}.", "Keep these words in mind: {w}.",
            "Here are some words: {w}.",
            "My shopping list: {w}.", "I need to buy: {w}."]
LIST_ALL = ["Which words did I give you?", "What were the words?", "Repeat the words.", "Tell me the words again.",
            "What did I list?",
            "What is on my list?"]
LIST_ONE = ["What was the {o} word?", "What was the {o} one?", "Which word was the {o}?"]


def word_list(rng):
    """A list to repeat, or one entry of it."""
    words = rng.sample(OBJECTS + FOODS, rng.choice([2, 3, 3, 4]))
    told = rng.choice(LIST_SAY).format(w=", ".join(words))
    if rng.random() < 0.5:
        answer = ", ".join(words) + "."
        return told, Question("recall", "list", rng.choice(LIST_ALL), capital(answer), answer[:-1], ("list", *words),
                              words[1:],
                              f"The user gave me the words {answer}", exact=True)
    i = rng.choice([0, 1, len(words) - 1])
    ordinal = ["first", "second", "third", "fourth"][i] if i < 2 or rng.random() < 0.5 else "last"
    return told, Question("recall", "list entry", rng.choice(LIST_ONE).format(o=ordinal),
                          f"The {ordinal} word was {words[i]}.", words[i],
                          ("entry", i, words[i]), [words[i]], f"The words were {', '.join(words)}.", exact=True)


REMEMBERED = "I will remember that."
