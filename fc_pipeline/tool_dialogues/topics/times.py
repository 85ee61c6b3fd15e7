"""Topics of dates, calendars and time zones."""

from functools import cache
from importlib import resources
from random import Random
from typing import Any

from fc_pipeline.tool_dialogues.spelling import clock_spellings, spellings
from fc_pipeline.tool_dialogues.topics.topic import Chain, Drawn, Missing, Topic, spelled
from fc_pipeline.tool_dialogues.values import Values

_AMOUNTS = {"days": (2, 400), "weeks": (2, 60), "months": (2, 40), "years": (2, 60)}


def _date(random: Random, values: Values) -> Drawn:
    date = random.choice(values.dates)
    return Drawn({"date": date}, {"date": spelled(random, date)})


def _two_dates(random: Random, values: Values) -> Drawn:
    start, end = sorted(random.choices(values.dates, k=2))
    return Drawn({"start": start, "end": end}, {"start": spelled(random, start), "end": spelled(random, end)})


def _shift(random: Random, values: Values) -> Drawn:
    date, unit = random.choice(values.dates), random.choice(list(_AMOUNTS))
    amount = values.integer(random, *_AMOUNTS[unit])
    earlier = random.random() < 0.4
    slots = {"date": spelled(random, date), "amount": f"{amount} {unit}", "way": "before" if earlier else "after"}
    return Drawn({"date": date, unit: -amount if earlier else amount}, slots)


def _shift_days(random: Random, values: Values) -> Drawn:
    date, days = random.choice(values.dates), values.integer(random, 2, 900)
    return Drawn({"date": date, "days": days}, {"date": spelled(random, date), "amount": f"{days} days"})


def _month(random: Random, values: Values) -> Drawn:
    year, month = map(int, random.choice(values.dates).split("-")[:2])
    return Drawn({"year": year, "month": month}, {"year": str(year), "month": spellings(month, "month")[-1]})


def _nothing(random: Random, values: Values) -> Drawn:
    return Drawn({}, {})


@cache
def _zones() -> tuple[str, ...]:
    """Zones of places, whose last part is the place."""
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return tuple(name for name in names if name.count("/") == 1 and not name.startswith(("Etc/", "US/", "SystemV/")))


def _zoned_time(random: Random, values: Values) -> Drawn:
    source, target = random.sample(_zones(), 2)
    date = random.choice(values.dates)
    clock = f"{values.integer(random, 0, 23):02}:{random.randrange(0, 60, 5):02}"
    slots = {
        "time": f"{random.choice(clock_spellings(clock))} on {spelled(random, date)}",
        "from_zone": spelled(random, source, "from_zone"),
        "to_zone": spelled(random, target, "to_zone"),
    }
    return Drawn({"time": f"{date}T{clock}", "from_zone": source, "to_zone": target}, slots)


def _paid_days(random: Random, values: Values) -> Drawn:
    drawn = _two_dates(random, values)
    return drawn._replace(slots=drawn.slots | {"price": str(values.integer(random, 2, 300))})


def _until(random: Random, values: Values) -> Drawn:
    date = random.choice(values.dates)
    return Drawn({}, {"date": spelled(random, date), "iso": date})


def _until_call(drawn: Drawn, result: Any) -> dict[str, Any]:
    return {"start": result["time"][:10], "end": drawn.slots["iso"]}


