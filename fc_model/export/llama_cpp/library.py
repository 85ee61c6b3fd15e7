"""ctypes binding of the part of llama.cpp's C interface (llama.h) that parity and chat need.

The shared library is the one inside the `xllamacpp` wheel: a stock llama.cpp build that exports its C symbols. The
wheel's own Python interface is the server's, which has no logits. Nothing outside the worker process (worker.py) loads
the library, so that a crash in native code can't take the pipeline along.

Structs go by value in llama.h and grow between releases. Two rules keep that safe:
- a struct is declared larger than it is: both the x86-64 and the aarch64 calling conventions hand over a struct of
  this size in memory, and the callee reads only its own part;
- the fields that are set here are checked against their documented defaults before use, so an unknown layout is an
  error and never a silently different setting.
"""

import ctypes
from collections.abc import Mapping, Sequence
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int32, c_uint8, c_uint32, c_void_p
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError

GGML_TYPE_F32 = 0
GGML_TYPE_F16 = 1
LOG_LEVEL_ERROR = 4
ATTRIBUTES_WITHOUT_TEXT = 1 << 0 | 1 << 1 | 1 << 3  # LLAMA_TOKEN_ATTR_UNKNOWN, _UNUSED, _CONTROL
ERROR_MESSAGES_KEPT = 5
_MAX_PIECE_BYTES = 512
_REMEDY = "install the version that constraints.txt names"


def _fields(*types: tuple[type, str]) -> list[tuple[str, type]]:
    """Fields of a struct from (type, names); the rest of it is room for what newer releases add."""
    return [*((name, kind) for kind, names in types for name in names.split()), ("rest", c_uint8 * 512)]


class _ModelParameters(ctypes.Structure):
    """`llama_model_params` up to the last field that is used."""

    _fields_ = _fields((c_void_p, "devices tensor_buft_overrides"), (c_int32, "n_gpu_layers"))


class _ContextParameters(ctypes.Structure):
    """`llama_context_params` up to the last field that is used."""

    _fields_ = _fields(
        (c_uint32, "n_ctx n_batch n_ubatch n_seq_max n_rs_seq n_outputs_max n_outputs_max_per_seq"),
        (c_int32, "n_threads n_threads_batch ctx_type rope_scaling_type pooling_type attention_type flash_attn_type"),
        (c_float, "rope_freq_base rope_freq_scale yarn_ext_factor yarn_attn_factor yarn_beta_fast yarn_beta_slow"),
        (c_uint32, "yarn_orig_ctx"),
        (c_float, "defrag_thold"),
        (c_void_p, "cb_eval cb_eval_user_data"),
        (c_int32, "type_k type_v"),
    )


class _Batch(ctypes.Structure):
    """`llama_batch`, made and read by llama.cpp only."""

    _fields_ = _fields()


