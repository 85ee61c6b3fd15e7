"""Typed values as documents carry them: names, addresses, dates, amounts, numbers.

Everything is combined anew from a `random.Random` and the words of the corpus. Phone numbers are of the ranges that
the regulators keep free for fiction (NANP 555-01xx, Ofcom's numbers for drama), mail addresses of RFC 2606.
"""

import datetime
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

from fc_pipeline.images.synthesis.page import TextPool


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Ada Alan Amara Anna Arjun Astrid Ben Bruno Carla Chen Clara Dalia David Diego Elena Elif Emil Erik Fatima Felix "
    "Freya Grace Hana Hugo Ida Imran Ines Ivan Jan Jonas Julia Kai Karin Kofi Lara Leo Lin Lucia Maja Marco Maria Mei "
    "Mina Nadia Nils Noor Olga Omar Paul Petra Priya Rahel Rosa Samir Sara Tariq Theo Uma Vera Victor Wanda Yara Zoe"
)
ONSETS = _words("B Br C Cr D Dr F Fl G Gr H J K Kl L M N P Pr R S Sch St T Tr V W Z")
NUCLEI = _words("a e i o u au ei ie ea oo")
CLOSES = _words("ck ll ld lm nd nn nt rd rg rk rn rs tt x")
ENDINGS = _words("den ler man mer ner ning son sen ston ter vic ver well witz wood zer")
TOWN_ENDINGS = _words("berg borough bridge bury dale field ford ham haven mouth port stad ton vale ville wick")
STREETS = _words("Street Road Avenue Lane Way Drive Court Square Boulevard Terrace Place Row")
FIRMS = ("Ltd", "Inc.", "GmbH", "LLC", "& Sons", "Group", "Partners", "Co.", "Works", "Labs", "Press", "Supply")
_WORD_TRIES = 4
MONTHS = _words("January February March April May June July August September October November December")
DATE_STYLES = (
    *("{0:%Y-%m-%d}", "{0.day} {1} {0.year}", "{0:%d} {1:.3} {0.year}"),
    *("{1} {0.day}, {0.year}", "{0:%d.%m.%Y}", "{0:%m/%d/%Y}"),
)
"""How a document writes dates: formats of a date and the name of its month."""
FUNCTION_WORDS = frozenset(
    _words(
        "a about above across after again against all almost along already also although always am among an and "
        "another any anyone anything are around as at away be because been before behind being below between both "
        "but by can cannot could did do does doing done down during each either else even ever every everything "
        "few for from get gets getting given go goes going got had has have having he hence her here hers him his "
        "how however i if in into is isn it its itself just least less let like made make makes many may maybe me "
        "might mine more most much must my myself need needs neither never no nobody none nor not nothing now of "
        "off often on once one only onto or other others otherwise our ours out over own per perhaps put quite "
        "rather really same see shall she should since so some someone something soon still such than that the "
        "their theirs them themselves then there therefore these they this those though three through thus to "
        "together too toward towards two under until up upon us use used uses using very was we well were what "
        "whatever when where whether which while who whom whose why will with within without would yes yet you "
        "your yours yourself don doesn didn won aren wasn couldn wouldn"
    )
)
"""Words of English grammar, which name nothing."""
MAIL_DOMAINS = ("example.com", "example.org", "example.net")
# Country, bank code: A letter, 9 digit; after the two check digits (SWIFT, IBAN registry).
IBAN_FORMS = {"AT": "9" * 16, "BE": "9" * 12, "DE": "9" * 18, "DK": "9" * 14, "GB": "AAAA" + "9" * 14}
IBAN_FORMS |= {"CH": "9" * 17, "NL": "AAAA" + "9" * 10, "NO": "9" * 11, "PL": "9" * 24, "SE": "9" * 20}


@dataclass(frozen=True)
class Currency:
    """How amounts of one document are written; amounts are whole numbers of cents."""

    sign: str
    before: bool
    thousands: str
    point: str

    def write(self, cents: int) -> str:
        """Such as $1,234.50 or 1.234,50 EUR."""
        whole, part = divmod(cents, 100)
        number = f"{whole:,}".replace(",", self.thousands) + f"{self.point}{part:02d}"
        if not self.before:
            return f"{number} {self.sign}"
        return f"{self.sign} {number}" if self.sign.isalpha() else f"{self.sign}{number}"


