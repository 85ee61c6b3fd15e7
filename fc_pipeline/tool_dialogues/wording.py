"""Words that belong to no tool: how people begin and end a request, questions without tools, refusals, reasons."""

import re
from collections.abc import Mapping
from random import Random

from fc_pipeline.tool_dialogues.values import Values

SYSTEM = (
    "You are a helpful assistant.",
    "You are an assistant with tools. Use them when they help.",
    "Answer briefly. Call a tool where one fits.",
    "You help people with short questions.",
    "Use the tools that you have, and say so if none fits.",
)
_BEFORE = ("", "", "", "", "Hi! ", "Hello, ", "Hey. ", "Quick question: ", "One more: ", "Could you help me? ", "OK, ")
_AFTER = ("", "", "", "", " Thanks!", " Thank you.", " Please.", "\n", "  ", " It is urgent.")
_JOINTS = (" Also: ", " And: ", "\n", " Then another one: ", "\nSecondly, ")
REASONS = {
    "call": ("This needs `{tool}`.", "`{tool}` can do this.", "I call `{tool}`.", "`{tool}` fits the request."),
    "then": ("Now `{tool}` takes the result.", "With this I call `{tool}`.", "Next is `{tool}`."),
    "parallel": ("The requests are independent, so I call the tools at once.", "Neither needs the other's result."),
    "no_tool": ("The message itself has the answer.", "No tool is needed for this."),
    "no_fit": ("None of the tools can do this.", "No tool fits this request."),
    "missing": ("An argument of `{tool}` is missing.", "`{tool}` needs something that I was not told."),
    "retry": ("The call failed, and the error tells why.", "That did not work; I change the call."),
}
REFUSALS = (
    "I'm sorry, I have no tool for that.",
    "I can't do that with the tools I have.",
    "Sorry, none of my tools can do this.",
    "I'm afraid that is beyond the tools I have.",
    "My tools don't cover that, sorry.",
    "Unfortunately I have nothing that does this.",
    "That needs a tool I don't have, I'm sorry.",
    "I'm sorry, but I can't help with that here.",
)
BEYOND = (
    *("Book a table for {name} tonight.", "Play a song by {name}.", "Send {name} an e-mail about the {word}."),
    *("Turn off the light in the {word} room.", "Order {number} pizzas.", "Call {name} and say I am late."),
    *('Post "{word}" on my page.', "Set an alarm for {name}.", "Buy {number} shares of {name}."),
    *("Start the washing machine.", "Print {number} copies of my thesis.", "Take a photo of the {word}."),
)
"""Requests that no tool of ours can do."""
PLAIN = (
    ("My number is {number}. What is my number?", "Your number is {number}."),
    ("The parcel {number} goes to {name}. Who gets it?", "{name} gets it."),
    ("{name} likes {word} and {other} likes {word2}. What does {other} like?", "{other} likes {word2}."),
    ("Remember the word {word}. Which word was it?", "The word was {word}."),
    ("Repeat after me: {sentence}", "{sentence}"),
    ("{name} has the key, {other} has the map. Who has the map?", "{other} has the map."),
    ("The code of the door is {number}, says {name}. What is the code?", "The code is {number}."),
    ("I call my cat {name}. What is the name of my cat?", "Your cat is called {name}."),
    ("Hello, I am {name}.", "Hello {name}, how can I help?"),
    ("Thank you, that was all about {word}.", "You're welcome."),
    ("It says: {sentence} What does it say?", "It says: {sentence}"),
    ("First {word}, then {word2}. What comes first?", "First comes {word}."),
    ("Room {number} belongs to {name}. Which room does {name} have?", "{name} has room {number}."),
    ("My favourite word is {word}, not {word2}. Which one do I like?", "You like {word}."),
    ("{name} sits left of {other}. Who sits on the left?", "{name} sits on the left."),
    ("We meet in {word}, {name} told me. Where do we meet?", "You meet in {word}."),
)
"""Questions that hold their answer."""


def fill(template: str, slots: Mapping[str, str]) -> str:
    """The template with its {slots}; nothing that a slot holds is a slot."""
    return re.sub(r"\{(\w+)\}", lambda match: slots[match[1]], template)


def request(random: Random, template: str, slots: Mapping[str, str]) -> str:
    """A template, with or without a greeting, a thank-you, a capital at its start, white space at its end."""
    before = random.choice(_BEFORE)
    if template[0].isalpha() and (random.random() < 0.1 or before.endswith((": ", ", "))):
        template = template[0].lower() + template[1:] if not template.startswith("I ") else template
    return before + fill(template, slots) + random.choice(_AFTER)


def joined(random: Random, requests: list[str]) -> str:
    joint = random.choice(_JOINTS)
    return joint.join(text.strip() for text in requests)


def plain_slots(random: Random, values: Values) -> dict[str, str]:
    """For PLAIN and BEYOND."""
    name, other = random.sample(values.names, 2)
    word, word2 = random.sample(values.words, 2)
    return {
        "number": str(values.integer(random, 2, 99_999)),
        "sentence": random.choice(values.sentences),
        "name": name,
        "other": other,
        "word": word,
        "word2": word2,
    }
