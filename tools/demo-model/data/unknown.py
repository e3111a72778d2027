"""Questions outside the small world, and the honest answer. Held out: which wording asks about which topic."""
from .question import Question
from .world import ANIMALS, CAPITALS, COUNTRIES, a, capital

SORRY = "Sorry, I do not know that. I am a small demo model and only know a small world."
TOO_BIG = "Those numbers are too big for me. I only know numbers up to a hundred."
NO_EYES = "I cannot know that. I have no tool for it and only know a small world."
NO_LANGUAGE = "Sorry, I cannot translate. I only speak simple English."
ACCEPT = ["small world"]

TOPICS = """quantum physics|black holes|the stock market|bitcoin|taxes|the Roman empire|world war two|the French revolution|
football results|the world cup|basketball|tennis|chess openings|Shakespeare|Mozart|Beethoven|the Beatles|pop music|opera|
rock music|films|Star Wars|Harry Potter|television|the internet|smartphones|computers|programming|Python|Rust|Javascript|
machine learning|neural networks|artificial intelligence|databases|cars|engines|electric cars|aeroplanes|rockets|the moon|
Mars|planets|stars|galaxies|dinosaurs|volcanoes|earthquakes|the climate|energy|nuclear power|chemistry|biology|genetics|
medicine|vaccines|headaches|the heart|the brain|diets|vitamins|yoga|running shoes|fashion|shoes|make-up|cooking rice|
wine|beer|coffee machines|gardening tools|politics|elections|the president|the government|laws|religion|philosophy|
the meaning of life|love|marriage|psychology|history|geography|economics|money|banks|insurance|jobs|interviews|
mathematics|algebra|geometry|calculus|prime numbers|statistics|logic|grammar|poetry|novels|newspapers|painting styles|
Leonardo da Vinci|Picasso|Einstein|Newton|Napoleon|Julius Caesar|Cleopatra|Einstein's theory|DNA|atoms|electricity|
magnets|gravity|light|sound waves|oceans|deserts|mountains|Mount Everest|the Amazon river|the Nile|the pyramids|
the Eiffel tower|New York|Los Angeles|Russia|India|the United States|South Africa|Nigeria|Argentina|unicorns|dragons|
video games|Minecraft|card games|poker|magic tricks|bicycles|trains|ships|submarines|the Titanic|pirates of old|knights|
castles|Greek gods|Norse gods|mythology|astrology|dreams|time travel|aliens|robots in factories|3D printing|batteries|
solar panels|windmills|recycling|plastic|glass making|steel production|diamonds|gold prices|oil|gas|coal mining|
cancer|fever|broken bones|teeth|sleep|stress|school exams|universities|Harvard|scholarships|travel visas|hotels|
flight prices|train tickets|restaurants|recipes|pizza dough|birthday gifts|weddings|Christmas|Easter|Halloween|
ocean currents|tides|tornadoes|lightning|snow storms|penicillin|the human body|bees and pollen|the ozone layer""".replace("\n", "").split("|")
WORDINGS = ["Tell me about {t}.", "What do you know about {t}?", "Explain {t}.", "Can you explain {t}?",
            "What is {t}?",
            "How does {t} work?", "Why is {t} important?", "Who invented {t}?", "Give me a summary of {t}.",
            "Write an essay about {t}.", "I have a question about {t}.", "What do you think about {t}?",
            "Teach me {t}.",
            "When did {t} begin?", "What is the history of {t}?", "Where can I learn about {t}?", "Is {t} dangerous?",
            "What are the best facts about {t}?", "Do you like {t}?", "Help me with {t}.", "Let us talk about {t}.",
            "How much does {t} cost?", "What is new in {t}?", "Give me advice on {t}."]
