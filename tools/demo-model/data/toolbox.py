"""Using tools: declarations, calls, results and what to say about them. Held out: which value a tool is called with."""
from dataclasses import dataclass

from .world import CITIES, COLOURS, FOODS, NAMES, capital

# Every tool goes by several names and argument names, so that the model has to read the declaration.


@dataclass
class Tool:
    family: str
    name: str
    declaration: dict


@dataclass
class Use:
    tool: Tool
    text: str          # what the user says
    arguments: dict
    result: str        # what the tool answers
    answer: str        # what the model says then
    key: tuple
    accept: list


def declare(name, description, properties):
    return {"type": "function", "function": {"name": name, "description": description, "parameters": {
        "type": "object", "properties": {key: {"type": kind, "description": about} for key,
                                         (kind, about) in properties.items()},
        "required": list(properties)}}}


def _tool(family, names, descriptions, *arguments):
    def make(rng):
        keys = [rng.choice(keys) for keys, _, _ in arguments]
        properties = {key: (kind, rng.choice(about)) for key, (_, kind, about) in zip(keys, arguments)}
        name = rng.choice(names)
        tool = Tool(family, name, declare(name, rng.choice(descriptions), properties))
        return tool, keys
    return make


FAMILIES = {
    "weather": _tool("weather", ["get_weather", "weather", "weather_now", "current_weather"],
                     ["Get the weather of a city", "The current weather", "Tells the weather in a city"],
                     (["city", "place", "location"], "string", ["City name", "Name of the city", "The city"])),
    "time": _tool("time", ["get_time", "clock", "time_in", "current_time"],
                  ["Get the time in a city", "The current time", "Tells what time it is"],
                  (["city", "place", "location"], "string", ["City name", "Name of the city", "The city"])),
    "calculate": _tool("calculate", ["calculate", "calculator", "compute"],
                       ["Work out an expression", "A calculator", "Calculates with big numbers"],
                       (["expression", "formula", "input"], "string", ["What to calculate", "The expression",
                                                                       "For example 2 + 3"])),
    "lamp": _tool("lamp", ["set_lamp", "lamp_color", "light"], ["Set the colour of the lamp", "Changes the light",
                                                                "Gives the lamp a colour"],
                  (["color", "colour"], "string", ["The new colour", "Colour of the lamp", "Name of a colour"])),
    "timer": _tool("timer", ["set_timer", "timer", "start_timer"], ["Start a timer", "Sets a timer",
                                                                    "Rings after some minutes"],
                   (["minutes", "duration"], "integer", ["Number of minutes", "How many minutes"])),
    "dice": _tool("dice", ["roll_dice", "dice", "roll"], ["Roll a dice", "Throws a dice", "A random number"],
                  (["sides", "max"], "integer", ["Number of sides", "How many sides it has"])),
    "shopping": _tool("shopping", ["add_item", "shopping_list", "buy"],
                      ["Put something on the shopping list", "Adds to the shopping list"],
                      (["item", "product"], "string", ["What to buy", "The thing to buy"]),
                      (["count", "amount"], "integer", ["How many", "The number of them"])),
    "call": _tool("call", ["call_person", "phone", "start_call"], ["Call a person", "Phones somebody",
                                                                   "Starts a phone call"],
                  (["name", "person", "who"], "string", ["Name of the person", "Who to call"])),
}
SKIES = ["sunny", "cloudy", "rainy", "windy", "snowy", "foggy", "stormy", "clear"]
SAY = {
    "weather": ["What is the weather in {v}?", "How is the weather in {v}?", "Is it raining in {v}?",
                "Tell me the weather in {v}.",
                "Weather in {v}?", "What's the weather like in {v}?", "Is it cold in {v}?",
                "Do I need an umbrella in {v}?"],
    "time": ["What time is it in {v}?", "How late is it in {v}?", "Tell me the time in {v}.", "Time in {v}?",
             "What is the time in {v}?",
             "What's the time in {v} now?"],
    "calculate": ["What is {v}?", "Calculate {v}.", "How much is {v}?", "Work out {v}.", "{v} = ?",
                  "Can you compute {v}?"],
    "lamp": ["Make the lamp {v}.", "Set the lamp to {v}.", "Turn the light {v}.", "I want {v} light.",
             "Change the lamp to {v}.",
             "Please switch the lamp to {v}."],
    "timer": ["Set a timer for {v} minutes.", "Start a timer of {v} minutes.", "Tell me when {v} minutes are over.",
              "Timer {v} minutes.",
              "Wake me in {v} minutes.", "Remind me in {v} minutes."],
    "dice": ["Roll a dice with {v} sides.", "Throw a dice with {v} sides.", "Roll a {v}-sided dice.",
             "Please roll a dice that has {v} sides."],
    "shopping": ["Put {n} {v} on my list.", "I need to buy {n} {v}.", "Add {n} {v} to the shopping list.",
                 "Buy {n} {v}.", "Please add {n} {v}."],
    "call": ["Call {v}.", "Please phone {v}.", "I want to talk to {v}.", "Can you call {v}?",
             "Start a call with {v}.", "Ring {v} for me."],
}