def is_name(word: str) -> bool:
    """Whether a word can name something: a column, a field, a product."""
    return word.isalpha() and len(word) >= 3 and word.lower() not in FUNCTION_WORDS


def write_date(date: datetime.date, style: str) -> str:
    return style.format(date, MONTHS[date.month - 1])


@dataclass(frozen=True)
class Fields:
    """Draws values by chance; `text` is where words of the corpus come from."""

    rng: random.Random
    text: TextPool

    def word(self) -> str:
        """One word of the corpus that names something, 3 to 11 letters, in lower case; a made-up one if it has none."""
        for _ in range(_WORD_TRIES):
            words = [run.strip(string.punctuation) for run in self.text.sentence(self.rng, max_chars=90).split()]
            fitting = [word for word in words if len(word) <= 11 and word.isascii() and is_name(word)]
            if fitting:
                return self.rng.choice(fitting).lower()
        return self.surname().lower()

    def surname(self) -> str:
        """One or two syllables."""
        stem = self.rng.choice(ONSETS) + self.rng.choice(NUCLEI)
        if self.rng.random() < 0.4:
            return stem + self.rng.choice(CLOSES)
        return stem + self.rng.choice(("", "l", "n", "r", "m", "s")) + self.rng.choice(ENDINGS)

    def name(self) -> str:
        """First and last name, some with an initial or a double name."""
        first, last = self.rng.choice(FIRST_NAMES), self.surname()
        shape = self.rng.randrange(8)
        if shape == 0:
            return f"{first} {self.rng.choice(string.ascii_uppercase)}. {last}"
        return f"{first} {last}-{self.surname()}" if shape == 1 else f"{first} {last}"

    def company(self) -> str:
        """A surname, a word of the corpus or both, and what firms put behind."""
        shape = self.rng.randrange(3)
        core = (self.surname(), self.word().title(), f"{self.surname()} {self.word().title()}")[shape]
        return f"{core} {self.rng.choice(FIRMS)}"

    def street(self) -> str:
        name = self.surname() if self.rng.random() < 0.5 else self.word().title()
        return f"{self.rng.randint(1, 399)} {name} {self.rng.choice(STREETS)}"

    def town(self) -> str:
        stem = self.rng.choice(ONSETS) + self.rng.choice(NUCLEI) + self.rng.choice(("", "l", "m", "n", "r", "s"))
        return stem + self.rng.choice(TOWN_ENDINGS)

    def postcode(self) -> str:
        """Five digits, or letters and digits."""
        if self.rng.random() < 0.6:
            return f"{self.rng.randrange(10000, 99999)}"
        letters = "".join(self.rng.choices(string.ascii_uppercase, k=4))
        return f"{letters[:2]}{self.rng.randint(1, 29)} {self.rng.randint(1, 9)}{letters[2:]}"

    def address(self) -> tuple[str, str]:
        return self.street(), f"{self.town()} {self.postcode()}"

    def day(self, first: int = 1990, last: int = 2035) -> datetime.date:
        """Of the years `first` to `last`."""
        days = (datetime.date(last, 12, 31) - datetime.date(first, 1, 1)).days
        return datetime.date(first, 1, 1) + datetime.timedelta(days=self.rng.randrange(days + 1))

    def date(self) -> str:
        return write_date(self.day(), self.rng.choice(DATE_STYLES))

    def birth_date(self) -> str:
        """Of someone who may fill in a form."""
        return write_date(self.day(1935, 2012), self.rng.choice(DATE_STYLES))

    def time(self) -> str:
        """Of 24 or 12 hours."""
        hour, minute = self.rng.randrange(24), self.rng.randrange(60)
        if self.rng.random() < 0.6:
            return f"{hour:02d}:{minute:02d}"
        return f"{hour % 12 or 12}:{minute:02d} {'am' if hour < 12 else 'pm'}"

    def currency(self, characters: frozenset[str]) -> Currency:
        """A way to write amounts that a face with these characters can draw."""
        signs = [sign for sign in ("$", "€", "£", "EUR", "USD", "CHF", "GBP") if characters.issuperset(sign)]
        sign = self.rng.choice(signs)
        thousands, point = self.rng.choice(((",", "."), (",", "."), (".", ","), ("", ".")))
        return Currency(sign, before=self.rng.random() < 0.7, thousands=thousands, point=point)

    def cents(self, *, least: int = 50, most: int = 500_000) -> int:
        """An amount, small ones as likely as large ones; prices often end in 0, 50, 95 or 99."""
        low, high = len(str(least)), len(str(most))
        amount = self.rng.randrange(10 ** self.rng.randint(low, high))
        if self.rng.random() < 0.6:
            amount = amount // 100 * 100 + self.rng.choice((0, 50, 95, 99))
        return max(least, min(most, amount))

    def percent(self, *, most: int = 100) -> str:
        """Up to `most`, with at most one decimal."""
        tenths = self.rng.randrange(1, 10 * most)
        return f"{tenths / 10:.1f}%" if self.rng.random() < 0.5 else f"{max(1, tenths // 10)}%"

    def phone(self) -> str:
        """A number that nobody has."""
        area, last = self.rng.choice("23456789") + f"{self.rng.randrange(100):02d}", self.rng.randrange(1000)
        american = f"({area}) 555-01{last % 100:02d}", f"+1 {area} 555 01{last % 100:02d}"
        british = f"020 7946 0{last:03d}", f"01632 960{last:03d}", f"+44 7700 900{last:03d}"
        return self.rng.choice((*american, *british))

    def mail(self, name: str | None = None) -> str:
        """Of a person, or of an office when no name is given."""
        local = ".".join(name.lower().replace(".", "").split()) if name else self.word()
        domain = f"{self.word()}.example" if self.rng.random() < 0.4 else self.rng.choice(MAIL_DOMAINS)
        return f"{local}@{domain}"

    def number(self, prefix: str = "") -> str:
        """An invoice, order or customer number, with a prefix or one by chance."""
        letters = prefix or "".join(self.rng.choices(string.ascii_uppercase, k=self.rng.randint(1, 3)))
        digits = f"{self.rng.randrange(10**6):06d}"
        year = self.rng.randint(1990, 2035)
        return self.rng.choice((f"{letters}-{digits}", f"{letters}{digits[:5]}", f"{year}-{digits[:4]}", digits))

    def iban(self) -> str:
        """In groups of four, with right length and check digits (ISO 13616, ISO 7064 MOD 97-10); no account known."""
        country = self.rng.choice(sorted(IBAN_FORMS))
        alphabet = {"A": string.ascii_uppercase, "9": string.digits}
        body = "".join(self.rng.choice(alphabet[kind]) for kind in IBAN_FORMS[country])
        value = int("".join(str(int(character, 36)) for character in f"{body}{country}00"))
        whole = f"{country}{98 - value % 97:02d}{body}"
        return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))

    def product(self, *, max_chars: int = 22) -> str:
        """Words of the corpus as a thing to sell, some with a size or model; at most `max_chars` long."""
        words = [self.word().title() for _ in range(self.rng.randint(1, 2))]
        tail = self.rng.choice(("", "", f"{self.rng.randint(2, 90) * 5} g", f"No. {self.rng.randint(1, 99)}"))
        tail = tail or self.rng.choice(("", f"{self.rng.choice(string.ascii_uppercase)}{self.rng.randint(1, 900)}"))
        while len(words) > 1 and len(" ".join([*words, tail])) > max_chars:
            words.pop()
        return " ".join([*words, tail]).strip()[:max_chars].strip()

    def label(self) -> str:
        """One or two words of the corpus with a capital, for a column, a category or a form."""
        words = [self.word() for _ in range(self.rng.randint(1, 2))]
        return " ".join(words).capitalize()

    def typed(self) -> tuple[str, str]:
        """A label by words of the corpus that says of what type its value is, and the value."""
        makers: dict[str, Callable[[], str]] = {
            "no.": self.number,
            "code": self.number,
            "name": self.product,
            "office": self.town,
            "date": self.date,
            "time": self.time,
            "contact": self.name,
            "share": self.percent,
        }
        kind = self.rng.choice(tuple(makers))
        return f"{self.word().capitalize()} {kind}", makers[kind]()

    def distinct(self, make: Callable[[], str], count: int) -> list[str]:
        """`count` different values of a maker."""
        values: dict[str, None] = {}
        while len(values) < count:
            values[make()] = None
        return list(values)
