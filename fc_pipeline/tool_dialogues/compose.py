"""Makes dialogues: draws what is asked, runs the calls, and writes what the assistant does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, TypeVar

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.tools.registry import TOOLS as ALL_TOOLS
from fc_pipeline.tool_dialogues import wording
from fc_pipeline.tool_dialogues.config import WeightedDialogues
from fc_pipeline.tool_dialogues.dialogue import Dialogue, Workbench
from fc_pipeline.tool_dialogues.masking import MaskedTool, masked_conversation, masked_tool, plain_tool
from fc_pipeline.tool_dialogues.topics.registry import CHAINS, TOPICS, fields
from fc_pipeline.tool_dialogues.topics.topic import Drawn, Topic, slots_of
from fc_pipeline.tool_dialogues.values import Values
from fc_pipeline.tool_dialogues.wording import fill

T = TypeVar("T")
Side = Literal["train", "holdout", "blind"]
_HELD_OUT = 4
"""One in so many templates of each list is for the holdout alone, at least one."""
_TRIES = 100
_SAME_TOOL = 0.7
"""Part of the later requests that are for a tool which was needed before, where there is one."""
_LATER = ("single", "no_tool", "no_fit", "missing")
"""Kinds of the later requests of a conversation."""
_MISSPELT = (("table_statistics", "column"), ("filter_table", "column"), ("read_file", "path"), ("weekday", "date"))
"""Tools and the argument that the user gets wrong: the error suggests another, the folder is listed, or it is asked."""


class Redraw(Exception):
    """What was drawn does not work, such as a division by zero: draw again."""


@dataclass
class Composer:
    """Makes one dialogue of a kind after another from `random`."""

    config: WeightedDialogues
    side: Side
    values: Values
    workbench: Workbench
    random: Random
    messages: list[Message] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)
    """Tools that the dialogue needs."""
    excluded: set[str] = field(default_factory=set)
    """Fields of tools that may not be offered: what is declined is of one of them."""
    requests: list[str] = field(default_factory=list)
    """The kind of each message of the user."""

    def __post_init__(self) -> None:
        blind = set(self.config.blind)
        self._known = [name for name in self.config.tools or ALL_TOOLS if name not in blind]
        asked = blind if self.side == "blind" else set(self._known)
        self._topics: dict[str, list[Topic]] = {}
        for topic in TOPICS:
            if topic.tool in asked:
                self._topics.setdefault(topic.tool, []).append(topic)
        self._chains = [chain for chain in CHAINS if asked.issuperset(chain.tools)] if self.side != "blind" else []

    def dialogue(self) -> Dialogue:
        """A dialogue whose first request is of a kind that is drawn by its share, of those that the side has."""
        kind = self._kind(tuple(self.config.kinds.model_dump()))
        self._reasons = self.random.random() < self.config.reasoning
        for _ in range(_TRIES):
            self.messages, self.files, self.used, self.excluded, self.requests = [], {}, {}, set(), []
            if self.random.random() < self.config.system:
                self.messages.append(Message("system", self.random.choice(wording.SYSTEM)))
            if not self._goes_on(kind):
                continue
            for _ in range(self.random.randint(0, self.config.most_requests - 1)):
                self._goes_on(self._kind(_LATER))
            return self._offered(kind)
        raise AssertionError(f"{kind}: nothing that was drawn works")

    def _kind(self, kinds: Sequence[str]) -> str:
        shares = self.config.kind_shares(trained=self.side == "train")
        possible = [kind for kind in kinds if shares[kind] and self._has(kind)] or ["single"]
        return self.random.choices(possible, [shares[kind] or 1 for kind in possible])[0]

    def _goes_on(self, kind: str) -> bool:
        """Whether a request of a kind and what it leads to could be drawn; without them all is as it was."""
        before = list(self.messages), dict(self.files), dict(self.used), set(self.excluded)
        try:
            getattr(self, f"_{kind}")()
        except (Redraw, IndexError):  # an index: a result without the entry that an answer tells, no tool that fits
            self.messages, self.files, self.used, self.excluded = before
            return False
        users = sum(message.role == "user" for message in self.messages)
        self.requests += [kind] * (users - len(self.requests))
        return True

    def _has(self, kind: str) -> bool:
        if kind == "chained":
            return bool(self._chains)
        if kind == "retry":
            return any(tool in self._topics for tool, _ in _MISSPELT)
        if kind == "missing":
            return any(topic.missing for topics in self._topics.values() for topic in topics)
        return self.side != "blind" or kind in ("single", "parallel")

    def _single(self) -> None:
        topic = self._topic()
        drawn = self._draw(topic)
        self._user(self._request(topic.requests, drawn.slots))
        self._answer_with(topic, drawn, self._call(topic.tool, drawn.arguments))

    def _chained(self) -> None:
        chain = self.random.choice(self._chains)
        drawn = chain.draw(self.random, self.values)
        self.files |= drawn.files
        self._user(self._request(chain.requests, drawn.slots))
        first = self._call(chain.tools[0], drawn.arguments)
        second = self._call(chain.tools[1], chain.then(drawn, first), reason="then")
        slots = {**drawn.slots, **slots_of(first, "first_"), **slots_of(second)}
        self._assistant(fill(self._one_of(chain.answers), slots))

    def _parallel(self) -> None:
        """Two or three requests in one message, of one tool or of several; only one of them has files."""
        topic = self._topic()
        topics = [topic] * self.random.choice((2, 2, 3))
        if self.random.random() < 0.5:
            topics = [topic, self._topic(same=0.0)]
        drawn = [self._draw(one) for one in topics]
        if sum(bool(one.files) for one in drawn) > 1:
            raise Redraw
        requests = [fill(self._one_of(one.requests), drew.slots) for one, drew in zip(topics, drawn, strict=True)]
        self._user(wording.joined(self.random, requests))
        calls = [ToolCall(one.tool, self._shuffled(drew.arguments)) for one, drew in zip(topics, drawn, strict=True)]
        if any(call in calls[:number] for number, call in enumerate(calls)):
            raise Redraw
        self._assistant(reason="parallel", calls=calls)
        results = self._results(calls)
        texts = [self._answer(topics[number], drawn[number].slots, result) for number, result in enumerate(results)]
        self._assistant(self.random.choice((" ", "\n")).join(texts))

    def _no_tool(self) -> None:
        question, answer = self.random.choice(_side(wording.PLAIN, self.side))
        slots = wording.plain_slots(self.random, self.values)
        self._user(fill(question, slots))
        self._assistant(fill(answer, slots), reason="no_tool")

    def _no_fit(self) -> None:
        if self.random.random() < 0.3:
            self._user(fill(self._one_of(wording.BEYOND), wording.plain_slots(self.random, self.values)))
        else:
            taken = {name for tool in self.used for name in fields(tool)}
            tool = self.random.choice([tool for tool in self._topics if taken.isdisjoint(fields(tool))])
            self.excluded |= fields(tool)
            topic = self.random.choice(self._topics[tool])
            drawn = topic.draw(self.random, self.values)
            self._user(self._request(topic.requests, drawn.slots))
        self._assistant(self._one_of(wording.REFUSALS), reason="no_fit")

    def _missing(self) -> None:
        askable = {tool: [topic for topic in topics if topic.missing] for tool, topics in self._topics.items()}
        topic = self._topic_of({tool: topics for tool, topics in askable.items() if topics})
        assert topic.missing is not None
        drawn = self._draw(topic)
        self._user(self._request(topic.missing.requests, drawn.slots))
        self._assistant(self._one_of(topic.missing.questions), reason="missing", tool=topic.tool)
        value = drawn.slots[topic.missing.slot]
        self._user(self.random.choice((value, value, f"It is {value}", f"{value}, please", f"Take {value}")))
        self._answer_with(topic, drawn, self._call(topic.tool, drawn.arguments))

    def _retry(self) -> None:
        tool, parameter = self.random.choice([pair for pair in _MISSPELT if pair[0] in self._topics])
        self.used[tool] = None
        topic = self._topics[tool][0]
        drawn = self._draw(topic)
        right = drawn.arguments[parameter]
        wrong = f"{right[:8]}3{self.random.randrange(2, 10)}" if parameter == "date" else self._misspelt(right)
        self._user(self._request(topic.requests, drawn.slots | {parameter: wrong}))
        error = self._call(tool, drawn.arguments | {parameter: wrong}, fails=True)
        reason = "retry"
        if parameter == "date":
            self._assistant(f"{wrong} is not in the calendar. Which date do you mean?")
            self._user(right)
            reason = "call"
        elif parameter == "path":
            self.used["list_files"] = None
            self._call("list_files", {}, reason=reason)
            reason = "then"
        elif not re.search(rf"did you mean '{re.escape(right)}'", error):
            raise Redraw
        slots = drawn.slots | {parameter: right}
        result = self._call(tool, drawn.arguments, reason=reason)
        self._assistant(self._answer(topic, slots, result))

    def _topic(self, *, same: float = _SAME_TOOL) -> Topic:
        """Each tool as its weight says, but for `same`, the part that is for a tool which was needed before."""
        return self._topic_of(self._topics, same=same)

    def _topic_of(self, topics: Mapping[str, Sequence[Topic]], *, same: float = _SAME_TOOL) -> Topic:
        tools = [tool for tool in topics if self.excluded.isdisjoint(fields(tool))]
        again = [tool for tool in tools if tool in self.used]
        chosen = again if again and self.random.random() < same else tools
        tool = self.random.choices(chosen, list(map(self._weight, chosen)))[0]
        self.used[tool] = None
        return self.random.choice(topics[tool])

    def _weight(self, tool: str) -> float:
        return self.config.tool_weight(tool, trained=self.side == "train")

    def _draw(self, topic: Topic) -> Drawn:
        """Only the first request has files: they are there before it."""
        drawn = topic.draw(self.random, self.values)
        if drawn.files and self.requests:
            raise Redraw
        self.files |= drawn.files
        return drawn

    def _one_of(self, templates: Sequence[str]) -> str:
        return self.random.choice(_side(templates, self.side))

    def _request(self, templates: Sequence[str], slots: Mapping[str, str]) -> str:
        return wording.request(self.random, self._one_of(templates), slots)

    def _user(self, text: str) -> None:
        self.messages.append(Message("user", text))

    def _assistant(
        self, text: str = "", *, reason: str | None = None, tool: str = "", calls: Sequence[ToolCall] = ()
    ) -> None:
        reasoning = None
        if reason is not None and self._reasons:
            reasoning = fill(self.random.choice(wording.REASONS[reason]), {"tool": tool})
        self.messages.append(Message("assistant", text, reasoning, tuple(calls)))

    def _call(self, tool: str, arguments: dict[str, Any], *, reason: str = "call", fails: bool = False) -> Any:
        """The result of a call, which the messages have then; of one that fails its error."""
        self.used[tool] = None
        call = ToolCall(tool, self._shuffled(arguments))
        self._assistant(reason=reason, tool=tool, calls=[call])
        return self._results([call], fails=fails)[0]

    def _results(self, calls: Sequence[ToolCall], *, fails: bool = False) -> list[Any]:
        if not any(message.role == "tool" for message in self.messages):
            self.workbench.fill(self.files)
        outcomes = [self.workbench.run(call) for call in calls]
        self.messages += [Message("tool", outcome.text()) for outcome in outcomes]
        if any((outcome.error is not None) is not fails for outcome in outcomes):
            raise Redraw
        return [outcome.error if fails else outcome.value for outcome in outcomes]

    def _answer(self, topic: Topic, slots: Mapping[str, str], result: Any) -> str:
        every = {**slots, **slots_of(result), **topic.shown(result, slots)}
        return fill(self._one_of(topic.answers), every)

    def _answer_with(self, topic: Topic, drawn: Drawn, result: Any) -> None:
        self._assistant(self._answer(topic, drawn.slots, result))

    def _shuffled(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return dict(self.random.sample(list(arguments.items()), len(arguments)))

    def _misspelt(self, word: str) -> str:
        """Two letters change places."""
        place = self.random.randrange(len(word) - 1)
        swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        if swapped == word or "/" in word[place : place + 2] or "." in word[place : place + 2]:
            raise Redraw
        return swapped

    def _offered(self, kind: str) -> Dialogue:
        """The dialogue with the tools that it needs and some others, in an order that tells nothing."""
        others = [tool for tool in self._known if tool not in self.used and self.excluded.isdisjoint(fields(tool))]
        count = self.random.randint(self.config.least_others, self.config.most_others)
        if "no_fit" in self.requests and not self.used:
            count = max(count, 1)
        names = [*self.used, *self.random.sample(others, min(count, len(others)))]
        self.random.shuffle(names)
        tools = [plain_tool(name) for name in names]
        # The error of a call names the tool and its parameters, so that the tool keeps them.
        if self.side != "blind" and kind != "retry" and self.random.random() < self.config.tool_masking:
            tools = self._masked(names)
        conversation = masked_conversation(Conversation(tuple(self.messages)), tools)
        return Dialogue(tuple(self.requests), conversation, tuple(tools), dict(self.files))

    def _masked(self, names: Sequence[str]) -> list[MaskedTool]:
        tools: list[MaskedTool] = []
        for name in names:
            tools.append(masked_tool(name, self.random, taken=[tool.name for tool in tools]))
        return tools


def _side(templates: Sequence[T], side: Side) -> Sequence[T]:
    """The templates that a side takes from: the last ones are the holdout's; those of blind tools are all unseen."""
    if side == "blind" or len(templates) == 1:
        return templates
    held_out = max(1, len(templates) // _HELD_OUT)
    return templates[-held_out:] if side == "holdout" else templates[:-held_out]
