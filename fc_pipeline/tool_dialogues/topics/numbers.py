"""Topics of numbers: arithmetic, bases, factors, numerals, check digits, statistics, units."""

from collections.abc import Mapping
from random import Random
from typing import Any

from fc_model.strict_json import to_json
from fc_pipeline.tool_dialogues.spelling import spellings
from fc_pipeline.tool_dialogues.topics.topic import Chain, Drawn, Missing, Topic, listed, spelled
from fc_pipeline.tool_dialogues.values import Values

_UNITS = (
    ("millimetre", "centimetre", "metre", "kilometre", "inch", "foot", "yard", "mile", "nautical_mile"),
    ("gram", "kilogram", "tonne", "ounce", "pound", "stone"),
    ("millilitre", "litre", "us_gallon", "us_cup", "us_pint"),
    ("hectare", "acre", "square_metre", "square_foot", "square_kilometre", "square_mile"),
    ("metre_per_second", "kilometre_per_hour", "mile_per_hour", "knot"),
    ("second", "minute", "hour", "day", "week"),
    ("kilobyte", "megabyte", "gigabyte", "mebibyte", "gibibyte"),
    ("kilojoule", "kilocalorie", "kilowatt_hour"),
    ("hectopascal", "bar", "atmosphere", "pound_per_square_inch"),
    ("celsius", "fahrenheit", "kelvin"),
)
STATISTICS = {
    "mean": ("mean", "average"),
    "median": ("median",),
    "sum": ("sum", "total"),
    "max": ("maximum", "largest value"),
    "min": ("minimum", "smallest value"),
    "standard_deviation": ("standard deviation",),
}
"""Fields of a summary, as people name them."""


def asked_statistic(summary: Mapping[str, Any], slots: Mapping[str, str]) -> str:
    """The field that the slot `statistic` names."""
    return next(to_json(summary[key]) for key, names in STATISTICS.items() if slots["statistic"] in names)


def statistic(random: Random) -> str:
    return random.choice(random.choice(list(STATISTICS.values())))


def _expression(random: Random, values: Values) -> Drawn:
    a, b, c = (to_json(values.number(random)) for _ in range(3))
    whole = str(values.integer(random, 2, 500))
    simple = (f"{a} + {b}", f"{a} - {b}", f"{a} * {b}", f"{a} / {b}", f"{whole}^2", f"sqrt({whole})")
    longer = (f"{whole} * {b} / 100", f"({a} + {b}) * {c}", f"{a} * {b} + {c}", f"{a} - {b} / {whole}")
    expression = random.choice((*simple, *longer))
    return Drawn({"expression": expression}, {"expression": spelled(random, expression)})


def _base(random: Random, values: Values) -> Drawn:
    base, target = random.sample((2, 8, 10, 16), 2)
    number, digits = values.integer(random, 3, 99_999), ""
    while number:
        number, digit = divmod(number, base)
        digits = "0123456789abcdef"[digit] + digits
    names = {"from_base": spellings(base, "from_base")[1], "to_base": spellings(target, "to_base")[1]}
    return Drawn({"number": digits, "from_base": base, "to_base": target}, {"number": digits, **names})


def _whole(random: Random, values: Values) -> Drawn:
    number = values.integer(random, 12, 999_999)
    return Drawn({"number": number}, {"number": spelled(random, number)})


def _several(random: Random, values: Values) -> Drawn:
    numbers = values.integer_list(random, random.randint(2, 3), 4, 5_000)
    return Drawn({"numbers": numbers}, {"numbers": listed(random, numbers)})


def _roman(random: Random, values: Values) -> Drawn:
    value = str(values.integer(random, 1, 3999))
    return Drawn({"value": value}, {"value": value})


def _check_digit(random: Random, values: Values) -> Drawn:
    """A number of 13 digits, one in two with another check digit than it should have."""
    kind = random.choice(("isbn", "ean"))
    digits = "978" if kind == "isbn" else "40"
    while len(digits) < 12:
        digits += str(values.integer(random, 10, 99_999))
    digits = digits[:12]
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    digits += str(check if random.random() < 0.5 else (check + random.randint(1, 9)) % 10)
    return Drawn({"kind": kind, "number": digits}, {"kind": spellings(kind)[1], "number": digits})


def _judged(result: Any, slots: Mapping[str, str]) -> dict[str, Any]:
    return {"verdict": "valid" if result["valid"] else "not valid"}


def _numbers(random: Random, values: Values) -> Drawn:
    numbers = [values.number(random) for _ in range(random.randint(3, 7))]
    return Drawn({"numbers": numbers}, {"numbers": listed(random, numbers), "statistic": statistic(random)})


