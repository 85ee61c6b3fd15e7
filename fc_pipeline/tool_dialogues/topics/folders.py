"""Topics of files and tables, made for each dialogue: notes of sentences, tables of what the corpus has."""

from collections.abc import Mapping
from random import Random
from typing import Any

from fc_model.strict_json import to_json
from fc_pipeline.tool_dialogues.spelling import spellings
from fc_pipeline.tool_dialogues.topics.numbers import asked_statistic, statistic
from fc_pipeline.tool_dialogues.topics.texts import text_of
from fc_pipeline.tool_dialogues.topics.topic import Chain, Drawn, Missing, Topic
from fc_pipeline.tool_dialogues.values import Values

_TABLES = {
    "documents": ("source", "characters", "words", "lines"),
    "words": ("word", "letters", "vowels"),
    "dates": ("date", "year", "day"),
}
"""The first column is text, the others are whole numbers."""


def _rows(random: Random, values: Values, table: str) -> list[tuple[Any, ...]]:
    count = random.randint(4, 9)
    if table == "documents":
        return [tuple(row) for row in random.choices(values.lengths, k=count)]
    if table == "words":
        words = random.sample(values.words, count)
        return [(word, len(word), sum(letter in "aeiou" for letter in word)) for word in words]
    return [(date, int(date[:4]), int(date[8:])) for date in random.choices(values.dates, k=count)]


def _file(random: Random, values: Values, kind: str) -> str:
    folder = random.choice(("", "", "data/", f"{random.choice(values.words)}/"))
    return f"{folder}{random.choice(values.words)}.{kind}"


def _notes(random: Random, values: Values) -> str:
    return "".join(f"{text}\n" for text in random.sample(values.sentences, min(len(values.sentences), 3)))


def _others(random: Random, values: Values) -> dict[str, str]:
    return {_file(random, values, "txt"): f"{text_of(random, values)}\n" for _ in range(random.randint(0, 2))}


def _table(random: Random, values: Values) -> tuple[str, str, list[tuple[Any, ...]], dict[str, str]]:
    """Kind and name of a table, its rows, and all files."""
    kind = random.choice(list(_TABLES))
    name, rows = _file(random, values, "csv"), _rows(random, values, kind)
    lines = [",".join(_TABLES[kind]), *(",".join(map(str, row)) for row in rows)]
    return kind, name, rows, {**_others(random, values), name: "\n".join(lines) + "\n"}


def _statistics(random: Random, values: Values) -> Drawn:
    kind, name, _, files = _table(random, values)
    column = random.choice(_TABLES[kind][1:])
    return Drawn(
        {"file": name, "column": column},
        {"file": name, "column": column, "statistic": statistic(random)},
        files,
    )


def _filtered(random: Random, values: Values) -> Drawn:
    kind, name, rows, files = _table(random, values)
    place = random.randrange(1, len(_TABLES[kind]))
    value, sign = random.choice(rows)[place], random.choice((">", "<", "=="))
    arguments = {"file": name, "column": _TABLES[kind][place], "operator": sign, "value": value}
    slots = {"file": name, "column": _TABLES[kind][place], "value": str(value)}
    return Drawn(arguments, {**slots, "operator": random.choice(spellings(sign)[1:])}, files)


def _note(random: Random, values: Values) -> Drawn:
    name = _file(random, values, "txt")
    return Drawn({"path": name}, {"path": name}, {**_others(random, values), name: _notes(random, values)})


def _written(random: Random, values: Values) -> Drawn:
    name, text = _file(random, values, "txt"), text_of(random, values)
    return Drawn({"path": name, "text": text}, {"path": name, "text": text}, _others(random, values))


def _listed(random: Random, values: Values) -> Drawn:
    return Drawn({}, {}, {_file(random, values, "txt"): _notes(random, values), **_others(random, values)})


def _wanted(random: Random, values: Values) -> Drawn:
    name, notes = _file(random, values, "txt"), _notes(random, values)
    word = random.choice([word.strip(".,") for word in notes.split() if len(word) > 4] or notes.split())
    return Drawn({"text": word}, {"text": word}, {**_others(random, values), name: notes})


def _paths(result: Any, slots: Mapping[str, str]) -> dict[str, Any]:
    return {"paths": ", ".join(entry["path"] for entry in result["files"])}


def _first_hit(result: Any, slots: Mapping[str, str]) -> dict[str, Any]:
    return {"path": result["hits"][0]["path"], "line": str(result["hits"][0]["line"])}


