"""What texts state: numbers, lists of them, dates and times, and names of values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from fc_model.chat.grounding.moments import MONTH_NAME, clocks_in, date_times_in, dates_in, month_number
from fc_model.chat.grounding.numbers import BETWEEN, DIALLED, LESS, MINUS, Number, implied, read, value_of
from fc_model.chat.messages import Message
from fc_model.strict_json import to_json
from fc_model.tools.arguments import MAX_DIGITS

_MOST_IMPLIED = 200
_SHORT = 3


@dataclass(frozen=True)
class Statements:
    """What texts state: numbers, lists of them, dates and times."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "Statements":
        """What all say but the assistant."""
        return cls(tuple(message.content for message in messages if message.role != "assistant"))

    @cached_property
    def lists(self) -> tuple[tuple[Number, ...], ...]:
        """Numbers that stand together; where none do, all of a text, too."""
        lists: list[tuple[Number, ...]] = []
        for text, matches in self._readings:
            together, end = list[list[Number]](), 0
            for match in matches:
                if (value := value_of(match[0])) is None:
                    continue
                if not together or not BETWEEN.fullmatch(text[end : match.start()]):
                    together.append([])
                together[-1].append(value)
                end = match.end()
            if len(together) > 1 and all(len(one) == 1 for one in together):
                together.append([one[0] for one in together])
            lists += map(tuple, together)
        return tuple(dict.fromkeys(lists))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Without repeats; also the negative ones of `5 days before`."""
        values = map(value_of, (*self._written, *self._implied))
        stated = dict.fromkeys(value for value in values if value is not None)
        if any(LESS.search(text) for text in self.texts):
            stated |= dict.fromkeys(-value for value in stated if value)
        return tuple(stated)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """Numbers as texts, without signs: whole, and the parts between separators."""
        figures = [*self._implied]
        for text in self._written:
            unsigned = text.lstrip(MINUS)
            figures += [unsigned.replace(",", ""), *re.findall(r"[\d.]+", unsigned)]
        dialled = [re.sub(r"\D", "", match[0]) for text in self.texts for match in DIALLED.finditer(text)]
        figures += dialled[-_MOST_IMPLIED:]
        figures += [to_json(value) for value in map(value_of, figures) if value is not None]  # 04 is 4, and .5 is 0.5
        return tuple(dict.fromkeys(figures))

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """As YYYY-MM-DD, see `dates_in`."""
        return tuple(dates_in(dict.fromkeys(text for text, _ in self._readings)))

    @cached_property
    def clocks(self) -> tuple[str, ...]:
        """As HH:MM of 24 hours, or HH:MM:SS."""
        return tuple(clocks_in(text for text, _ in self._readings))

    @cached_property
    def date_times(self) -> tuple[str, ...]:
        """As YYYY-MM-DDTHH:MM, or to the second; with a zone and fractions where they were written so."""
        return tuple(date_times_in(self.texts, dates=self.dates, clocks=self.clocks))

    def named(self, spellings: Mapping[str, Iterable[str]]) -> list[str]:
        """The values that texts name, as whole words and not as a part of another's name; names up to three letters by
        their case, too, since K is no kilo."""
        text = "\n".join(self.texts)
        folded = text.casefold()
        mentions: dict[str, list[tuple[int, int]]] = {}
        for value, names in spellings.items():
            for name in names:
                if name.casefold() in folded:
                    mentions.setdefault(value, []).extend(match.span() for match in _whole(name).finditer(text))
        spans = [span for places in mentions.values() for span in places]

        def stands_alone(span: tuple[int, int]) -> bool:
            return not any(low <= span[0] and span[1] <= high and (low, high) != span for low, high in spans)

        return [value for value, places in mentions.items() if any(map(stands_alone, places))]

    @property
    def _written(self) -> Iterator[str]:
        return (match[0] for _, matches in self._readings for match in matches)

    @cached_property
    def _implied(self) -> tuple[str, ...]:
        """Months by their numbers, dates and times by their parts, and what words mean."""
        months = [month_number(match[0]) for text in self.texts for match in MONTH_NAME.finditer(text)]
        parts = [part for moment in (*self.dates, *self.clocks) for part in re.split("[-:]", moment)]
        every = (*map(str, months), *implied(self.texts, [text for text, _ in self._readings]), *parts)
        return tuple(dict.fromkeys(figures for figures in every if len(figures) <= MAX_DIGITS))[-_MOST_IMPLIED:]

    @cached_property
    def _readings(self) -> list[tuple[str, list[re.Match[str]]]]:
        return read(self.texts)


def _whole(name: str) -> re.Pattern[str]:
    """A name as whole words."""
    start, end = (r"(?<![\w'’])" if name[:1].isalnum() else ""), (r"(?!\w)" if name[-1:].isalnum() else "")
    return re.compile(start + re.escape(name) + end, re.NOFLAG if len(name) <= _SHORT else re.IGNORECASE)
