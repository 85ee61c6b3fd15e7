"""Topics of texts and of JSON documents, and of the search over the corpus."""

from random import Random
from typing import Any

from fc_model.strict_json import to_json
from fc_pipeline.tool_dialogues.spelling import spellings
from fc_pipeline.tool_dialogues.topics.topic import Chain, Drawn, Missing, Topic
from fc_pipeline.tool_dialogues.values import Values

_PATTERNS = (r"\d+", r"\b[A-Z]\w*", r"\b\w{4}\b", r"\b\w+ing\b", r"\b[aeiou]\w*")


def text_of(random: Random, values: Values) -> str:
    """A sentence, or some words of one."""
    sentence = random.choice(values.sentences)
    words = sentence.rstrip(".").split()
    return sentence if random.random() < 0.4 else " ".join(words[: random.randint(2, 6)])


def _text(random: Random, values: Values) -> Drawn:
    text = text_of(random, values)
    return Drawn({"text": text}, {"text": text})


def _change(random: Random, values: Values) -> Drawn:
    text, operation = text_of(random, values), random.choice(("uppercase", "lowercase", "reverse", "reverse_words"))
    return Drawn(
        {"text": text, "operation": operation},
        {"text": text, "operation": random.choice(spellings(operation)[1:])},
    )


def _letter(random: Random, values: Values) -> Drawn:
    text = text_of(random, values)
    letter = random.choice([character for character in text.lower() if character.isalpha()])
    return Drawn({"text": text, "count": letter}, {"text": text, "count": letter})


def _pattern(random: Random, values: Values) -> Drawn:
    pattern = random.choice(_PATTERNS)
    text = random.choice(values.sentences)
    if pattern == r"\d+":
        numbers = values.integer_list(random, 2, 2, 9_999)
        text = f"{text.rstrip('.')}, {numbers[0]} or {numbers[1]}."
    return Drawn({"text": text, "pattern": pattern}, {"text": text, "pattern": spellings(pattern)[1]})


def _document(random: Random, values: Values) -> Drawn:
    names, keys = random.sample(values.names, min(3, len(values.names))), random.sample(values.words, 2)
    inner = {name: values.integer(random, 1, 9_999) for name in names}
    document: dict[str, Any] = {keys[0]: inner, keys[1]: values.integer(random, 1, 9_999)}
    slots = {"document": to_json(document), "key": random.choice(names), "outer": keys[0]}
    return Drawn({"document": document, "pointer": f"/{keys[0]}/{slots['key']}"}, slots)


def _query(random: Random, values: Values) -> Drawn:
    query = " ".join(random.sample(values.words, 2))
    return Drawn({"query": query, "limit": 1}, {"query": query, "limit": "1"})


TOPICS = (
    Topic(
        "text_statistics",
        (
            *('How many words are in "{text}"?', 'Count the characters of "{text}".', 'How long is "{text}"?'),
            *('Count the words in this: "{text}"', 'How many characters does "{text}" have?'),
            *('Words and characters of "{text}", please.', 'Tell me the length of "{text}".'),
            *('I wrote "{text}". How many words is that?',),
        ),
        ("It has {words} words and {characters} characters.", "{words} words, {characters} characters."),
        _text,
        Missing(
            "text",
            ("Count the words of my text.", "How long is my text?", "Can you count words for me?"),
            ("What is the text?", "Please write the text.", "Which text shall I count?"),
        ),
    ),
    Topic(
        "text_statistics",
        (
            *('How many times does "{count}" occur in "{text}"?', 'How often is there "{count}" in "{text}"?'),
            *('Count every "{count}" in "{text}".', 'How many "{count}" are in "{text}"?'),
            *('In "{text}", how often does "{count}" appear?', 'Number of "{count}" in "{text}"?'),
            *('How often do I use "{count}" when I write "{text}"?', 'Find how many "{count}" are in "{text}".'),
        ),
        ('"{count}" occurs {occurrences} times.', "{occurrences} times.", "It occurs {occurrences} times."),
        _letter,
    ),
    Topic(
        "transform_text",
        (
            *(
                'Write "{text}" in {operation}.',
                'Put "{text}" in {operation}.',
                'How does "{text}" look in {operation}?',
            ),
            *('Change "{text}": {operation}, please.', '"{text}" in {operation}?', 'I want "{text}", but {operation}.'),
            *('Give me "{text}" in {operation}.', 'Rewrite "{text}": {operation}.'),
        ),
        ("{result}", "Here it is: {result}", 'It becomes "{result}".', "Done: {result}"),
        _change,
        Missing(
            "text",
            ("Write a text in {operation}.", "I want a text changed: {operation}."),
            ("Which text?", "What is the text?", "Please write the text."),
        ),
    ),
    Topic(
        "find_pattern",
        (
            *('Find the {pattern} in "{text}"', 'Which {pattern} are in "{text}"?', 'List all {pattern} of "{text}"'),
            *(
                'Are there {pattern} in "{text}"?',
                'Pick out the {pattern}: "{text}"',
                'Show me the {pattern} in "{text}"',
            ),
            *('Extract the {pattern} from "{text}"', 'How many {pattern} has "{text}"?'),
        ),
        ("There are {count}: {matches}", "{count} in all: {matches}", "I count {count}. {matches}"),
        _pattern,
    ),
    Topic(
        "query_json",
        (
            *("What is {outer}, {key} in {document}?", "In {document}, find {key} of {outer}."),
            *("Read {key} under {outer} from {document}", "Here is a document: {document} What is {key} in {outer}?"),
            *("Which value has {key} in {outer}? {document}", "Get {outer} / {key} out of {document}"),
            *("{document} - what stands at {key} within {outer}?", "Find the value of {key} below {outer}: {document}"),
        ),
        ("It is {result}.", "{key} is {result}.", "The value is {result}."),
        _document,
    ),
    Topic(
        "search_corpus",
        (
            *(
                "Find {limit} document about {query}.",
                "Search for {query} and show {limit} hit.",
                "{limit} hit on {query}?",
            ),
            *("What is the {limit} best document on {query}?", "Look up {query}; {limit} result will do."),
            *("Show me {limit} text about {query}.", "Search the documents for {query}, {limit} only."),
            *("I need {limit} source on {query}.",),
        ),
        ("The best one is {title}.", "I found {title}.", "See {title}."),
        _query,
        None,
        lambda result, slots: {"title": result["documents"][0]["title"] or result["documents"][0]["id"]},
    ),
)

CHAINS = (
    Chain(
        ("transform_text", "text_statistics"),
        (
            *('Remove the extra spaces of "{text}" and count its characters.',),
            *('Collapse the spaces in "{text}", then tell me how long it is.',),
            *('How many characters has "{text}" without its extra spaces?',),
            *('Without extra spaces, how long is "{text}"?', 'Tidy the spaces of "{text}" and count the characters.'),
        ),
        ("It has {characters} characters.", "{characters} characters, in {words} words.", "{characters}."),
        lambda random, values: _spaced(random, values),
        lambda drawn, result: {"text": result},
    ),
)


def _spaced(random: Random, values: Values) -> Drawn:
    words = random.choice(values.sentences).split()[:6]
    text = "".join(word + " " * random.randint(1, 3) for word in words).strip()
    return Drawn({"text": text, "operation": "collapse_spaces"}, {"text": text})
