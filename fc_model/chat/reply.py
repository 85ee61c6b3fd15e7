"""The assistant's turn while it is drawn: which tokens the chat format allows, and the message that they make."""

import codecs
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fc_model.chat.escaping import unescape_text
from fc_model.chat.messages import Message, ToolCall
from fc_model.errors import UserError
from fc_model.inference.grammar import CUT_JSON, FormConstraint, JsonGrammar, PatternGrammar
from fc_model.inference.text_codec import TextCodec
from fc_model.special_tokens import END_OF_TURN, SPECIAL_TOKENS
from fc_model.strict_json import parse_json, to_json

State = Literal["begin", "reasoning", "text", "call", "called", "end"]
_SPECIAL: dict[State, dict[str, State]] = {
    "begin": {"<reasoning>": "reasoning", "<tool>": "call", END_OF_TURN: "end"},
    "reasoning": {"</reasoning>": "text"},
    "text": {"<tool>": "call", END_OF_TURN: "end"},
    "call": {"</tool>": "called"},
    "called": {"<tool>": "call", END_OF_TURN: "end"},
    "end": {},
}
"""The special tokens that may come in each state, and where they lead. Text leads from `begin` to `text`."""

_BRACKETS = frozenset(b"]}")
_NUMBER = tuple(bytes([byte]) for byte in b"0123456789.eE+-")
_SPARE_TOKENS, _SPARE_PART = 8, 8
"""More than a call takes in the tokenizer's own pieces: a model writes others."""
_LONGEST_ESCAPE = max(map(len, SPECIAL_TOKENS)) + 1


class ReplyFormat:
    """The chat format's turn of the assistant, whose calls are of these tools."""

    def __init__(
        self, codec: TextCodec, tools: Sequence[Mapping[str, Any]] = (), *, pattern: str | None = None
    ) -> None:
        """`tools` as in `Conversation`; `pattern` is what a text matches that stands in front of any call.

        Raises UserError for a schema that cannot be enforced.
        """
        self.codec = codec
        self.texts = None if pattern is None else PatternGrammar(pattern, codec)
        self.grammar = JsonGrammar(call_schema(tools), codec) if tools else None
        needed = [to_json(_needed_call(tool)) for tool in tools]
        most = max(map(len, codec.tokenize(needed)), default=0)
        self.call_tokens = most + most // _SPARE_PART + _SPARE_TOKENS
        """So many tokens before its end a reply begins nothing new, and a call is brought to its end."""
        self.following: dict[State, dict[int, State]] = {
            state: {
                codec.special(name): after
                for name, after in special.items()
                if self.grammar is not None or after != "call"
            }
            for state, special in _SPECIAL.items()
        }
        text_V, self.closing, self.digits_V = _text_tables(codec)
        self.allowed: dict[State, NDArray[np.bool_]] = {}
        self.allowed_late: dict[State, NDArray[np.bool_]] = {}
        """The same, but for the beginning of a call."""
        for state, special_ids in self.following.items():
            allowed_V = text_V.copy() if state in ("begin", "reasoning", "text") else np.zeros_like(text_V)
            allowed_V[list(special_ids)] = True
            self.allowed[state], self.allowed_late[state] = allowed_V, allowed_V.copy()
            self.allowed_late[state][[token for token, after in special_ids.items() if after == "call"]] = False