QUESTIONS = ["Who is the president of {c}?", "How many people live in {c}?", "What is the currency of {c}?",
             "Who won the game yesterday?",
             "What is the population of {c}?", "What food do people eat in {c}?", "How far is it from {p} to {q}?",
             "What is the flag of {c}?",
             "Who is the king of {c}?", "How do I get to {p}?", "What is the best hotel in {p}?", "How old is {p}?",
             "How fast can {a} run?", "How long does {a} live?", "How heavy is {a}?", "How big is {a}?",
             "What is the Latin name of {x}?",
             "Who was the first person on the moon?", "What is the square root of 2?", "What is pi?",
             "How many stars are there?",
             "Who wrote Romeo and Juliet?", "Who painted the Mona Lisa?", "What is the speed of light?",
             "How tall is Mount Everest?",
             "Can you write code?", "Write a Python program.", "Write a poem.", "Write me an email to my boss.",
             "Draw a picture.",
             "Sing a song.", "Play music.", "Open the window.", "Order a pizza.", "Book a flight.", "Call my mother.",
             "What is the capital of {u}?", "Where is {u}?", "Which language do people speak in {u}?",
             "What sound does {v} make?",
             "Where does {v} live?", "What does {v} eat?", "How many legs does {v} have?", "What colour is {w}?",
             "Is {i} a prime number?", "What is the opposite of {k}?", "What rhymes with {k}?",
             "Who is older, {n} or me?", "What happened next?",
             "Should I buy a house?", "Which phone is the best?", "How do I lose weight?", "What is love?",
             "Why is the sky blue?",
             "Why do we sleep?", "Does God exist?", "Who will win the election?", "How do I fix my computer?",
             "What is my IP address?",
             "How do I install Linux?", "What is the meaning of {k}?", "Define {k}.", "What does the word {k} mean?",
             "Who is {n}?",
             "Do you know {n}?", "When was {n} born?", "Who is the author of {k}?"]
HERE_AND_NOW = ["What time is it?", "What is the date today?", "What day is it today?", "How is the weather?",
                "What is the weather in {p}?",
                "Will it rain tomorrow?", "Is it cold outside?", "What is the news?", "What time is it in {p}?",
                "Which year is it?",
                "How late is it?", "Is it raining in {p}?", "What is the temperature in {p}?",
                "Tell me the weather in {p}.",
                "What month is it now?", "Where am I?"]
TRANSLATE = ["Translate {k} into {l}.", "How do you say {k} in {l}?", "What is {k} in {l}?",
             "What does {k} mean in {l}?",
             "Say {k} in {l}."]
NO_COUNTRIES = """Atlantis Narnia Mordor Mongolia Nepal Bolivia Zambia Angola Fiji Malta Laos Qatar Yemen Haiti Gondor Oz Utopia
Romania Ukraine Belgium Switzerland Argentina India Russia America Colombia Ecuador Iran Iraq Israel Somalia Mali Chad""".split()
NO_ANIMALS = """unicorn dragon llama walrus badger squirrel kangaroo koala panda otter seal beaver lizard goose donkey moose gorilla
pelican flamingo lobster jellyfish rhino hippo cheetah leopard raccoon skunk sloth vulture yak buffalo bison gnu lemur""".split()
NO_THINGS = ["a dream", "a zebu", "a quark", "time", "a computer", "a car", "a jacket", "my shirt", "your hair",
             "a wall", "a door",
             "my house", "a phone", "a ghost", "love", "a gadget"]
WORDS = """happiness freedom gravity democracy justice serendipity energy culture hello water music entropy friend winter
window philosophy cheese umbrella thunder science courage history irony paradox house tree candle""".split()
PEOPLE = ["Albert Einstein", "Taylor Swift", "Napoleon", "Isaac Newton", "Elon Musk", "Bill Gates", "Mozart", "Messi",
          "Picasso",
          "Marie Curie", "Ada Lovelace", "Alan Turing", "Shakespeare", "Cleopatra", "the pope", "Gandhi", "Beyonce",
          "Plato"]
LANGUAGES = ["German", "French", "Spanish", "Latin", "Japanese", "Chinese", "Italian", "Russian", "Arabic", "Greek"]
BIG_ASK = ["What is {e}?", "{e}", "How much is {e}?", "Calculate {e}.", "{e} =", "Can you work out {e}?"]

