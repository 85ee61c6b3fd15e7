"""Constrained decoding: at each token, only those that can still become JSON of a schema, or a text of a pattern.

llguidance keeps the parser (docs/decisions/constrained-decoding.md). JSON is written compact, as in the chat format.

Shape: V is the number of ids.
"""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError
from fc_model.inference.text_codec import TextCodec

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

# A schema may ask for lenience by itself (`x-guidance`), which would drop what is not understood.
_OPTIONS = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":", "lenient": False}
# Bytes that only one way leads on are not cut into pieces by the tokenizer, since llama.cpp's has none for some.
_GRAMMAR = '%llguidance {{"no_forcing": true}}\nstart: {form}'

CUT_JSON = "the JSON is not whole after {} tokens: allow more, or bound the schema's texts"


class Grammar:
    """Texts of one form, in the pieces of a tokenizer."""

    def __init__(self, form: str, codec: TextCodec) -> None:
        """`form` is what llguidance's Lark syntax has behind `start:`. Raises UserError where nothing is of it."""
        from llguidance import LLMatcher

        self._num_ids = codec.vocab_size
        self._tokenizer = _vocabulary(codec)
        self._grammar = LLMatcher.grammar_from_lark(_GRAMMAR.format(form=form))
        self.begin()

    def begin(self) -> "FormConstraint":
        """A text that begins."""
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokenizer, self._grammar, log_level=0)
        _check(matcher)
        return FormConstraint(matcher, self._num_ids)


class JsonGrammar(Grammar):
    """The JSON of a schema."""

    def __init__(self, schema: dict[str, Any], codec: TextCodec) -> None:
        """Members of an object come in the order of its `properties`.

        Raises UserError for a schema that is wrong, that nothing satisfies, or with a keyword that is not enforced.
        """
        super().__init__(_json_form(schema), codec)


class PatternGrammar(Grammar):
    """The texts that a regular expression matches from end to end; it has no `/`."""

    def __init__(self, pattern: str, codec: TextCodec) -> None:
        super().__init__(f"/{pattern}/", codec)


def can_be_satisfied(schema: dict[str, Any]) -> bool:
    """Whether anything is of the schema. One that is wrong, or not enforced, is left to `JsonGrammar` to refuse."""
    from llguidance import LLMatcher

    grammar = LLMatcher.grammar_from_lark(_GRAMMAR.format(form=_json_form(schema)))
    return "Unsatisfiable schema" not in LLMatcher.validate_grammar(grammar, None)


def _json_form(schema: dict[str, Any]) -> str:
    return f"%json {json.dumps(schema | {'x-guidance': _OPTIONS})}"


class FormConstraint:
    """One text, token by token; a `fc_model.inference.generate.Constraint`."""

    def __init__(self, matcher: "LLMatcher", num_ids: int) -> None:
        self._matcher, self._num_ids = matcher, num_ids

    @property
    def is_complete(self) -> bool:
        """Whether the text so far is of the form."""
        return self._matcher.is_accepting()

    def allowed(self) -> NDArray[np.bool_]:
        """Which ids may follow, (V,); EOS among them where the text may end. Raises UserError where none may."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        _check(self._matcher)
        return np.unpackbits(bits, count=self._num_ids, bitorder="little").astype(np.bool_)

    def accept(self, token: int) -> None:
        """Go on with an allowed token."""
        self._matcher.consume_token(token)
        _check(self._matcher)


@lru_cache(maxsize=4)
def _vocabulary(codec: TextCodec) -> "LLTokenizer":
    """Shared by all schemas: a battery makes a grammar a set of tools."""
    from llguidance import LLTokenizer, TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(_Pieces(codec)))


class _Pieces:
    """A vocabulary as llguidance reads one."""

    def __init__(self, codec: TextCodec) -> None:
        self._codec = codec
        self.bos_token_id, self.eos_token_id = codec.bos, codec.eos
        self.special_token_ids = codec.control_tokens
        # Some are beyond the tokenizer where the model's vocabulary is padded.
        self.tokens = [b"<control %d>" % token for token in range(codec.vocab_size)]
        texts = sorted(set(range(codec.vocab_size)) - set(codec.control_tokens))
        for token, piece in zip(texts, codec.pieces(texts), strict=True):
            self.tokens[token] = piece

    def __call__(self, text: str | bytes) -> list[int]:
        return self._codec.tokenize([text if isinstance(text, str) else text.decode(errors="replace")])[0]


def _check(matcher: "LLMatcher") -> None:
    if matcher.is_error():
        reason, _, _ = matcher.get_error().partition("<state>")  # a dump of the parser follows
        raise UserError(f"JSON schema: {' '.join(reason.split())}")
