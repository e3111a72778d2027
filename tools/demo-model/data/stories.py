"""Short stories. Held out: which hero meets which thing."""
from .question import Question
from .world import ANIMALS, NAMES, OBJECTS, a, capital

HEROES = [n for n in ANIMALS if n not in ("bee", "ant", "whale", "shark")] + ["boy", "girl", "farmer", "sailor",
                                                                              "king", "witch", "robot", "baker"]
HEROES += """dragon unicorn princess prince knight giant elf mermaid wizard pirate ghost fairy dwarf monster snowman teddy kangaroo panda
koala squirrel walrus goose donkey llama otter badger teacher gardener painter doctor grandmother grandfather child queen troll""".split()
THINGS = OBJECTS + """sword ship treasure letter flower apple star stone tree house bridge balloon cake cup pen camera telescope chair
carpet potion garden secret friend train car bicycle ball doll tent lamp""".split()
ASK_BOTH = ["Tell me a story about {h} and {o}.", "Tell me a short story about {h} and {o}.",
            "Write a story about {h} and {o}.",
            "Write a short story with {h} and {o}.", "I want a story about {h} and {o}.",
            "Can you tell a story about {h} and {o}?",
            "Make up a story about {h} who finds {o}.", "Give me a little story with {h} and {o}.",
            "A story about {h} and {o}, please."]
ASK_HERO = ["Tell me a story about {h}.", "Write a short story about {h}.", "I want to hear a story about {h}.",
            "Tell a story with {h}.",
            "Can you tell me a story about {h}?", "Story about {h}?"]
ASK_ANY = ["Tell me a story.", "Write a short story.", "I want to hear a story.", "Can you tell me a story?",
           "Do you know a story?",
           "Make up a story.", "Tell me another story.", "A story please!", "Once upon a time"]

PLACES = ["in a small village", "by the sea", "in a deep forest", "on a green hill", "near an old mill",
          "beside a quiet lake", "in a tall tower",
          "at the edge of a town", "on a little island", "under a big oak"]
MOODS = ["was often lonely", "loved to explore", "was very curious", "liked quiet days", "dreamed of adventures",
         "was kind to everyone",
         "was a little shy", "laughed a lot"]
TIMES = ["One morning", "One rainy day", "One evening", "On a sunny day", "One cold night", "One day"]
WHERE = ["behind a stone", "under a tree", "in the tall grass", "on the road", "near the river", "in a dark cave",
         "on the beach", "in an old box"]
FRIENDS = ["an old owl", "a little mouse", "a friendly bear", "a wise turtle", "a young goat", "a funny parrot",
           "a quiet hedgehog", "a tired postman"]
ENDS = ["From that day on they were friends.", "Then everybody was happy.", "And they all lived happily ever after.",
        "That night {name} slept very well.", "It was the best day of the year.", "And {name} never forgot that day."]

MIDDLES = [  # each is what happens with the thing
    ("{name} found {o} {where}. It belonged to {friend}, who had lost it. {name} gave it back, and {friend} said thank you with a warm smile."),
    ("{name} saw {o} {where}. \"What a beautiful {thing}!\" said {name}. {Friend} came along, and the two of them shared it."),
    ("{name} lost {o} and looked for it everywhere. {Friend} helped with the search. At last they found it {where}."),
    ("{name} wanted to give {o} to {friend}. The way was long and the wind was strong, but {name} did not give up. {Friend} was very glad."),
    ("{friend2} asked {name} for help. Only {o} could save the day. {name} found it {where} and ran back as fast as the wind."),
    ("{name} heard a strange sound {where}. It was {friend} with {o}. \"Do not be afraid,\" said the stranger, and they began to play."),
]


def story(rng, hero=None, thing=None):
    hero, thing = hero or rng.choice(HEROES), thing or rng.choice(THINGS)
    name, friend = rng.choice(NAMES), rng.choice(FRIENDS)
    slots = dict(name=name, o=a(thing), thing=thing, where=rng.choice(WHERE), friend="the " + friend.split(" ", 1)[1],
                 Friend="The " + friend.split(" ", 1)[1], friend2=capital(friend))
    middle = rng.choice(MIDDLES)
    # The friend is "an old owl" where first met and "the old owl" after that.
    first = middle.find("{friend}"), middle.find("{Friend}")
    if first[0] >= 0 and (first[1] < 0 or first[0] < first[1]):
        middle = middle.replace("{friend}", friend, 1)
    elif first[1] >= 0:
        middle = middle.replace("{Friend}", capital(friend), 1)
    text = (f"Once upon a time there was {a(hero)} called {name}. {name} lived {rng.choice(PLACES)} and {rng.choice(MOODS)}. "
            f"{rng.choice(TIMES)}, {middle.format(**slots)} {rng.choice(ENDS).format(name=name)}")
    pick = rng.random()
    if pick < 0.6:
        ask, accept = rng.choice(ASK_BOTH).format(h=a(hero), o=a(thing)), [hero, thing]
    elif pick < 0.85:
        ask, accept = rng.choice(ASK_HERO).format(h=a(hero)), [hero]
    else:
        ask, accept = rng.choice(ASK_ANY), ["Once upon a time"]
    return Question("stories", "story", ask, text, text, ("story", hero, thing), accept,
                    f"I tell a story about {a(hero)}.")


def story_of_both(rng):
    """For the test: the wordings that name the hero and the thing."""
    while True:
        question = story(rng)
        if len(question.accept) == 2:
            return question
