"""Conversations of examples: a request, a few tools of the source, and the call; or no call where no tool fits."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.evals.chat.calls import read_call, same_calls
from fc_model.strict_json import to_json
from fc_pipeline.instructions.calls.example import Example, Json
from fc_pipeline.instructions.calls.schema import Offered
from fc_pipeline.instructions.validate import Invalid

NO_FIT = "no_fit"
"""`meta.kind` of a conversation in which no offered tool can do what is asked."""
Offer = tuple[Example, str, Conversation | Invalid]
_DECLINES = (
    "Sorry, none of these tools can do that.",
    "I have no tool for this.",
    "That is beyond the tools that I have, sorry.",
    "I can't do that: no tool here fits.",
    "None of my tools does this.",
    "Sorry, I can't help with that; it needs another tool.",
)


def check_call(example: Example) -> None:
    """Raises Invalid where the call does not fit the schema of its tool."""
    call = {"name": example.call.name, "arguments": example.call.arguments}
    try:
        text = to_json(call)
    except ValueError as error:
        raise Invalid("invalid_call", f"{example.call.name}: {error}") from error
    if read_call(text, {example.call.name: example.tool["function"]["parameters"]}) is None:
        raise Invalid("invalid_call", f"{text[:500]} does not fit the schema of {example.call.name}")


@dataclass
class Asked:
    """What was asked before, so that one request has one call."""

    calls: dict[tuple[str, str], ToolCall] = field(default_factory=dict)

    def add(self, example: Example) -> None:
        """Raises Invalid for a request that came before, with the same call or another one."""
        request = (example.system, " ".join(example.request.casefold().split()))
        first = self.calls.setdefault(request, example.call)
        if first is not example.call:
            same = same_calls([first], [example.call])
            raise Invalid("duplicate_request" if same else "ambiguous_request", example.request)


class Offers:
    """Draws the tools beside the right one, half of them of its skill where that has so many."""

    def __init__(self, examples: Sequence[Example], offered: Offered) -> None:
        self._offered = offered
        self._tools: dict[str, Json] = {}
        self._by_skill: dict[str, set[str]] = defaultdict(set)
        self._by_description: dict[str, set[str]] = defaultdict(set)
        self._apart: set[str] = set()
        for example in examples:
            self._tools.setdefault(example.call.name, example.tool)
            self._by_skill[example.skill].add(example.call.name)
            self._by_description[example.tool["function"]["description"]].add(example.call.name)
            if example.is_apart:
                self._apart.add(example.call.name)

    def called(self, example: Example) -> Conversation:
        """The conversation with its call. Raises Invalid where it is too long with its own tool alone."""
        random = self._random(example, "others")
        number = random.randint(self._offered.least_others, self._offered.most_others)
        own = self._by_skill[example.skill]
        near = self._drawn(own - self._alike(example), number - number // 2, random)
        far = self._drawn(self._tools.keys() - own - self._alike(example), number - len(near), random)
        return self._fitting(example, [*near, *far], Message("assistant", tool_calls=(example.call,)), random)

    def declined(self, example: Example) -> Conversation | None:
        """The request with tools of other skills alone; None where it is not drawn, or has no such tools."""
        random = self._random(example, NO_FIT)
        if not example.is_apart or random.random() >= self._offered.no_fit:
            return None
        others = self._apart - self._by_skill[example.skill] - self._alike(example)
        number = max(1, random.randint(self._offered.least_others, self._offered.most_others))
        names = self._drawn(others, number, random)
        if not names:
            return None
        return self._fitting(example, names, Message("assistant", random.choice(_DECLINES)), random)

    def _alike(self, example: Example) -> set[str]:
        """The tool itself, and others with its description: who reads it cannot tell them apart."""
        return {example.call.name} | self._by_description[example.tool["function"]["description"]]

    def _drawn(self, names: set[str], number: int, random: Random) -> list[str]:
        return random.sample(sorted(names), min(number, len(names)))

    def _fitting(self, example: Example, names: list[str], reply: Message, random: Random) -> Conversation:
        opening = (Message("system", example.system),) if example.system else ()
        messages = (*opening, Message("user", example.request), reply)
        own = [example.tool] if reply.tool_calls else []
        while True:
            tools = [*own, *(self._tools[name] for name in names)]
            random.shuffle(tools)
            conversation = Conversation(messages, tuple(tools))
            length = len(to_json(conversation.to_record()))
            if length <= self._offered.max_characters:
                return conversation
            if not names or (len(names) == 1 and not own):
                raise Invalid("too_long", f"{length} characters: {example.request}")
            names = names[:-1]

    def _random(self, example: Example, use: str) -> Random:
        return Random(f"{self._offered.seed}/{use}/{example.key}")


def conversations(examples: Sequence[Example], offered: Offered) -> Iterator[Offer]:
    """(example, kind, conversation or why it is none) of each example, and of those that come again without a tool."""
    offers = Offers(examples, offered)
    for example in examples:
        for kind, made in ((example.kind, offers.called), (NO_FIT, offers.declined)):
            try:
                conversation = made(example)
            except Invalid as refusal:
                yield example, kind, refusal
            else:
                if conversation is not None:
                    yield example, kind, conversation