MODEL_DEFAULTS = {"devices": None, "tensor_buft_overrides": None, "n_gpu_layers": -1}
CONTEXT_DEFAULTS = {
    "n_ctx": 512, "n_batch": 2048, "n_ubatch": 512, "n_seq_max": 1,
    "rope_scaling_type": -1, "pooling_type": -1, "attention_type": -1, "flash_attn_type": -1,
    "rope_freq_base": 0.0, "rope_freq_scale": 0.0, "yarn_ext_factor": -1.0, "yarn_orig_ctx": 0,
    "defrag_thold": -1.0, "cb_eval": None, "cb_eval_user_data": None, "type_k": GGML_TYPE_F16, "type_v": GGML_TYPE_F16,
}  # fmt: skip
_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, c_char_p, c_void_p)
_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "llama_backend_init": (None, []),
    "llama_log_set": (None, [_LOG_CALLBACK, c_void_p]),
    "llama_model_default_params": (_ModelParameters, []),
    "llama_context_default_params": (_ContextParameters, []),
    "llama_model_load_from_file": (c_void_p, [c_char_p, _ModelParameters]),
    "llama_init_from_model": (c_void_p, [c_void_p, _ContextParameters]),
    "llama_model_get_vocab": (c_void_p, [c_void_p]),
    "llama_model_n_ctx_train": (c_int32, [c_void_p]),
    "llama_vocab_n_tokens": (c_int32, [c_void_p]),
    "llama_vocab_eos": (c_int32, [c_void_p]),
    "llama_vocab_bos": (c_int32, [c_void_p]),
    "llama_vocab_get_attr": (c_int32, [c_void_p, c_int32]),
    "llama_get_memory": (c_void_p, [c_void_p]),
    "llama_memory_clear": (None, [c_void_p, c_bool]),
    "llama_batch_get_one": (_Batch, [POINTER(c_int32), c_int32]),
    "llama_decode": (c_int32, [c_void_p, _Batch]),
    "llama_get_logits_ith": (POINTER(c_float), [c_void_p, c_int32]),
    "llama_tokenize": (c_int32, [c_void_p, c_char_p, c_int32, POINTER(c_int32), c_int32, c_bool, c_bool]),
    "llama_token_to_piece": (c_int32, [c_void_p, c_int32, c_char_p, c_int32, c_int32, c_bool]),
}


