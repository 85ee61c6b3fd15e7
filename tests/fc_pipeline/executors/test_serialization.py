import json
import math
import os
from functools import partial

import numpy as np
import pytest
from factories import batch_functions

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.executors.serialization import TEST_PACKAGE, decode, decode_function, encode, encode_function
from fc_pipeline.sources.readers.item import Item
from fc_pipeline.sources.schema import FileSpec


def round_trip(value):
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**80,
        0.1 + 0.2,
        5e-324,
        "",
        "ä\0\u2028😀",
        b"\0\xff",
        [1, [2.0, "x"]],
        (1, (2,), []),
        {"b": 1, "a": {"c": None}},
        {1: 2, 3: {4: "x"}},
        {"$bytes": "no bytes", "x": 1},
        {"$tuple": [1]},
        Item("key", "text", {"n": (1, 2), "m": {5: 6}}),
        FileSpec.model_validate({"glob": "*.csv", "format": "csv", "fields": {"text": "body"}}),
        DedupConfig(num_buckets=7),
    ],
)
def test_values_come_back_as_they_were(value) -> None:
    decoded = round_trip(value)
    assert decoded == value and type(decoded) is type(value)
    assert repr(decoded) == repr(value), "keys in order, types inside"


@pytest.mark.parametrize("dtype", ["u1", "<u4", ">u4", "<u8", "<f8", "?"])
@pytest.mark.parametrize("shape", [(0,), (6,), (2, 3), (3, 0)])
def test_arrays_come_back_as_they_were(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    decoded = round_trip(array)
    assert (decoded.dtype, decoded.shape) == (array.dtype, array.shape) and decoded.flags.writeable
    np.testing.assert_array_equal(decoded, array)
    np.testing.assert_array_equal(round_trip(array.T), array.T)


def test_exceptions_as_values() -> None:
    assert str(round_trip(UserError("one line"))) == "one line"
    decoded = round_trip(BadInput("invalid_utf8", "byte 3"))
    assert isinstance(decoded, BadInput) and (decoded.reason, decoded.detail) == ("invalid_utf8", "byte 3")


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array(["x"], object), np.int64(1), print, range(3)])
def test_other_values_are_refused(value) -> None:
    with pytest.raises(TypeError, match="cannot be sent to a cluster"):
        encode([value])


def test_functions_travel_by_name() -> None:
    function = partial(partial(batch_functions.count, 3))
    again = decode_function(json.loads(json.dumps(encode_function(function))))
    assert again(["a b"]).words == {0: 6}


def test_functions_without_a_name_are_refused() -> None:
    def inner() -> None: ...

    for function in (inner, lambda: None, partial(inner), print, os.system, json.dumps):
        with pytest.raises(TypeError, match="it has no name in a module"):
            encode_function(function)


FOREIGN = [
    "os:system",
    "posix:system",
    "builtins:eval",
    "subprocess:Popen",
    "fc_pipeline.executors.serialization:os.system",
    "fc_pipeline.executors.serialization:importlib.import_module",
    "fc_pipeline.executors.slurm_cluster:subprocess.run",
    "fc_pipeline.executors.serialization:partial",
    "fc_pipeline.executors.serialization:encode.__globals__",
    "fc_pipeline.executors.serialization:BaseModel",
    "fc_pipeline.executors.task_files:encode",  # ours, by a name that is not its own
    "fc_pipeline_evil:run",
    "fc_pipeline.no_such_module:run",
    "fc_pipeline.executors.serialization:no_such_function",
    "fc_pipeline.executors.serialization",
    "fc_pipeline",
    "",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_only_what_the_project_defines_is_called(name: str) -> None:
    with pytest.raises(UserError, match=r"is no function of this project, and nothing else is called: [^\n]*$"):
        decode_function({"name": name, "args": ["true"], "kwargs": {}})
    for kind in ("$record", "$model", "$exception"):
        with pytest.raises(UserError, match=f"^task files name {name!r}, which is no "):
            decode([{kind: [name, ["true"]]}])


@pytest.mark.parametrize("kind", ["$record", "$model", "$exception"])
def test_a_function_of_the_project_is_no_class(kind: str) -> None:
    with pytest.raises(UserError, match="of this project"):
        decode({kind: ["fc_pipeline.executors.serialization:encode", ["x"]]})


def test_the_package_of_the_tests_is_not_the_product_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TEST_PACKAGE)
    with pytest.raises(UserError, match="is no function of this project"):
        decode_function({"name": "factories.batch_functions:count", "args": [], "kwargs": {}})
    with pytest.raises(TypeError, match="it has no name in a module of this project"):
        encode_function(batch_functions.count)