TOPICS = (
    Topic(
        "table_statistics",
        (
            *("What is the {statistic} of {column} in {file}?", "{statistic} of the column {column} of {file}?"),
            *(
                "Find the {statistic} of {column} in the table {file}.",
                "In {file}, what is the {statistic} of {column}?",
            ),
            *(
                "Compute the {statistic} for {column}, from {file}.",
                "Read {file} and give me the {statistic} of {column}.",
            ),
            *(
                "I have the table {file}. What is the {statistic} of {column}?",
                "{file}: {statistic} of {column}, please.",
            ),
        ),
        ("The {statistic} of {column} is {value}.", "It is {value}.", "In {file} it is {value}."),
        _statistics,
        Missing(
            "column",
            ("What is the {statistic} in {file}?", "Compute the {statistic} of a column of {file}."),
            ("Of which column?", "Which column do you mean?", "Which column shall I take?"),
        ),
        lambda result, slots: {"value": asked_statistic(result["statistics"], slots)},
    ),
    Topic(
        "filter_table",
        (
            *(
                "Which rows of {file} have {column} {operator} {value}?",
                "Rows of {file} with {column} {operator} {value}?",
            ),
            *(
                "How many rows in {file} have a {column} {operator} {value}?",
                "Filter {file}: {column} {operator} {value}.",
            ),
            *("Show the lines of {file} where {column} is {operator} {value}.",),
            *(
                "In {file}, find {column} {operator} {value}.",
                "Count the rows of {file} with {column} {operator} {value}.",
            ),
            *("From {file}, keep what has {column} {operator} {value}.",),
        ),
        ("{count} rows.", "There are {count} such rows.", "{count} rows have {column} {operator} {value}."),
        _filtered,
        Missing(
            "value",
            (
                "Which rows of {file} have {column} {operator} a limit?",
                "Filter {file} by {column}, {operator} a value.",
            ),
            ("Which value?", "What is the limit?", "Which number shall I compare with?"),
        ),
    ),
    Topic(
        "read_file",
        (
            *("What is in {path}?", "Read {path}.", "Show me the file {path}.", "Open {path}, please."),
            *("What does {path} say?", "Print {path}.", "I want to see {path}.", "Give me the text of {path}."),
        ),
        ("It says: {text}", "{text}", "Here is {path}: {text}"),
        _note,
        Missing(
            "path",
            ("Read a file to me.", "Open my file, please.", "Show me what is in a file."),
            ("Which file?", "What is the file called?", "Which file shall I read?"),
        ),
    ),
    Topic(
        "write_file",
        (
            *('Write "{text}" to {path}.', 'Save "{text}" as {path}.', 'Put "{text}" into the file {path}.'),
            *('Make a file {path} that says "{text}".', 'Store "{text}" in {path}.', 'Create {path} with "{text}".'),
            *('Note in {path}: "{text}"', 'Please keep "{text}" in {path}.'),
        ),
        ("Done: {path} has {bytes} bytes.", "I wrote {bytes} bytes to {path}.", "{path} is written, {bytes} bytes."),
        _written,
        Missing(
            "path",
            ('Save "{text}" for me.', 'Write "{text}" to a file.'),
            ("To which file?", "What shall the file be called?", "Under which name?"),
        ),
    ),
    Topic(
        "list_files",
        (
            *("Which files are there?", "List my files.", "What is in the folder?", "Show all files."),
            *(
                "What files do I have?",
                "Give me a list of the files.",
                "How many files are in the folder?",
                "My files?",
            ),
        ),
        ("There are {count}: {paths}", "{count} files: {paths}", "The folder has {count}: {paths}"),
        _listed,
        None,
        _paths,
    ),
    Topic(
        "search_files",
        (
            *('Which file mentions "{text}"?', 'Find "{text}" in my files.', 'Where did I write "{text}"?'),
            *('Search my files for "{text}".', 'Is there "{text}" in any file?', 'Look for "{text}" in the folder.'),
            *('In which file is "{text}"?', 'Which line has "{text}"?'),
        ),
        ("In {path}, line {line}.", "{path} has it, in line {line}.", "Line {line} of {path}."),
        _wanted,
        Missing(
            "text",
            ("Search my files for something.", "Find a word in my files."),
            ("What shall I search for?", "Which word?", "What is the text?"),
        ),
        _first_hit,
    ),
)

CHAINS = (
    Chain(
        ("table_statistics", "calculate"),
        (
            *("What is the largest {column} in {file} minus the smallest?", "Range of {column} in {file}?"),
            *("In {file}, by how much do the maximum and minimum of {column} differ?",),
            *(
                "Subtract the smallest {column} from the largest in {file}.",
                "How wide is the range of {column} in {file}?",
            ),
        ),
        ("The range is {result}.", "{result}.", "It is {result}."),
        _statistics,
        lambda drawn, result: {"expression": _range(result)},
    ),
    Chain(
        ("search_files", "read_file"),
        (
            *('Find the file with "{text}" and read it to me.', 'Open the file that mentions "{text}".'),
            *('Which file has "{text}"? Show it.', 'Search for "{text}" and print the file.'),
            *('Read the file in which "{text}" stands.',),
        ),
        ("It says: {text}", "{text}", "Here it is: {text}"),
        _wanted,
        lambda drawn, result: {"path": result["hits"][0]["path"]},
    ),
)


def _range(result: Any) -> str:
    statistics = result["statistics"]
    return f"{to_json(statistics['max'])} - {to_json(statistics['min'])}"