def _sorting(random: Random, values: Values) -> Drawn:
    count, order = random.randint(3, 6), random.choice(("ascending", "descending"))
    numbers = random.random() < 0.5
    items: list[Any] = values.integer_list(random, count, 1, 9_999) if numbers else random.sample(values.words, count)
    wording = spelled(random, order) if numbers else f"in {order} order"
    return Drawn({"items": items, "order": order}, {"items": listed(random, items), "order": wording})


def _measure(random: Random, values: Values) -> Drawn:
    source, target = random.sample(random.choice(_UNITS), 2)
    value = values.number(random)
    names = {"from_unit": random.choice(spellings(source)[1:]), "to_unit": random.choice(spellings(target)[1:])}
    arguments = {"value": value, "from_unit": source, "to_unit": target}
    return Drawn(arguments, {"value": spelled(random, value), **names})


def _list_and_factor(random: Random, values: Values) -> Drawn:
    numbers, factor = values.integer_list(random, random.randint(3, 5), 2, 900), values.integer(random, 2, 99)
    return Drawn({"numbers": numbers}, {"numbers": listed(random, numbers), "factor": str(factor)})


TOPICS = (
    Topic(
        "calculate",
        (
            *(
                "What is {expression}?",
                "Calculate {expression}.",
                "How much is {expression}?",
                "Work out {expression}.",
            ),
            *("Can you compute {expression} for me?", "I need the value of {expression}.", "{expression} = ?"),
            *("Tell me what {expression} comes to.", "Please evaluate {expression}.", "Find {expression}."),
        ),
        ("{expression} is {result}.", "The result is {result}.", "That makes {result}.", "It comes to {result}."),
        _expression,
        Missing(
            "expression",
            ("Can you calculate something for me?", "I have a sum to work out.", "Please do some arithmetic for me."),
            ("Gladly. What shall I calculate?", "Which expression is it?", "What is the calculation?"),
        ),
    ),
    Topic(
        "convert_base",
        (
            *("Convert the {from_base} number {number} to {to_base}.", "What is {from_base} {number} in {to_base}?"),
            *("Write {number} ({from_base}) in {to_base}.", "How is {from_base} {number} written in {to_base}?"),
            *("{number} is {from_base}; give me the {to_base} form.", "I have {from_base} {number}. In {to_base}?"),
            *("Change {number} from {from_base} to {to_base}.", "Turn {from_base} {number} into {to_base}."),
        ),
        (
            "In {to_base} it is {result}.",
            "{number} is {result} in {to_base}.",
            "That is {result}.",
            "It reads {result}.",
        ),
        _base,
        Missing(
            "number",
            ("Convert a {from_base} number to {to_base}.", "I want a {from_base} number in {to_base}."),
            ("Which number is it?", "What number shall I convert?", "Please tell me the number."),
        ),
    ),
    Topic(
        "prime_factors",
        (
            *("Factor {number} into primes.", "What are the prime factors of {number}?", "Is {number} prime?"),
            *("Which primes multiply to {number}?", "Give me the prime factorisation of {number}."),
            *("Split {number} into prime factors.", "Decompose {number} into primes.", "Factorise {number}."),
        ),
        ("The prime factors of {number} are {result}.", "Its prime factors: {result}.", "They are {result}."),
        _whole,
        Missing(
            "number",
            ("Factor a number for me.", "I need the prime factors of a number.", "Can you factorise something?"),
            ("Which number?", "What is the number?", "Tell me the number, please."),
        ),
    ),
    Topic(
        "common_divisor",
        (
            *("What is the greatest common divisor of {numbers}?", "GCD of {numbers}?", "Find the gcd of {numbers}."),
            *("Which is the largest number that divides {numbers}?", "Greatest common factor of {numbers}, please."),
            *("Give me the gcd of {numbers}.", "Compute the highest common factor of {numbers}."),
            *("What do {numbers} have as greatest common divisor?",),
        ),
        ("It is {greatest_common_divisor}.", "The greatest common divisor is {greatest_common_divisor}."),
        _several,
    ),
    Topic(
        "roman_numeral",
        (
            *("Write {value} as a Roman numeral.", "What is {value} in Roman numerals?", "{value} in Roman, please."),
            *("How did the Romans write {value}?", "Convert {value} to a Roman numeral.", "Roman numeral for {value}?"),
            *("I need {value} in Roman numerals.", "Show {value} in Roman numerals."),
        ),
        ("{value} is {numeral}.", "It is written {numeral}.", "In Roman numerals: {numeral}.", "{numeral}."),
        _roman,
        Missing(
            "value",
            ("Write a year in Roman numerals.", "I need a Roman numeral."),
            ("Which number shall I write?", "For which number?", "What is the number?"),
        ),
    ),
    Topic(
        "check_number",
        (
            *("Is {number} a valid {kind}?", "Check the {kind} {number}.", "Does the {kind} {number} check out?"),
            *("Validate this {kind}: {number}", "Is the check digit of {kind} {number} right?"),
            *("I was given the {kind} {number}. Is it correct?", "Can {number} be an {kind}?"),
            *("Verify {kind} {number} for me.",),
        ),
        ("The {kind} {number} is {verdict}.", "{number} is {verdict}.", "That {kind} is {verdict}."),
        _check_digit,
        Missing(
            "number",
            ("Check an {kind} for me.", "Can you tell whether an {kind} is valid?"),
            ("What is the number?", "Which number shall I check?", "Please give me the number."),
        ),
        _judged,
    ),
    Topic(
        "list_statistics",
        (
            *("What is the {statistic} of {numbers}?", "Find the {statistic} of these numbers: {numbers}."),
            *("My readings are {numbers}. What is their {statistic}?", "{statistic} of {numbers}, please."),
            *("Compute the {statistic} for {numbers}.", "I measured {numbers}. Give me the {statistic}."),
            *("For the values {numbers}, what is the {statistic}?", "Give the {statistic} of {numbers}."),
        ),
        ("The {statistic} is {value}.", "Their {statistic} is {value}.", "It is {value}.", "{value}."),
        _numbers,
        Missing(
            "numbers",
            ("What is the {statistic} of my numbers?", "Compute the {statistic} of a list for me."),
            ("Which numbers?", "What are the numbers?", "Please list the numbers."),
        ),
        lambda result, slots: {"value": asked_statistic(result, slots)},
    ),
    Topic(
        "sort_list",
        (
            *("Sort {items}, {order}.", "Put these {order}: {items}.", "Order {items} {order}."),
            *("Arrange {items}, {order} please.", "I want {items} sorted {order}.", "Can you sort {items} {order}?"),
            *("List {items} again, {order}.", "Here are some items: {items}. Sort them {order}."),
        ),
        ("Sorted: {result}.", "Here they are: {result}.", "The order is {result}."),
        _sorting,
    ),
    Topic(
        "convert_units",
        (
            *("Convert {value} {from_unit} to {to_unit}.", "How many {to_unit} are {value} {from_unit}?"),
            *("What is {value} {from_unit} in {to_unit}?", "{value} {from_unit} in {to_unit}?"),
            *(
                "Express {value} {from_unit} in {to_unit}.",
                "I have {value} {from_unit}. How much is that in {to_unit}?",
            ),
            *("Change {value} {from_unit} into {to_unit}.", "Turn {value} {from_unit} into {to_unit}, please."),
        ),
        ("{value} {from_unit} is {result} {to_unit}.", "That is {result} {to_unit}.", "It makes {result} {to_unit}."),
        _measure,
        Missing(
            "value",
            ("Convert some {from_unit} to {to_unit}.", "I need a value in {from_unit} as {to_unit}."),
            ("How many {from_unit}?", "What is the value?", "Which value shall I convert?"),
        ),
    ),
)