class LlamaCppModel:
    """A GGUF file loaded on the CPU with an F32 key/value cache: as exact as llama.cpp computes."""

    def __init__(self, gguf_file: Path, context_length: int, threads: int) -> None:
        """Load `gguf_file`; `context_length` 0 is the length that the model was trained with.

        Raises UserError when llama.cpp refuses the file or has an unknown interface.
        """
        self._library = _load_library()
        self._errors: list[str] = []
        self._log_callback = _LOG_CALLBACK(self._keep_error)  # llama.cpp keeps the pointer, so this must live on
        self._library.llama_log_set(self._log_callback, None)
        self._library.llama_backend_init()
        self._model = self._load_model(gguf_file)
        self._vocab = self._library.llama_model_get_vocab(self._model)
        self._vocab_size: int = self._library.llama_vocab_n_tokens(self._vocab)
        self._context_length = context_length or self._library.llama_model_n_ctx_train(self._model)
        self._context = self._make_context(gguf_file, threads)
        self._num_fed = 0

    def vocabulary(self) -> dict[str, object]:
        """Sizes and special ids; `bos` and `eos` are -1 where the file names none.

        `control_tokens` are the ids that stand for no text: unknown, unused and control tokens.
        """
        attributes = [self._library.llama_vocab_get_attr(self._vocab, token) for token in range(self._vocab_size)]
        return {
            "vocab_size": self._vocab_size,
            "context_length": self._context_length,
            "bos": self._library.llama_vocab_bos(self._vocab),
            "eos": self._library.llama_vocab_eos(self._vocab),
            "control_tokens": [token for token, flags in enumerate(attributes) if flags & ATTRIBUTES_WITHOUT_TEXT],
        }

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text as plain text: special tokens neither parsed nor added."""
        return list(map(self._tokenize, texts))

    def _tokenize(self, text: str) -> list[int]:
        data = text.encode()
        capacity = len(data) + 16  # no tokenizer here makes more tokens than bytes
        buffer = (c_int32 * capacity)()
        count = self._library.llama_tokenize(self._vocab, data, len(data), buffer, capacity, False, False)
        if count < 0:
            raise UserError(f"llama.cpp: {text[:40]!r} needs {-count} tokens, more than its {len(data)} bytes")
        return list(buffer[:count])

    def pieces(self, ids: Sequence[int]) -> list[bytes]:
        """Bytes that each token stands for; control tokens are rendered as their names."""
        return list(map(self._piece, ids))

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_MAX_PIECE_BYTES)
        count = self._library.llama_token_to_piece(self._vocab, token, buffer, _MAX_PIECE_BYTES, 0, True)
        if count < 0:
            raise UserError(f"llama.cpp: token {token} has a piece of {-count} bytes, more than {_MAX_PIECE_BYTES}")
        return buffer.raw[:count]

    def reset(self) -> None:
        self._num_fed = 0
        self._library.llama_memory_clear(self._library.llama_get_memory(self._context), True)

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Feed `ids` (at least one) after those already fed; return the logits [vocab] of the next token.

        Raises UserError for an id outside the vocabulary or when the context is full.
        """
        for token in ids:
            if not 0 <= token < self._vocab_size:
                raise UserError(f"llama.cpp: token id {token} is outside the vocabulary of {self._vocab_size}")
        # llama.cpp rounds its context up, and would go on beyond what the model was trained for.
        if self._num_fed + len(ids) > self._context_length:
            raise UserError(f"llama.cpp: the context of {self._context_length} tokens is full")
        self._num_fed += len(ids)
        for start in range(0, len(ids), self._batch_size):
            chunk = ids[start : start + self._batch_size]
            tokens = (c_int32 * len(chunk))(*chunk)
            status = self._library.llama_decode(self._context, self._library.llama_batch_get_one(tokens, len(chunk)))
            if status != 0:
                raise UserError(f"llama.cpp: decode failed with status {status}{self._error_text()}")
        return np.ctypeslib.as_array(self._library.llama_get_logits_ith(self._context, -1), (self._vocab_size,)).copy()

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Logits [len(ids), vocab] after each prefix of `ids`, from an empty context."""
        self.reset()
        return np.stack([self.next_logits([token]) for token in ids])

    def greedy(self, prompt: Sequence[int], num_tokens: int) -> list[int]:
        """The most likely continuation, `num_tokens` ids; the lowest id wins a tie."""
        logits = self.logits(prompt)[-1]
        ids: list[int] = []
        while len(ids) < num_tokens:
            ids.append(int(logits.argmax()))
            if len(ids) < num_tokens:
                logits = self.next_logits(ids[-1:])
        return ids

    def _load_model(self, gguf_file: Path) -> int:
        parameters = self._library.llama_model_default_params()
        _check_defaults("llama_model_params", parameters, MODEL_DEFAULTS)
        parameters.n_gpu_layers = 0  # the reference is the CPU: an accelerator rounds differently
        model = self._library.llama_model_load_from_file(str(gguf_file).encode(), parameters)
        if not model:
            raise UserError(f"llama.cpp can't load {gguf_file}{self._error_text()}")
        return int(model)

    def _make_context(self, gguf_file: Path, threads: int) -> int:
        parameters = self._library.llama_context_default_params()
        _check_defaults("llama_context_params", parameters, CONTEXT_DEFAULTS)
        self._batch_size = parameters.n_batch
        parameters.n_ctx = self._context_length
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = 0
        parameters.type_k = parameters.type_v = GGML_TYPE_F32
        context = self._library.llama_init_from_model(self._model, parameters)
        if not context:
            raise UserError(f"llama.cpp can't make a context for {gguf_file}{self._error_text()}")
        return int(context)

    def _keep_error(self, level: int, text: bytes, _user_data: int | None) -> None:
        if level == LOG_LEVEL_ERROR:
            self._errors = [*self._errors, text.decode(errors="replace").strip()][-ERROR_MESSAGES_KEPT:]

    def _error_text(self) -> str:
        return f": {'; '.join(self._errors)}" if self._errors else ""


def _load_library() -> ctypes.CDLL:
    import xllamacpp

    library = ctypes.CDLL(xllamacpp.xllamacpp.__file__)
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise UserError(f"xllamacpp {xllamacpp.__version__} has no {name}; {_REMEDY}") from error
        function.restype = result
        function.argtypes = arguments
    return library


def _check_defaults(name: str, parameters: ctypes.Structure, defaults: Mapping[str, object]) -> None:
    for field, expected in defaults.items():
        default = getattr(parameters, field)
        if default != expected:
            raise UserError(f"xllamacpp: unknown layout of {name} ({field} is {default}, not {expected}); {_REMEDY}")
