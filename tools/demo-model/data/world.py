"""The small world: everything that the model knows is in these tables."""

# name, sound, legs, home, food, young, class, colour, flies, swims
_ANIMALS = """
cow|moo|4|on a farm|grass|calf|mammal|black and white|no|no
dog|woof|4|in a house|meat|puppy|mammal|brown|no|yes
cat|meow|4|in a house|fish|kitten|mammal|grey|no|no
sheep|baa|4|on a farm|grass|lamb|mammal|white|no|no
pig|oink|4|on a farm|corn|piglet|mammal|pink|no|no
horse|neigh|4|on a farm|hay|foal|mammal|brown|no|no
goat|maa|4|in the mountains|leaves|kid|mammal|white|no|no
hen|cluck|2|on a farm|seeds|chick|bird|brown|no|no
duck|quack|2|on a pond|plants|duckling|bird|green|yes|yes
owl|hoot|2|in the forest|mice|owlet|bird|brown|yes|no
crow|caw|2|in the fields|seeds|chick|bird|black|yes|no
lion|roar|4|in the savanna|meat|cub|mammal|yellow|no|no
tiger|roar|4|in the jungle|meat|cub|mammal|orange|no|yes
wolf|howl|4|in the forest|meat|pup|mammal|grey|no|no
bear|growl|4|in the forest|honey|cub|mammal|brown|no|yes
fox|yip|4|in the forest|mice|cub|mammal|red|no|no
mouse|squeak|4|in a hole|cheese|pup|mammal|grey|no|no
frog|ribbit|4|on a pond|flies|tadpole|amphibian|green|no|yes
bee|buzz|6|in a hive|nectar|larva|insect|yellow|yes|no
snake|hiss|0|in the desert|mice|hatchling|reptile|green|no|yes
elephant|trumpet|4|in the savanna|leaves|calf|mammal|grey|no|yes
monkey|chatter|4|in the jungle|bananas|infant|mammal|brown|no|no
rabbit|-|4|in a hole|carrots|bunny|mammal|white|no|no
giraffe|-|4|in the savanna|leaves|calf|mammal|yellow|no|no
zebra|-|4|in the savanna|grass|foal|mammal|black and white|no|no
camel|-|4|in the desert|grass|calf|mammal|brown|no|no
penguin|-|2|on the ice|fish|chick|bird|black and white|no|yes
parrot|squawk|2|in the jungle|nuts|chick|bird|red|yes|no
eagle|screech|2|in the mountains|fish|eaglet|bird|brown|yes|no
swan|-|2|on a lake|plants|cygnet|bird|white|yes|yes
whale|-|0|in the sea|krill|calf|mammal|blue|no|yes
dolphin|click|0|in the sea|fish|calf|mammal|grey|no|yes
shark|-|0|in the sea|fish|pup|fish|grey|no|yes
octopus|-|8|in the sea|crabs|larva|mollusc|red|no|yes
spider|-|8|in a web|flies|spiderling|arachnid|black|no|no
ant|-|6|in a nest|seeds|larva|insect|black|no|no
butterfly|-|6|in a garden|nectar|caterpillar|insect|blue|yes|no
turtle|-|4|in the sea|plants|hatchling|reptile|green|no|yes
crocodile|-|4|in a river|meat|hatchling|reptile|green|no|yes
hedgehog|-|4|in a garden|insects|hoglet|mammal|brown|no|no
"""
ANIMALS = {}
for _line in _ANIMALS.strip().splitlines():
    _name, _sound, _legs, _home, _food, _young, _class, _colour, _flies, _swims = _line.split("|")
    ANIMALS[_name] = dict(legs=int(_legs), home=_home, food=_food, young=_young, group=_class, colour=_colour,
                          flies=_flies == "yes", swims=_swims == "yes",
                          **({} if _sound == "-" else {"sound": _sound}))
PLURALS = {"sheep": "sheep", "wolf": "wolves", "mouse": "mice", "fox": "foxes", "octopus": "octopuses",
           "butterfly": "butterflies"}

BY_SIZE = """ant bee butterfly spider mouse frog hedgehog parrot hen crow rabbit duck cat owl fox eagle swan penguin dog goat
sheep wolf pig octopus tiger lion bear dolphin zebra horse cow camel crocodile shark giraffe elephant whale""".split()
"""From the smallest to the biggest."""

