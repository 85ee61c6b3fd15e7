"""The word problems: their questions, their numbers, their steps, and the formula that checks them."""

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import NamedTuple

from fc_pipeline.tool_dialogues.values import Values

Numbers = dict[str, Fraction]


class Step(NamedTuple):
    """A line of the chain: `{=}` in the sentence becomes the expression and its value, which later lines may name.

    Without a sentence it is no line, only a value.
    """

    name: str
    expression: str
    value: Callable[[Numbers], Fraction]
    sentence: str


class Story(NamedTuple):
    """A word problem.

    Attributes:
        draw: its numbers; names and goods are drawn for all.
        formula: of the answer, for the calculator, over the numbers of the question.
        unit: behind the answer.
    """

    name: str
    questions: tuple[str, ...]
    draw: Callable[[Random, Values], Numbers]
    steps: tuple[Step, ...]
    formula: str
    unit: str = ""
    percent: bool = False


def _price(random: Random) -> Fraction:
    return Fraction(random.randrange(5, 400), random.choice((1, 2, 4, 10)))


def _buy(random: Random, values: Values) -> Numbers:
    count, price = Fraction(values.integer(random, 2, 40)), _price(random)
    paid = Fraction(-(-(count * price) // 10) * 10 + random.randrange(0, 5) * 10)
    return {"count": count, "price": price, "paid": paid}


def _two(random: Random, values: Values) -> Numbers:
    return {
        "first": Fraction(values.integer(random, 10, 2_000)),
        "second": Fraction(values.integer(random, 10, 2_000)),
        "third": Fraction(values.integer(random, 2, 20)),
    }


def _trip(random: Random, values: Values) -> Numbers:
    return {
        "distance": Fraction(values.integer(random, 20, 900)),
        "hours": Fraction(random.randrange(2, 25), 2),
        "more": Fraction(random.randrange(1, 9)),
    }


def _discount(random: Random, values: Values) -> Numbers:
    return {"price": Fraction(values.integer(random, 20, 3_000)), "off": Fraction(random.randrange(1, 19) * 5)}


def _share(random: Random, values: Values) -> Numbers:
    total = Fraction(values.integer(random, 30, 3_000))
    return {"total": total, "boxes": Fraction(random.randrange(3, 25))}


def _growth(random: Random, values: Values) -> Numbers:
    before = Fraction(values.integer(random, 10, 2_000))
    return {"before": before, "after": before + values.integer(random, 2, 2_000)}


def _room(random: Random, values: Values) -> Numbers:
    return {
        "length": Fraction(values.integer(random, 3, 60)),
        "width": Fraction(random.randrange(4, 60), 2),
        "price": _price(random),
    }


def _interest(random: Random, values: Values) -> Numbers:
    return {
        "sum": Fraction(values.integer(random, 100, 5_000)),
        "rate": Fraction(random.randrange(1, 17), 2),
        "years": Fraction(random.randrange(2, 9)),
    }


_STORIES = (
    Story(
        "change",
        (
            "{name} buys {count} {goods} at {price} each and pays with {paid}. How much change does {name} get?",
            "One of the {goods} costs {price}. {name} takes {count} of them and hands over {paid}. What is the change?",
            "{name} has {paid} and spends it on {count} {goods}, {price} apiece. How much is left?",
            "At {price} each, {name} orders {count} {goods} and pays {paid}. How much money comes back?",
        ),
        _buy,
        (
            Step("cost", "{count} * {price}", lambda n: n["count"] * n["price"], "Together the {goods} cost {=}."),
            Step("left", "{paid} - {cost}", lambda n: n["paid"] - n["cost"], "Of {paid} remain {=}."),
        ),
        "{paid} - {count} * {price}",
    ),
    Story(
        "sum",
        (
            "{name} has {first} {goods} and {other} has {second}. How many do both have, if each gets {third} more?",
            "{first} {goods} belong to {name}, {second} to {other}, and each of them adds {third}. How many are there?",
            "Add {third} to the {first} {goods} of {name}, and {third} to the {second} of {other}. How many are that?",
            "{name} owns {first} {goods}, {other} {second}. Both buy {third} more. How many do they own together?",
        ),
        _two,
        (
            Step("mine", "{first} + {third}", lambda n: n["first"] + n["third"], "{name} then has {=}."),
            Step("yours", "{second} + {third}", lambda n: n["second"] + n["third"], "{other} then has {=}."),
            Step("all", "{mine} + {yours}", lambda n: n["mine"] + n["yours"], "Both have {=}."),
        ),
        "{first} + {second} + 2 * {third}",
    ),
    Story(
        "times",
        (
            "{name} has {third} times as many {goods} as {other}, who has {first}. How many do both have?",
            "{other} counts {first} {goods}; {name} has {third} times that. How many are there in all?",
            "If {other} has {first} {goods} and {name} {third} times as many, what is the total?",
            "There are {first} {goods} in one box and {third} times as many in another. How many in both?",
        ),
        _two,
        (
            Step("product", "{third} * {first}", lambda n: n["third"] * n["first"], "The larger part is {=}."),
            Step("all", "{product} + {first}", lambda n: n["product"] + n["first"], "With the other part it is {=}."),
        ),
        "{first} * ({third} + 1)",
    ),
    Story(
        "speed",
        (
            "A train covers {distance} km in {hours} hours. How many km per hour is that?",
            "{name} drives {distance} km in {hours} hours. What is the average speed in km/h?",
            "In {hours} hours a ship goes {distance} km. How fast is it, in km/h?",
            "It takes a bus {hours} hours for {distance} km. What is its mean speed in km per hour?",
        ),
        _trip,
        (
            Step(
                "speed",
                "{distance} / {hours}",
                lambda n: n["distance"] / n["hours"],
                "Speed is distance by time: {=}.",
            ),
        ),
        "{distance} / {hours}",
        "km/h",
    ),
    Story(
        "distance",
        (
            "{name} rides at {distance} km/h for {hours} hours and then walks {more} km. How many km is that in all?",
            "{name} travels {hours} hours at {distance} km/h, and {more} km more on foot. How long is the way in km?",
            "A car drives {hours} hours at {distance} km/h and {more} km more. What distance is that in km?",
            "How many km does a train go in {hours} hours at {distance} km/h, if {more} km are added at the end?",
        ),
        _trip,
        (
            Step("way", "{distance} * {hours}", lambda n: n["distance"] * n["hours"], "In that time it is {=} km."),
            Step("all", "{way} + {more}", lambda n: n["way"] + n["more"], "With the rest it is {=} km."),
        ),
        "{distance} * {hours} + {more}",
        "km",
    ),
    Story(
        "discount",
        (
            "A coat costs {price} and is reduced by {off}%. What does it cost now?",
            "{name} gets {off}% off a bill of {price}. How much has to be paid?",
            "The price of {price} falls by {off}%. What is the new price?",
            "With a discount of {off}%, what remains to be paid of {price}?",
        ),
        _discount,
        (
            Step("less", "{price} * {off} / 100", lambda n: n["price"] * n["off"] / 100, "The reduction is {=}."),
            Step("now", "{price} - {less}", lambda n: n["price"] - n["less"], "So the price is {=}."),
        ),
        "{price} * (100 - {off}) / 100",
    ),
    Story(
        "boxes",
        (
            "{name} packs {total} {goods} into boxes of {boxes}. How many boxes are full?",
            "{total} {goods} go into boxes that hold {boxes} each. How many full boxes does that make?",
            "How many boxes of {boxes} can be filled with {total} {goods}?",
            "{boxes} {goods} fit into a box. How many boxes does {name} fill with {total}?",
        ),
        _share,
        (
            Step("full", "", lambda n: Fraction(n["total"] // n["boxes"]), ""),
            Step("packed", "{full} * {boxes}", lambda n: n["full"] * n["boxes"], "{full} boxes hold {=} {goods}."),
            Step("rest", "{total} - {packed}", lambda n: n["total"] - n["packed"], "{=} stay outside, too few."),
            Step("answer", "{packed} / {boxes}", lambda n: n["packed"] / n["boxes"], "So {=} boxes are full."),
        ),
        "floor({total} / {boxes})",
    ),
    Story(
        "left_over",
        (
            "{total} {goods} are shared equally by {boxes} people. How many are left over?",
            "{name} shares {total} {goods} among {boxes} friends, each gets as many. How many remain?",
            "What is the remainder when {total} {goods} are divided among {boxes}?",
            "{boxes} children take the same number of {total} {goods}. How many does nobody get?",
        ),
        _share,
        (
            Step("each", "", lambda n: Fraction(n["total"] // n["boxes"]), "Each gets {each}."),
            Step("taken", "{each} * {boxes}", lambda n: n["each"] * n["boxes"], "That is {=} in all."),
            Step("rest", "{total} - {taken}", lambda n: n["total"] - n["taken"], "There remain {=}."),
        ),
        "{total} % {boxes}",
    ),
    Story(
        "growth",
        (
            "Last year there were {before} {goods}, this year {after}. By how many percent has the number grown?",
            "{name} had {before} {goods} and has {after} now. What is the growth in percent?",
            "From {before} to {after}: how large is the increase in percent?",
            "The number of {goods} rises from {before} to {after}. How many percent more is that?",
        ),
        _growth,
        (
            Step("more", "{after} - {before}", lambda n: n["after"] - n["before"], "The increase is {=}."),
            Step(
                "percent", "{more} / {before} * 100", lambda n: n["more"] / n["before"] * 100, "In percent it is {=}."
            ),
        ),
        "({after} / {before} - 1) * 100",
        percent=True,
    ),
    Story(
        "floor",
        (
            "A floor is {length} m long and {width} m wide. A square metre of carpet costs {price}. What does it cost?",
            "{name} lays tiles at {price} a square metre in a room of {length} m by {width} m. What is the price?",
            "At {price} per square metre, what does a field of {length} m by {width} m cost?",
            "A wall measures {length} m by {width} m, and paint for a square metre costs {price}. How much is it?",
        ),
        _room,
        (
            Step("area", "{length} * {width}", lambda n: n["length"] * n["width"], "The area is {=} square metres."),
            Step("cost", "{area} * {price}", lambda n: n["area"] * n["price"], "That costs {=}."),
        ),
        "{length} * {width} * {price}",
    ),
    Story(
        "fence",
        (
            "A garden is {length} m long and {width} m wide. How many metres of fence go around it?",
            "What is the perimeter, in metres, of a rectangle of {length} m by {width} m?",
            "{name} walks once around a square of {length} m by {width} m. How many metres is that?",
            "How long, in metres, is a rope around a table of {length} m by {width} m?",
        ),
        _room,
        (
            Step("half", "{length} + {width}", lambda n: n["length"] + n["width"], "Two sides have {=} m."),
            Step("around", "2 * {half}", lambda n: 2 * n["half"], "All four have {=} m."),
        ),
        "2 * {length} + 2 * {width}",
        "m",
    ),
    Story(
        "interest",
        (
            "{name} lends {sum} at {rate}% simple interest a year. How much interest is due after {years} years?",
            "What simple interest does a deposit of {sum} bring in {years} years at {rate}% a year?",
            "At {rate}% a year without compounding, how much interest do {sum} earn in {years} years?",
            "{sum} are saved for {years} years at a simple rate of {rate}%. What is the interest?",
        ),
        _interest,
        (
            Step("yearly", "{sum} * {rate} / 100", lambda n: n["sum"] * n["rate"] / 100, "A year brings {=}."),
            Step("all", "{yearly} * {years}", lambda n: n["yearly"] * n["years"], "In {years} years it is {=}."),
        ),
        "{sum} * {rate} * {years} / 100",
    ),
)
STORIES = {story.name: story for story in _STORIES}