def use(rng, family=None):
    """A tool and a reason to use it."""
    family = family or rng.choice(list(FAMILIES))
    tool, keys = FAMILIES[family](rng)
    n = rng.randrange(2, 13)
    if family in ("weather", "time"):
        value = rng.choice(CITIES)
        if family == "weather":
            sky, degrees = rng.choice(SKIES), rng.randrange(-5, 36)
            result, answer = f"{sky}, {degrees} degrees", f"In {value} it is {sky} with {degrees} degrees."
            accept = [value, sky, str(degrees)]
        else:
            result = f"{rng.randrange(24):02}:{rng.randrange(60):02}"
            answer, accept = f"It is {result} in {value}.", [value, result]
    elif family == "calculate":
        sign = rng.choice("+-*")
        x, y = rng.randrange(100, 1000), rng.randrange(11, 1000 if sign != "*" else 100)
        value = f"{x} {sign} {y}"
        result = str({"+": x + y, "-": x - y, "*": x * y}[sign])
        answer, accept = f"{value} = {result}.", [f"= {result}"]
    elif family == "lamp":
        value, result = rng.choice(COLOURS), "ok"
        answer, accept = f"The lamp is {value} now.", [value]
    elif family == "timer":
        value, result = rng.randrange(2, 61), "ok"
        answer, accept = f"The timer is set to {value} minutes.", [str(value)]
    elif family == "dice":
        value = rng.choice([4, 6, 8, 10, 12, 20, 30, 50])
        result = str(rng.randint(1, value))
        answer, accept = f"I rolled a {result}.", [f" {result}."]
    elif family == "shopping":
        value, result = rng.choice(FOODS), "ok"
        answer, accept = f"I put {n} {value} on the list.", [str(n), value]
    else:
        value, result = rng.choice(NAMES), rng.choice(["ok", "ok", "busy", "no answer"])
        answer = {"ok": f"I am calling {value}.", "busy": f"{value} is busy right now.",
                  "no answer": f"{value} does not answer."}[result]
        accept = [value, {"ok": "calling", "busy": "busy", "no answer": "answer"}[result]]
    text = rng.choice(SAY[family]).format(v=value, n=n)
    arguments = {keys[0]: value} if len(keys) == 1 else {keys[0]: value, keys[1]: n}
    key = ("tool", family, value) if family != "calculate" else ("tool", family, value[:5])
    return Use(tool, capital(text), arguments, result, answer, key, accept)


def distractors(rng, family, count):
    """Other tools that are declared beside the one that is needed."""
    return [FAMILIES[f](rng)[0] for f in rng.sample([f for f in FAMILIES if f != family], count)]
