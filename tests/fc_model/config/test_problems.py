"""What a person reads of wrong settings: in words, not pydantic's."""

import pytest
import yaml
from pydantic import Field, ValidationError

from fc_model.config.problems import problems
from fc_model.config.strict import Strict


class Inner(Strict):
    size: int = Field(default=1, gt=0)
    kinds: list[str | dict[str, int]] = Field(default=["a"], min_length=1)


class Settings(Strict):
    name: str = Field(default="a", pattern="^[a-z]+$")
    tokens: int = 1
    rate: float = 1.0
    is_on: bool = True
    inner: Inner = Inner()
    sizes: dict[str, Inner] = Field(default={})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: no", "name: must be text, is false (YAML reads no, off, yes and on so): put it in quotes"),
        ("name: 1.0", "name: must be text, is 1.0 (YAML reads it as a number): put it in quotes"),
        ("name: 2024-05-06", "name: must be text, is 2024-05-06 (YAML reads it as a date): put it in quotes"),
        ("name: A", "name: must be of the form ^[a-z]+$, is 'A'"),
        ("tokens: 1e5", "tokens: must be a whole number, is '1e5' (YAML reads it as text): write 100000"),
        ("tokens: 0.5", "tokens: must be a whole number, is 0.5"),
        ("tokens: many", "tokens: must be a whole number, is 'many'"),
        ("tokens: yes", "tokens: true and false (yes, no, on, off) are no numbers: write the number"),
        ("rate: .inf", "rate: must be a finite number, is inf"),
        ("rate: [1]", "rate: must be a number, is a list"),
        ("rate:", "rate: must be a number, is empty"),
        ("is_on: maybe", "is_on: must be true or false, is 'maybe'"),
        ("inner: {size: 0}", "inner.size: must be above 0, is 0"),
        ("inner: {sise: 1}", "inner.sise is no field; did you mean 'size'?"),
        ("inner: {kinds: []}", "inner.kinds: must have 1 or more entries, is empty"),
        ("inner: 3", "inner: must be a mapping of names to values, is 3"),
        (
            "sizes: {on: {}}",
            "sizes: a name in it must be text, is true (YAML reads no, off, yes and on so): put it in q",
        ),
        ("sizes: {a: {size: -1}}", "sizes.a.size: must be above 0, is -1"),
    ],
)
def test_a_wrong_field_in_words(text, expected):
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(yaml.safe_load(text))
    line = problems(caught.value, Settings)
    assert line.startswith(expected) and "\n" not in line
    assert "Input" not in line and "Value error" not in line


def test_all_fields_are_named_each_fault_once():
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"inner": {"kinds": [False]}, "tokens": "x"})
    line = problems(caught.value)
    assert line.count("inner.kinds.0: must be") == 2 and line.startswith("tokens: must be")