_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnprstvwz"


def made_up(rng, low=2, high=3):
    """A word that nobody has ever seen: Zorbo, Mikelat."""
    word = "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.randint(low, high)))
    return word + (rng.choice("lnrstk") if rng.random() < 0.5 else "")


def about_topic(rng):
    topic, wording = rng.choice(TOPICS), rng.randrange(len(WORDINGS))
    return _sorry("topic", WORDINGS[wording].format(t=topic), SORRY, ("topic", topic, wording), ACCEPT)


def _sorry(topic, text, answer, key, accept):
    return Question("unknown", topic, text, answer, answer, key, accept, "That is outside my small world.")


def outside(rng):
    form = rng.randrange(len(QUESTIONS))
    p, q = rng.sample(list(CAPITALS), 2)
    x = rng.choice(list(ANIMALS))
    u = rng.choice(NO_COUNTRIES) if rng.random() < 0.5 else made_up(rng).title()
    v = rng.choice(NO_ANIMALS) if rng.random() < 0.5 else made_up(rng)
    slots = dict(c=rng.choice(list(COUNTRIES)), p=p, q=q, i=rng.randrange(101), x=x, a=a(x), u=u, v=a(v),
                 w=rng.choice(NO_THINGS), k=rng.choice(WORDS),
                 n=rng.choice(PEOPLE) if rng.random() < 0.6 else f"{made_up(rng).title()} {made_up(rng).title()}")
    text = QUESTIONS[form].format(**slots)
    key = ("outside", text) if "{" in QUESTIONS[form] else None
    return _sorry("outside", text, SORRY, key, ACCEPT)


def here_and_now(rng):
    text = rng.choice(HERE_AND_NOW)
    place = rng.choice(list(CAPITALS))
    return _sorry("here and now", text.format(p=place), NO_EYES, ("now", text, place) if "{p}" in text else None,
                  ACCEPT)


def translation(rng):
    word, language = rng.choice(WORDS), rng.choice(LANGUAGES)
    return _sorry("translation", rng.choice(TRANSLATE).format(k=rng.choice([word, f'"{word}"']), l=language),
                  NO_LANGUAGE,
                  ("translate", word, language), ["English"])


BIG_AFTER = ["What number comes after {x}?", "What comes before {x}?", "Is {x} even or odd?", "Write {x} in words.",
             "What is half of {x}?",
             "Double {x}.", "Which is bigger, {x} or {y}?", "Count to {x}."]


def too_big(rng):
    if rng.random() < 0.25:
        text = rng.choice(BIG_AFTER).format(x=rng.randrange(102, 5000), y=rng.randrange(1000))
        return _sorry("too big", text, TOO_BIG, ("big", text), ["too big"])
    x, y = rng.choice([rng.randrange(101, 1000), rng.randrange(1000, 100000)]), rng.randrange(2, 1000)
    if rng.random() < 0.5:
        x, y = y, x
    sign = rng.choice(["+", "-", "*", "/", "plus", "times", "minus"])
    gap = "" if sign in "+-*/" and rng.random() < 0.3 else " "
    return _sorry("too big", rng.choice(BIG_ASK).format(e=f"{x}{gap}{sign}{gap}{y}"), TOO_BIG, ("big", x, y),
                  ["too big"])


def gibberish(rng):
    words = [made_up(rng, 1, 3) for _ in range(rng.randint(1, 4))]
    text = capital(" ".join(words)) + rng.choice(["", "?", "!", "."])
    answer = "Sorry, I do not understand that. I am a small demo model and only know a small world."
    return _sorry("gibberish", text, answer, ("gibberish", *words), ACCEPT)


def unknown(rng):
    return rng.choices([about_topic, outside, here_and_now, translation, too_big, gibberish],
                       [6, 8, 2, 1, 1.5, 0.7])[0](rng)