CHAINS = (
    Chain(
        ("list_statistics", "calculate"),
        (
            *(
                "Take the mean of {numbers} and multiply it by {factor}.",
                "What is {factor} times the mean of {numbers}?",
            ),
            *("Average {numbers}, then multiply by {factor}.", "Mean of {numbers} times {factor}?"),
            *("I need the mean of {numbers}, multiplied by {factor}.",),
        ),
        ("The mean is {first_mean}, and times {factor} that is {result}.", "It is {result}.", "You get {result}."),
        _list_and_factor,
        lambda drawn, result: {"expression": f"{to_json(result['mean'])} * {drawn.slots['factor']}"},
    ),
    Chain(
        ("common_divisor", "prime_factors"),
        (
            *("Find the greatest common divisor of {numbers} and factor it.", "Factor the gcd of {numbers}."),
            *("What are the prime factors of the greatest common divisor of {numbers}?",),
            *("Gcd of {numbers}, split into primes, please.", "Which primes make up the gcd of {numbers}?"),
        ),
        ("The divisor is {first_greatest_common_divisor}, with the prime factors {result}.", "They are {result}."),
        lambda random, values: _multiples(random, values),
        lambda drawn, result: {"number": result["greatest_common_divisor"]},
    ),
)


def _multiples(random: Random, values: Values) -> Drawn:
    factor = values.integer(random, 6, 400)
    numbers = [factor * value for value in random.sample(range(2, 40), 2)]
    return Drawn({"numbers": numbers}, {"numbers": listed(random, numbers)})