class Reply:
    """One turn; a `fc_model.inference.generate.Constraint`."""

    def __init__(self, form: ReplyFormat, num_tokens: int | None = None) -> None:
        """`num_tokens` is how many there may be, if that is bounded: what is called is brought to its end in time."""
        self._form, self._num_left = form, num_tokens
        self.state: State = "begin"
        self._call: FormConstraint | None = None
        self._text = None if form.texts is None else form.texts.begin()
        self._texts: dict[State, bytes] = {"reasoning": b"", "text": b"", "call": b""}
        self._calls: list[str] = []

    def allowed(self) -> NDArray[np.bool_]:
        """Which ids may follow, (V,)."""
        hurries = self._num_left is not None and self._num_left <= self._form.call_tokens
        if self._call is None:
            allowed_V = (self._form.allowed_late if hurries else self._form.allowed)[self.state]
            return allowed_V if self._text is None else self._of_pattern(allowed_V, self._text)
        allowed_V = self._call.allowed()
        allowed_V[self._form.codec.eos] = False
        if self._call.is_complete:  # only then may the call end, which is the end of its JSON
            return self._form.allowed["call"] if hurries else allowed_V | self._form.allowed["call"]
        if not hurries:
            return allowed_V
        inside = _ends_in_string(self._texts["call"])
        closing_V = allowed_V & self._form.closing[inside]
        if not inside and not closing_V.any():  # a member is still to come: the number before it may only end
            closing_V = allowed_V & ~self._form.digits_V
        return closing_V if closing_V.any() else _whole_pieces(allowed_V, self._form.codec)

    def _of_pattern(self, allowed_V: NDArray[np.bool_], text: FormConstraint) -> NDArray[np.bool_]:
        """Of the allowed ids those with which the text goes on, or ends."""
        if self.state not in ("begin", "text"):
            return allowed_V
        going_on_V = text.allowed()
        others = list(self._form.following[self.state])
        going_on_V[others] = text.is_complete
        return allowed_V & going_on_V

    def accept(self, token: int) -> None:
        """Go on with an allowed token."""
        if self._num_left is not None:
            self._num_left -= 1
        after = self._form.following[self.state].get(token)
        if after is None:
            if self._call is not None:
                self._call.accept(token)
            self.state = "text" if self.state == "begin" else self.state
            if self._text is not None and self.state == "text":
                self._text.accept(token)
            self._texts[self.state] += self._form.codec.pieces([token])[0]
            return
        if self._call is not None:
            self._calls.append(self._texts["call"].decode())
        self.state, self._call, self._texts["call"] = after, None, b""
        if after == "call":
            assert self._form.grammar is not None, "no call without tools"
            self._call = self._form.grammar.begin()

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return unescape_text(_decoded(self._texts["reasoning"]))

    def text(self, *, final: bool = True) -> str:
        """The text so far; what may be the beginning of a character or an escape is left out unless it is `final`."""
        text = _decoded(self._texts["text"], final=final)
        if not final and "<" in text[-_LONGEST_ESCAPE:]:
            text = text[: text.rindex("<")]
        return unescape_text(text)

    def message(self) -> Message:
        """What is whole of it: a call that has not ended is left out."""
        return Message("assistant", self.text(), self.reasoning or None, tuple(map(_call_of, self._calls)))

    @property
    def calls(self) -> tuple[str, ...]:
        """JSON of the calls of the message, as it was written."""
        return tuple(self._calls)


class JsonReply:
    """A turn that is JSON of a schema and nothing else; a `fc_model.inference.generate.Constraint`."""

    state: State = "text"
    reasoning = ""
    calls: tuple[str, ...] = ()

    def __init__(self, grammar: JsonGrammar, codec: TextCodec, num_tokens: int) -> None:
        self._constraint, self._codec, self._num_tokens = grammar.begin(), codec, num_tokens
        self._json = b""

    def allowed(self) -> NDArray[np.bool_]:
        """Which ids may follow, (V,)."""
        return self._constraint.allowed()

    def accept(self, token: int) -> None:
        """Go on with an allowed token."""
        self._constraint.accept(token)
        if token != self._codec.eos:
            self._json += self._codec.pieces([token])[0]

    def text(self, *, final: bool = True) -> str:
        """The JSON so far."""
        return _decoded(self._json, final=final)

    def message(self) -> Message:
        """Raises UserError when the JSON is not whole."""
        if not self._constraint.is_complete:
            raise UserError(CUT_JSON.format(self._num_tokens))
        return Message("assistant", self.text())


