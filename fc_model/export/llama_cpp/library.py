"""ctypes binding of the part of llama.cpp's C interface (llama.h) that parity and chat need.

The shared library is the one inside the `xllamacpp` wheel: a stock llama.cpp build that exports its C symbols.
Nothing outside the worker process (`llama_cpp_worker.py`) loads it, so that a crash in native code can't take the
pipeline along.

Structs go by value in llama.h and grow between releases. Two rules keep that safe:
- a struct is declared larger than it is: both the x86-64 and the aarch64 calling conventions hand over a struct of
  this size in memory, and the callee reads only its own part;
- the fields that are set here are checked against their documented defaults before use, so an unknown layout is an
  error and never a silently different setting.
"""

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fc_model.errors import UserError

GGML_TYPE_F32 = 0
GGML_TYPE_F16 = 1
LOG_LEVEL_ERROR = 4
ATTRIBUTES_WITHOUT_TEXT = 1 << 0 | 1 << 1 | 1 << 3  # LLAMA_TOKEN_ATTR_UNKNOWN, _UNUSED, _CONTROL
ERROR_MESSAGES_KEPT = 5


class _ModelParameters(ctypes.Structure):
    """`llama_model_params` up to the last field that is used."""

    _fields_ = [
        ("devices", ctypes.c_void_p),
        ("tensor_buft_overrides", ctypes.c_void_p),
        ("n_gpu_layers", ctypes.c_int32),
        ("rest", ctypes.c_uint8 * 512),
    ]


class _ContextParameters(ctypes.Structure):
    """`llama_context_params` up to the last field that is used."""

    _fields_ = [
        ("n_ctx", ctypes.c_uint32),
        ("n_batch", ctypes.c_uint32),
        ("n_ubatch", ctypes.c_uint32),
        ("n_seq_max", ctypes.c_uint32),
        ("n_rs_seq", ctypes.c_uint32),
        ("n_outputs_max", ctypes.c_uint32),
        ("n_outputs_max_per_seq", ctypes.c_uint32),
        ("n_threads", ctypes.c_int32),
        ("n_threads_batch", ctypes.c_int32),
        ("ctx_type", ctypes.c_int32),
        ("rope_scaling_type", ctypes.c_int32),
        ("pooling_type", ctypes.c_int32),
        ("attention_type", ctypes.c_int32),
        ("flash_attn_type", ctypes.c_int32),
        ("rope_freq_base", ctypes.c_float),
        ("rope_freq_scale", ctypes.c_float),
        ("yarn_ext_factor", ctypes.c_float),
        ("yarn_attn_factor", ctypes.c_float),
        ("yarn_beta_fast", ctypes.c_float),
        ("yarn_beta_slow", ctypes.c_float),
        ("yarn_orig_ctx", ctypes.c_uint32),
        ("defrag_thold", ctypes.c_float),
        ("cb_eval", ctypes.c_void_p),
        ("cb_eval_user_data", ctypes.c_void_p),
        ("type_k", ctypes.c_int32),
        ("type_v", ctypes.c_int32),
        ("rest", ctypes.c_uint8 * 512),
    ]


class _Batch(ctypes.Structure):
    """`llama_batch`, made and read by llama.cpp only."""

    _fields_ = [("opaque", ctypes.c_uint64 * 64)]


MODEL_DEFAULTS = {"devices": None, "tensor_buft_overrides": None, "n_gpu_layers": -1}
CONTEXT_DEFAULTS = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "rope_scaling_type": -1,
    "pooling_type": -1,
    "attention_type": -1,
    "flash_attn_type": -1,
    "rope_freq_base": 0.0,
    "rope_freq_scale": 0.0,
    "yarn_ext_factor": -1.0,
    "yarn_orig_ctx": 0,
    "defrag_thold": -1.0,
    "cb_eval": None,
    "cb_eval_user_data": None,
    "type_k": GGML_TYPE_F16,
    "type_v": GGML_TYPE_F16,
}
_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_POINTER = ctypes.c_void_p
_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "llama_backend_init": (None, []),
    "llama_log_set": (None, [_LOG_CALLBACK, _POINTER]),
    "llama_model_default_params": (_ModelParameters, []),
    "llama_context_default_params": (_ContextParameters, []),
    "llama_model_load_from_file": (_POINTER, [ctypes.c_char_p, _ModelParameters]),
    "llama_init_from_model": (_POINTER, [_POINTER, _ContextParameters]),
    "llama_model_get_vocab": (_POINTER, [_POINTER]),
    "llama_model_n_ctx_train": (ctypes.c_int32, [_POINTER]),
    "llama_vocab_n_tokens": (ctypes.c_int32, [_POINTER]),
    "llama_vocab_eos": (ctypes.c_int32, [_POINTER]),
    "llama_vocab_bos": (ctypes.c_int32, [_POINTER]),
    "llama_vocab_get_add_bos": (ctypes.c_bool, [_POINTER]),
    "llama_vocab_get_attr": (ctypes.c_int32, [_POINTER, ctypes.c_int32]),
    "llama_get_memory": (_POINTER, [_POINTER]),
    "llama_memory_clear": (None, [_POINTER, ctypes.c_bool]),
    "llama_batch_get_one": (_Batch, [ctypes.POINTER(ctypes.c_int32), ctypes.c_int32]),
    "llama_decode": (ctypes.c_int32, [_POINTER, _Batch]),
    "llama_get_logits_ith": (ctypes.POINTER(ctypes.c_float), [_POINTER, ctypes.c_int32]),
    "llama_tokenize": (
        ctypes.c_int32,
        [
            _POINTER,
            ctypes.c_char_p,
            ctypes.c_int32,
            ctypes.POINTER(ctypes.c_int32),
            ctypes.c_int32,
            ctypes.c_bool,
            ctypes.c_bool,
        ],
    ),
    "llama_token_to_piece": (
        ctypes.c_int32,
        [_POINTER, ctypes.c_int32, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_bool],
    ),
}


