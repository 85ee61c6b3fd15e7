"""Values that are typed, varied, sound by their own rules, and nobody's."""

import datetime
import random
import re

import pytest
from factories.fixed_text import FixedText
from factories.synthetic_pages import TEXT
from stdnum import iban

from fc_pipeline.images.synthesis.fields import DATE_STYLES, FUNCTION_WORDS, Currency, Fields, write_date


@pytest.fixture
def fields():
    return Fields(random.Random(7), TEXT)


@pytest.mark.parametrize("make", ["name", "company", "street", "phone", "mail", "number", "iban", "product", "date"])
def test_values_hardly_repeat_and_are_seeded(make):
    def draw():
        makers = Fields(random.Random(7), TEXT)
        return [getattr(makers, make)() for _ in range(300)]

    assert len(set(draw())) >= 200
    assert draw() == draw()
    assert all(value.strip() == value and value.isascii() for value in draw())


def test_ibans_phones_and_mail_are_sound_and_of_ranges_and_domains_kept_free(fields):
    free = re.compile(r".*555[ -]01\d\d$|020 7946 0\d{3}$|01632 960\d{3}$|\+44 7700 900\d{3}$")
    reserved = re.compile(r"[\w.-]+@(example\.(com|org|net)|\w+\.example)$")
    assert all(free.match(fields.phone()) and reserved.match(fields.mail(fields.name())) for _ in range(300))
    assert all(iban.is_valid(fields.iban(), check_country=False) for _ in range(200))


def test_dates_are_written_in_every_style():
    written = [write_date(datetime.date(2024, 3, 7), style) for style in DATE_STYLES]
    assert written == ["2024-03-07", "7 March 2024", "07 Mar 2024", "March 7, 2024", "07.03.2024", "03/07/2024"]


def test_amounts_are_written_by_their_currency():
    assert Currency("$", before=True, thousands=",", point=".").write(123456789) == "$1,234,567.89"
    assert Currency("EUR", before=False, thousands=".", point=",").write(5) == "0,05 EUR"
    assert Currency("CHF", before=True, thousands="", point=".").write(100000) == "CHF 1000.00"


def test_a_currency_can_be_drawn_and_cents_stay_in_their_range(fields):
    plain = frozenset("EURUSDCHFGBP$0123456789.,")
    assert {fields.currency(plain).sign for _ in range(100)} == {"$", "EUR", "USD", "CHF", "GBP"}
    amounts = [fields.cents(least=100, most=2_000) for _ in range(500)]
    assert 100 <= min(amounts) < 300 and 1_500 < max(amounts) <= 2_000


def test_words_name_something_and_people_have_an_age(fields):
    talk = Fields(random.Random(1), FixedText(["into", "the", "and", "about", "gradient", "of", "tensor", "with"]))
    assert {talk.word() for _ in range(200)} == {"gradient", "tensor"}
    nothing = Fields(random.Random(1), FixedText(["into", "the", "and", "about"]))
    assert nothing.word() not in FUNCTION_WORDS
    years = [re.search(r"\d{4}", fields.birth_date())[0] for _ in range(300)]
    assert min(years) >= "1935" and max(years) <= "2012"


def test_labels_say_what_their_values_are(fields):
    shapes = {"date": r".*\d.*", "share": r"[\d.]+%", "time": r"\d+:\d\d( [ap]m)?", "contact": r"[A-Z][a-z]+ .+"}
    for _ in range(300):
        label, value = fields.typed()
        word, kind = label.split(" ", 1)
        assert word[0].isupper() and word.lower() not in FUNCTION_WORDS
        assert re.fullmatch(shapes.get(kind, r"\S.*"), value)


def test_percentages_stay_below_what_a_rate_can_be(fields):
    assert max(float(fields.percent(most=30).strip("%")) for _ in range(500)) <= 30
    assert max(float(fields.percent().strip("%")) for _ in range(500)) <= 100


def test_distinct_values_are_distinct(fields):
    for make in (fields.label, fields.product, fields.name, fields.town):
        assert len(set(fields.distinct(make, 12))) == 12