def _whole_pieces(allowed_V: NDArray[np.bool_], codec: TextCodec) -> NDArray[np.bool_]:
    """The allowed ids without those that only begin another one: what must be written takes few tokens so."""
    ids = np.flatnonzero(allowed_V).tolist()
    ordered = sorted(zip(codec.pieces(ids), ids, strict=True))
    whole_V = allowed_V.copy()
    for (piece, token), (after, _) in pairwise(ordered):
        whole_V[token] = not (piece != after and after.startswith(piece))
    return whole_V


@lru_cache(maxsize=4)
def _text_tables(
    codec: TextCodec,
) -> tuple[NDArray[np.bool_], dict[bool, NDArray[np.bool_]], NDArray[np.bool_]]:
    """Ids of text, (V,), those that close JSON and open nothing, and those that may prolong a number.

    Those that close are of two kinds: a string and what is around it (True), or what holds no string (False).
    """
    text_V = np.ones(codec.vocab_size, dtype=np.bool_)
    text_V[codec.control_tokens] = False
    closing = {True: text_V.copy(), False: text_V.copy()}
    digits_V = np.zeros_like(text_V)
    ids = np.flatnonzero(text_V).tolist()
    for place, piece in zip(ids, codec.pieces(ids), strict=True):
        closing[True][place] = piece.startswith(b'"') and _BRACKETS.issuperset(piece[1:])
        closing[False][place] = bool(piece) and _BRACKETS.issuperset(piece)
        digits_V[place] = piece[:1] in _NUMBER
    return text_V, closing, digits_V


def call_schema(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """JSON Schema of a call of any of the tools. A `$ref` of a tool's parameters leads where it led, since each of them
    has an `$id`: without one `#` would be the schema of the call."""
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"const": tool["function"]["name"]},
                "arguments": {**arguments_schema(tool), "$id": f"tool:{number}"},
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for number, tool in enumerate(tools)
    ]
    return calls[0] if len(calls) == 1 else {"anyOf": calls}


def arguments_schema(tool: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schema of the arguments of a call: no parameter but those that the tool names, unless it says otherwise."""
    parameters = tool["function"].get("parameters") or {"type": "object"}
    return {"additionalProperties": False, **parameters} if "properties" in parameters else dict(parameters)


def _needed_call(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A call with no more than it needs: values of no length, and the longest where there is a choice of whole ones."""
    return {"name": tool["function"]["name"], "arguments": _needed_value(arguments_schema(tool))}


def _needed_value(schema: Any) -> Any:
    match schema:
        case {"const": value}:
            return value
        case {"enum": [*values]} if values:
            return max(values, key=lambda value: len(to_json(value)))
        case {"anyOf": [*choices]} if choices:
            return max(map(_needed_value, choices), key=lambda value: len(to_json(value)))
        case {"prefixItems": [*items]}:
            return list(map(_needed_value, items))
        case {"properties": dict(properties)}:
            return {name: _needed_value(properties.get(name)) for name in schema.get("required", ())}
    return ""


def _ends_in_string(json: bytes) -> bool:
    """Whether JSON that is not whole breaks off inside a string."""
    inside = escaped = False
    for byte in json:
        if byte == ord('"') and not escaped:
            inside = not inside
        escaped = byte == ord("\\") and not escaped
    return inside


def _decoded(data: bytes, *, final: bool = True) -> str:
    return codecs.getincrementaldecoder("utf-8")(errors="replace").decode(data, final)


def _call_of(text: str) -> ToolCall:
    """What the conversation keeps of a call.

    A grammar bounds neither depth nor digits. A call that no reader of JSON takes is kept without its arguments, and
    its result says why. 7E999 fits a schema's number, and is null here.
    """
    try:
        call = parse_json(text, strict=False)
    except ValueError:
        name, _, _ = text.partition('"arguments"')  # the grammar puts it behind the name
        return ToolCall(name=parse_json(name.rstrip().removesuffix(",") + "}")["name"], arguments={})
    return ToolCall(name=call["name"], arguments=call["arguments"])