class LlamaCppModel:
    """A GGUF file loaded on the CPU with an F32 key/value cache: as exact as llama.cpp computes."""

    def __init__(self, gguf_file: Path, *, context_length: int, threads: int) -> None:
        """Load `gguf_file`; `context_length` 0 takes the length that the model was trained with.

        Raises UserError when llama.cpp refuses the file or has an unknown interface.
        """
        self._library = _load_library()
        self._errors: list[str] = []
        self._log_callback = _LOG_CALLBACK(self._keep_error)  # llama.cpp keeps the pointer, so this must live on
        self._library.llama_log_set(self._log_callback, None)
        self._library.llama_backend_init()
        self._model = self._load_model(gguf_file)
        self._vocab = self._library.llama_model_get_vocab(self._model)
        self.vocab_size: int = self._library.llama_vocab_n_tokens(self._vocab)
        self.context_length = context_length or self._library.llama_model_n_ctx_train(self._model)
        self._context = self._make_context(gguf_file, threads)
        self._num_fed = 0

    def vocabulary(self) -> dict[str, object]:
        """Sizes and special ids; `bos` and `eos` are -1 where the file names none.

        `control` are the ids that stand for no text: unknown, unused and control tokens.
        """
        ids = range(self.vocab_size)
        return {
            "vocab_size": self.vocab_size,
            "context_length": self.context_length,
            "bos": self._library.llama_vocab_bos(self._vocab),
            "eos": self._library.llama_vocab_eos(self._vocab),
            "add_bos": self._library.llama_vocab_get_add_bos(self._vocab),
            "control": [t for t in ids if self._library.llama_vocab_get_attr(self._vocab, t) & ATTRIBUTES_WITHOUT_TEXT],
        }

    def tokenize(self, text: str) -> list[int]:
        """Ids of `text` taken as plain text: special tokens are not parsed, none is added."""
        data = text.encode()
        capacity = len(data) + 16  # no tokenizer here makes more tokens than bytes
        buffer = (ctypes.c_int32 * capacity)()
        count = self._library.llama_tokenize(self._vocab, data, len(data), buffer, capacity, False, False)
        if count < 0:
            raise UserError(f"llama.cpp: {text[:40]!r} needs {-count} tokens, more than its {len(data)} bytes")
        return list(buffer[:count])

    def piece(self, token: int) -> bytes:
        """Bytes that `token` stands for; control tokens are rendered as their names."""
        size = 512
        buffer = ctypes.create_string_buffer(size)
        count = self._library.llama_token_to_piece(self._vocab, token, buffer, size, 0, True)
        if count < 0:
            raise UserError(f"llama.cpp: token {token} has a piece of {-count} bytes, more than {size}")
        return buffer.raw[:count]

    def reset(self) -> None:
        """Forget everything that was decoded."""
        self._num_fed = 0
        self._library.llama_memory_clear(self._library.llama_get_memory(self._context), True)

    def decode(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Feed `ids` (at least one) after those already fed; return the logits [vocab] of the next token.

        Raises UserError for an id outside the vocabulary or when the context is full.
        """
        for token in ids:
            if not 0 <= token < self.vocab_size:
                raise UserError(f"llama.cpp: token id {token} is outside the vocabulary of {self.vocab_size}")
        # llama.cpp rounds its context up, and would go on beyond what the model was trained for.
        if self._num_fed + len(ids) > self.context_length:
            raise UserError(f"llama.cpp: the context of {self.context_length} tokens is full")
        self._num_fed += len(ids)
        for start in range(0, len(ids), self._batch_size):
            chunk = ids[start : start + self._batch_size]
            tokens = (ctypes.c_int32 * len(chunk))(*chunk)
            status = self._library.llama_decode(self._context, self._library.llama_batch_get_one(tokens, len(chunk)))
            if status != 0:
                raise UserError(f"llama.cpp: decode failed with status {status}{self._error_text()}")
        return np.ctypeslib.as_array(self._library.llama_get_logits_ith(self._context, -1), (self.vocab_size,)).copy()

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
        parameters.n_ctx = self.context_length
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
            raise UserError(f"xllamacpp {xllamacpp.__version__} has no {name}; {_MEND}") from error
        function.restype = result
        function.argtypes = arguments
    return library


_MEND = "install the version that constraints.txt names"


def _check_defaults(name: str, parameters: ctypes.Structure, defaults: Mapping[str, object]) -> None:
    for field, expected in defaults.items():
        found = getattr(parameters, field)
        if found != expected:
            raise UserError(f"xllamacpp: unknown layout of {name} ({field} is {found}, not {expected}); {_MEND}")