COLOURS = ["red", "blue", "green", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey"]
MIXES = {("red", "yellow"): "orange", ("red", "blue"): "purple", ("blue", "yellow"): "green",
         ("red", "white"): "pink",
         ("black", "white"): "grey", ("blue", "white"): "light blue", ("green", "white"): "light green",
         ("green", "red"): "brown", ("black", "blue"): "dark blue", ("black", "green"): "dark green",
         ("black", "red"): "dark red"}
_THINGS = {
    "yellow": "a banana, a lemon, the sun, butter, a sunflower, cheese, corn, a canary",
    "red": "a tomato, blood, a strawberry, a fire engine, a cherry, a rose, ketchup, a stop sign",
    "green": "grass, a leaf, a cucumber, a lime, a pea, spinach, broccoli, a pickle",
    "blue": "the sky, the sea, a blueberry, a sapphire, a bluebell",
    "orange": "a carrot, a pumpkin, a mandarin, an apricot, a traffic cone",
    "purple": "a plum, an aubergine, lavender, a violet",
    "white": "snow, milk, salt, paper, rice, a snowman, flour, a cloud",
    "black": "coal, the night, tar, a tyre, ink, pepper",
    "brown": "chocolate, wood, coffee, a chestnut, mud, a potato, bread, cinnamon",
    "pink": "a flamingo, bubble gum, a peach blossom, ham",
    "grey": "a stone, ash, steel, a rain cloud, smoke"}
THINGS = {thing: colour for colour, things in _THINGS.items() for thing in things.split(", ")}

THE_THING = {colour: next(thing for thing, its in THINGS.items() if its == colour) for colour in COLOURS}
"""The model's example for each colour."""

# country, capital, continent, language
_COUNTRIES = """
France|Paris|Europe|French
Germany|Berlin|Europe|German
Italy|Rome|Europe|Italian
Spain|Madrid|Europe|Spanish
Portugal|Lisbon|Europe|Portuguese
Poland|Warsaw|Europe|Polish
Greece|Athens|Europe|Greek
Norway|Oslo|Europe|Norwegian
Sweden|Stockholm|Europe|Swedish
Finland|Helsinki|Europe|Finnish
Denmark|Copenhagen|Europe|Danish
Austria|Vienna|Europe|German
Hungary|Budapest|Europe|Hungarian
Ireland|Dublin|Europe|English
England|London|Europe|English
Iceland|Reykjavik|Europe|Icelandic
Egypt|Cairo|Africa|Arabic
Kenya|Nairobi|Africa|Swahili
Morocco|Rabat|Africa|Arabic
Ghana|Accra|Africa|English
Japan|Tokyo|Asia|Japanese
China|Beijing|Asia|Chinese
Thailand|Bangkok|Asia|Thai
Turkey|Ankara|Asia|Turkish
Vietnam|Hanoi|Asia|Vietnamese
Canada|Ottawa|North America|English
Mexico|Mexico City|North America|Spanish
Cuba|Havana|North America|Spanish
Brazil|Brasilia|South America|Portuguese
Peru|Lima|South America|Spanish
Chile|Santiago|South America|Spanish
Australia|Canberra|Oceania|English
"""
COUNTRIES = {}
for _line in _COUNTRIES.strip().splitlines():
    _name, _capital, _continent, _language = _line.split("|")
    COUNTRIES[_name] = dict(capital=_capital, continent=_continent, language=_language)
CAPITALS = {facts["capital"]: name for name, facts in COUNTRIES.items()}

# What people do there, and what they find there.
PLACES = {
    "a kitchen": ("cook food", "a stove"), "a library": ("read books", "many books"),
    "a school": ("learn", "a blackboard"), "a bakery": ("buy bread", "fresh bread"),
    "a garden": ("grow flowers", "flowers"), "a beach": ("swim and rest", "sand"),
    "a hospital": ("get well", "doctors"), "a station": ("take a train", "trains"),
    "an airport": ("take a plane", "planes"), "a harbour": ("take a ship", "ships"),
    "a museum": ("look at art", "old things"), "a theatre": ("watch a play", "a stage"),
    "a cinema": ("watch films", "a big screen"), "a zoo": ("look at animals", "animals"),
    "a market": ("buy fruit", "fruit stands"), "a bedroom": ("sleep", "a bed"),
    "a bathroom": ("wash", "a bath"), "a farm": ("keep animals", "a barn"),
    "a park": ("walk and play", "trees"), "a bank": ("keep money", "money")}

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]
MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
SEASONS = ["winter", "winter", "spring", "spring", "spring", "summer", "summer", "summer", "autumn", "autumn",
           "autumn", "winter"]
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
            "twelfth"]

_ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
         "seventeen eighteen nineteen").split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def number_word(n):
    """A number from 0 to 100 in words."""
    if n == 100:
        return "one hundred"
    if n < 20:
        return _ONES[n]
    return _TENS[n // 10] + ("-" + _ONES[n % 10] if n % 10 else "")


NAMES = """Anna Ben Clara David Emma Felix Grace Henry Ida Jack Kate Leo Maria Noah Olivia Paul Quinn Rosa Sam Tina Uma
Victor Wendy Xavier Yara Zoe Adam Bella Carl Dora Eric Fiona George Hanna Ivan Julia Karl Lena Max Nina Oscar Paula
Robert Sara Tom Ursula Vera Will Alice Bruno Cora Daniel Eva Frank Greta Hugo Irene James Laura Mike Nora Peter Ruth
Simon Sophie Thomas Lucy Martin Mia John Mary Alex Chris Omar Ali Aisha Yuki Chen Priya Raj Diego Carmen""".split()
FOODS = """pizza soup bread cheese rice pasta salad cake apples pears pancakes fish potatoes noodles chocolate honey
beans tomatoes carrots cookies""".split()
HOBBIES = """reading swimming dancing painting singing cooking running chess football cycling fishing drawing gardening
knitting hiking sailing skating climbing""".split()
JOBS = """cook teacher doctor farmer baker painter singer driver pilot gardener sailor nurse writer dancer builder
postman fisherman tailor""".split()
OBJECTS = """lantern key map drum boat hat mirror bell kite book ring clock basket ladder violin umbrella compass
blanket button feather shell coin rope candle crown pebble whistle teapot""".split()
"""Things in stories, boxes and lists of words."""
GOODS = "apples pears plums eggs books pencils coins balls stamps cookies shells stones flowers candles".split()
CITIES = list(CAPITALS)


def a(noun):
    """The noun with its indefinite article."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def plural(noun):
    """The plural of an animal."""
    return PLURALS.get(noun, noun + "s")


def capital(text):
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
