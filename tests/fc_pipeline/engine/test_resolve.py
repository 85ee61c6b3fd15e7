"""The present artifact of a key follows from track, code and inputs alone."""

import json

import pytest

from fc_model.errors import UserError
from fc_pipeline.engine.resolve import Resolver, declare_equivalent, read_equivalences


def test_nothing_built(toy):
    resolver = Resolver(toy.graph, toy.store)
    assert resolver.artifact("toy/report") is None and resolver.recipe("toy/report") is None
    assert resolver.recipe("sources/letters") is not None
    with pytest.raises(
        UserError, match=r"chat needs toy/score, which is not built .*: run `fustercluck run toy --only toy/score`"
    ):
        resolver.require("toy/score", for_key="chat")


def test_going_back(toy):
    toy.build()
    first = {key: toy.present(key).identity for key in toy.graph}
    toy.min_chars = 4
    assert toy.build() == ["corpus/toy/cleaned", "toy/score", "toy/report"]
    toy.min_chars = 3
    assert toy.build() == []
    assert {key: toy.present(key).identity for key in toy.graph} == first


def test_equivalent_code(toy):
    toy.build()
    old = toy.present("toy/score").manifest.recipe.code["version"]
    toy.edit("helpers.py", "text.upper()", "str.upper(text)")
    assert Resolver(toy.graph, toy.store).artifact("toy/score") is None
    assert declare_equivalent(toy.graph, toy.store, "toy/score", reason="the same method", at=5.0) == old
    assert toy.build() == []
    [entry] = read_equivalences(toy.store)
    assert entry.pop("version") != old
    assert entry == {"key": "toy/score", "equals": old, "reason": "the same method", "at": 5.0}
    toy.edit("helpers.py", "str.upper(text)", "text.title()")
    assert toy.build() == ["toy/score", "toy/report"]


def test_moved_module(toy):
    toy.build()
    toy.edit("helpers.py", "text.upper()", "str.upper(text)")
    declare_equivalent(toy.graph, toy.store, "toy/score", reason="the same method", at=5.0)
    (toy.package / "words").mkdir()
    toy.write("words/__init__.py", "")
    (toy.package / "helpers.py").rename(toy.package / "words" / "loud.py")
    toy.edit("steps.py", "from toyfactory.helpers import shout", "from toyfactory.words.loud import shout as loud")
    toy.edit("steps.py", 'shout("done")', 'loud("done")')
    assert toy.build() == []
    toy.edit("words/loud.py", "str.upper(text)", "text.title()")
    assert toy.build() == ["toy/score", "toy/report"]


def test_equivalent_twice(toy):
    toy.build()
    for number, (old, new) in enumerate(
        [("text.upper()", "str.upper(text)"), ("str.upper(text)", "(text).upper() + ''")]
    ):
        toy.edit("helpers.py", old, new)
        declare_equivalent(toy.graph, toy.store, "toy/score", reason="equal", at=float(number))
        assert toy.build() == []
    assert len(read_equivalences(toy.store)) == 2


def test_equivalent_refused(toy):
    with pytest.raises(UserError, match="toy/score was never built"):
        declare_equivalent(toy.graph, toy.store, "toy/score", reason="equal", at=0)
    toy.build()
    with pytest.raises(UserError, match="its code has not changed"):
        declare_equivalent(toy.graph, toy.store, "toy/score", reason="equal", at=0)
    for reason in ("", " \n"):
        with pytest.raises(UserError, match="--reason is empty"):
            declare_equivalent(toy.graph, toy.store, "toy/score", reason=reason, at=0)
    with pytest.raises(UserError, match="there is no step 'toy/none'"):
        declare_equivalent(toy.graph, toy.store, "toy/none", reason="equal", at=0)


def test_equivalences_damaged(toy):
    toy.build()
    (toy.store.root / "equivalences.json").write_text("[{")
    with pytest.raises(UserError, match=r"equivalences\.json: not JSON"):
        Resolver(toy.graph, toy.store)
    (toy.store.root / "equivalences.json").write_text(json.dumps([]))
    assert toy.build() == []