TOPICS = (
    Topic(
        "current_time",
        (
            *("What time is it?", "What is the date today?", "Which day is it today?", "Tell me the time, please."),
            *(
                "Do you know today's date?",
                "What day of the week is it now?",
                "Time and date, please.",
                "What's the time?",
            ),
        ),
        ("It is {weekday}, {time}.", "The time is {time}, a {weekday}.", "{time}, {weekday}."),
        _nothing,
    ),
    Topic(
        "date_difference",
        (
            *("How many days are there from {start} to {end}?", "Days between {start} and {end}?"),
            *("How long is it from {start} until {end}, in days?", "Count the days from {start} to {end}."),
            *("What is the number of days between {start} and {end}?", "How far apart are {start} and {end}?"),
            *(
                "From {start} to {end}: how many days?",
                "I started on {start} and ended on {end}. How many days is that?",
            ),
        ),
        ("{days} days.", "It is {days} days.", "There are {days} days between them.", "That makes {days} days."),
        _two_dates,
        Missing(
            "end",
            ("How many days have passed since {start}, up to another date?", "Count the days from {start}."),
            ("Until which date?", "What is the other date?", "To which day shall I count?"),
        ),
    ),
    Topic(
        "add_to_date",
        (
            *("What date is {amount} {way} {date}?", "Which day is {amount} {way} {date}?", "{amount} {way} {date}?"),
            *("Tell me the date {amount} {way} {date}.", "Find the day {amount} {way} {date}."),
            *("I need the date that lies {amount} {way} {date}.", "When is {amount} {way} {date}?"),
            *("Give me the day {amount} {way} {date}.", "Work out the date {amount} {way} {date}."),
        ),
        ("It is {result_date}, a {weekday}.", "{result_date}.", "That is {weekday}, {result_date}."),
        _shift,
        Missing(
            "date",
            ("What date is {amount} {way} my birthday?", "Find the day {amount} {way} a certain date."),
            ("Which date is that?", "What is the date?", "From which date shall I count?"),
        ),
        lambda result, slots: {"result_date": result["date"]},
    ),
    Topic(
        "weekday",
        (
            *("What day of the week was {date}?", "Which weekday is {date}?", "Is {date} a Monday?"),
            *(
                "On which day of the week does {date} fall?",
                "Tell me the weekday of {date}.",
                "{date} - which weekday?",
            ),
            *("I need the day of the week for {date}.", "What weekday is {date}?", "Find the weekday of {date}."),
        ),
        ("{date} is a {weekday}.", "It is a {weekday}.", "A {weekday}.", "That day is a {weekday}."),
        _date,
        Missing(
            "date",
            ("Which weekday is a certain date?", "Tell me the day of the week.", "I want to know a weekday."),
            ("For which date?", "Which date do you mean?", "What is the date?"),
        ),
    ),
    Topic(
        "month_calendar",
        (
            *("How many days does {month} {year} have?", "Show the calendar of {month} {year}."),
            *("With which weekday does {month} {year} begin?", "Calendar for {month} {year}, please."),
            *("What does {month} {year} look like?", "I need the month calendar of {month} {year}."),
            *("Give me the weeks of {month} {year}.", "On which weekday did {month} {year} start?"),
        ),
        (
            "{month} {year} has {days} days and begins on a {first_weekday}.",
            "It has {days} days, from a {first_weekday}.",
        ),
        _month,
        Missing(
            "year",
            ("Show me the calendar of {month}.", "With which weekday does {month} begin?"),
            ("Of which year?", "Which year?", "In what year?"),
        ),
    ),
    Topic(
        "convert_time_zone",
        (
            *("It is {time} in {from_zone}. What time is it in {to_zone}?", "What is {time} {from_zone} in {to_zone}?"),
            *(
                "Convert {time} from {from_zone} to {to_zone} time.",
                "When it is {time} in {from_zone}, and in {to_zone}?",
            ),
            *("A call starts at {time} in {from_zone}. When is that in {to_zone}?",),
            *("Give me the {to_zone} time for {time} in {from_zone}.", "{time} in {from_zone} is when in {to_zone}?"),
            *("I land at {time}, {from_zone} time. What is the time in {to_zone}?",),
        ),
        ("In {to_zone} it is {result_time}.", "That is {result_time} there.", "{result_time}."),
        _zoned_time,
        None,
        lambda result, slots: {"result_time": result["time"]},
    ),
)

CHAINS = (
    Chain(
        ("date_difference", "calculate"),
        (
            *("I rent a car from {start} to {end} at {price} a day. What does it cost?",),
            *("From {start} to {end} at {price} euros a day, what is the total?",),
            *("Count the days from {start} to {end} and multiply them by {price}.",),
            *("What do I pay for the days between {start} and {end} at {price} each?",),
            *("Days from {start} to {end}, times {price}?",),
        ),
        ("It is {first_days} days, so {result} in all.", "{result}.", "That comes to {result}."),
        _paid_days,
        lambda drawn, result: {"expression": f"{result['days']} * {drawn.slots['price']}"},
    ),
    Chain(
        ("add_to_date", "weekday"),
        (
            *(
                "Which calendar week is it {amount} after {date}?",
                "In which ISO week is the day {amount} after {date}?",
            ),
            *("What week number has the date {amount} after {date}?", "{amount} after {date}: which week is that?"),
            *("Find the calendar week of the day that is {amount} after {date}.",),
        ),
        ("{first_date} is in week {week} of {week_year}.", "It is week {week}.", "Week {week} of {week_year}."),
        _shift_days,
        lambda drawn, result: {"date": result["date"]},
    ),
    Chain(
        ("current_time", "date_difference"),
        (
            *("How many days are there from today to {date}?", "How far is {date} from today?"),
            *("Count the days between today and {date}.", "Days from now to {date}?"),
            *("How many days lie between today and {date}?",),
        ),
        ("From today it is {days} days.", "{days} days.", "It is {days} days."),
        _until,
        _until_call,
    ),
)
