import json

import pytest
from docutils.parsers.rst import directives, states
from docutils.statemachine import StateMachine
from factories.sources import read, read_one, reason
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.sources.readers import READERS, BadInput, Item, rst
from fc_pipeline.sources.schema import FileSpec


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("A [1]_ b, c [#n]_.\n\n.. [1] One.\n.. [#n] N\n", "A b, c.\n\n[1] One.\n\nN"),
        (".. parsed-literal::\n   :class: small\n\n   x *y*\n", "```python\nx y\n```"),
        (".. code:: c\n   :number-lines:\n   :class: small\n\n   int x;\n", "```c\nint x;\n```"),
        (".. code::\n   :class: small\n\n   x\n", "```python\nx\n```"),
    ],
)
def test_rst_marks_and_looks(source: str, text: str) -> None:
    assert read_one("rst", source).text == text


BLOCKS = """
- a

  - b

    1. c

term
  said

:field: value

-o FILE  an option

| line
|   block

+---+------+
| a | - b  |
+---+------+

Quoted::

> verbatim

.. note:: Mind

   .. list-table::

      * - a
        - b
"""


def test_rst_states_built_when_entered(monkeypatch) -> None:
    tree = rst.parse(BLOCKS).pformat()
    monkeypatch.setattr(states.RSTState, "nested_sm_cache", [])
    monkeypatch.setattr(states.RSTStateMachine, "add_states", StateMachine.add_states)
    assert rst.parse(BLOCKS).pformat() == tree


@pytest.mark.parametrize(
    "source", ["..\ttoctree::\n\n\ta\n", "..\x0ctoctree::\n\n   a\n", "|x|\n\n.. |x|\timage:: a\n"]
)
def test_rst_same_after_other_sources(source: str, monkeypatch) -> None:
    monkeypatch.setattr(directives, "_directives", {})
    alone = rst.to_text(source)
    rst.to_text(".. toctree::\n\n   a\n\n.. image:: a\n\n.. default-role:: strong\n\n.. role:: mine(strong)\n")
    assert rst.to_text(source) == alone == ""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("+------------------+\n|.. toctree:: name |\n+------------------+\n", "|  |"),
        (".. csv-table::\n\n   a,.. toctree:: name\n", "| a |  |"),
        ('.. csv-table::\n\n   a,".. toctree:: name"\n', "| a |  |"),
        (".. |a\\|b| image:: name\n\nend\n", "end"),
    ],
)
def test_rst_directives_behind_other_marks(source: str, text: str, monkeypatch) -> None:
    """They mean the same whether a file that was read before had them or not."""
    monkeypatch.setattr(directives, "_directives", {})
    alone = rst.to_text(source)
    rst.to_text(".. toctree::\n\n   a\n\n.. image:: a\n")
    assert rst.to_text(source) == alone == text


def test_rst_keeps_words_code_and_formulas_and_drops_machinery() -> None:
    item = read_one(
        "rst",
        """:orphan:

.. currentmodule:: demo
.. _label:

=====
Title
=====

Use :func:`~demo.core.fit` with :class:`Model <demo.Model>`, see :ref:`the guide <label>` and `docs <x.html>`_.
A formula :math:`\\alpha + \\beta_1`, ``literal``, |version|, *args, 10\\ :sup:`6`.

.. note::
   Mind the *gap*.

.. code-block:: python
   :linenos:

   x = 1

>>> x + 1
2

.. toctree::
   a
   b

.. image:: picture.png

.. math::

   E = mc^2

Section
-------

- one
- two with
  a second line

  1. inner

term
    its definition

=====  =====
A      B
=====  =====
1      2
=====  =====

.. a comment
.. unknown-directive:: argument
   :option: value

   Words inside.
""",
    )
    text = item.text
    assert text.startswith("# Title\n\nUse `fit` with `Model`, see the guide and docs.")
    assert "A formula $\\alpha + \\beta_1$, `literal`, version, *args, 10^6." in text
    assert "Mind the gap." in text
    assert "```python\nx = 1\n```" in text
    assert "```python\n>>> x + 1\n2\n```" in text
    assert "$$\nE = mc^2\n$$" in text
    assert "## Section\n\n- one\n- two with\n  a second line" in text
    assert "term\n    its definition" in text
    assert "| A | B |\n| 1 | 2 |" in text
    assert "Words inside." in text
    for machinery in ("toctree", "picture", "comment", "currentmodule", "label", "orphan", "linenos", "option", "::"):
        assert machinery not in text


def test_markdown_keeps_formulas_and_drops_markup() -> None:
    item = read_one(
        "md",
        """---
title: front matter
---
# Head <b>bold</b>

See [the site](https://example.org) and ![image](x.png) with $a_{i} \\{ b_{j}$ and `code`.

$$
\\begin{aligned} x_1 &= \\\\ 2 \\end{aligned}
$$

* one
* two
  * deep

| a | b |
|---|---|
| 1 | 2 |

```{code-cell} ipython3
:tags: [hide]
print(1)
```

```{note}
Read *this*.
```

<!-- comment -->
""",
    )
    text = item.text
    assert text.startswith("# Head bold\n\nSee the site and")
    assert "with $a_{i} \\{ b_{j}$ and `code`." in text
    assert "$$\n\\begin{aligned} x_1 &= \\\\ 2 \\end{aligned}\n$$" in text
    assert "- one\n- two\n  - deep" in text
    assert "| a | b |\n| 1 | 2 |" in text
    assert "```python\nprint(1)\n```" in text
    assert "Read this." in text
    for gone in ("front matter", "example.org", "x.png", "comment", "hide", "<b>", "{note}"):
        assert gone not in text


def test_notebook_keeps_prose_and_code_and_drops_outputs() -> None:
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "Some *words*."]},
            {"cell_type": "code", "source": "x = 1\nx", "outputs": [{"data": {"image/png": "SECRETOUTPUT"}}]},
            {"cell_type": "raw", "source": "raw"},
        ],
        "metadata": {"kernelspec": {"language": "julia"}},
        "nbformat": 4,
    }
    item = read_one("ipynb", json.dumps(notebook))
    assert item.text == "# Title\n\nSome words.\n\n```julia\nx = 1\nx\n```"


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}, "R"),
        ({"kernelspec": {"language": "julia"}, "language_info": {"name": "R"}}, "R"),
        ({"kernelspec": None, "language_info": {"name": "bash"}}, "bash"),
        ({"language_info": {"version": "3.12"}}, "python"),
        ({"kernelspec": {"language": ""}, "language_info": None}, "python"),
        (None, "python"),
    ],
)
def test_the_language_of_a_notebook_is_that_of_its_kernel(metadata, language: str) -> None:
    cells = [{"cell_type": "code", "source": "1"}]
    assert read_one("ipynb", json.dumps({"metadata": metadata, "cells": cells})).text == f"```{language}\n1\n```"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("---\ntitle: T\n---\nBody", "Body"),
        ("---\n# a comment\ntitle: T\n\ntags: [a]\n...\nBody\n\n---\n\nEnd", "Body\n\nEnd"),
        ("---\ntitle: T\n---", ""),
        ("---\n\n# One\n\ntitle: T\n\n---\n\nTwo", "# One\n\ntitle: T\n\nTwo"),
        ("---\n# One\n\nOnly words\n\n---\n\nTwo", "# One\n\nOnly words\n\nTwo"),
        ("---\nThe rule says: be brief\n\n---\n\nTwo", "The rule says: be brief\n\nTwo"),
        ("---\n- a\n- b\n\n---\nTwo", "- a\n- b\n\nTwo"),
        ("---\n---\nTwo", "Two"),
        ("10<sup>6</sup> m, H<sub>2</sub>O, the 1<sup>st</sup>", "10^6 m, H_2O, the 1st"),
        ("<p>10<sup>-3</sup> of <math><msup><mi>x</mi><mn>2</mn></msup></math></p>", "10^-3 of $x^2$"),
        ("```{code-block} r\nx <- 1\n```", "```r\nx <- 1\n```"),
    ],
)
def test_markdown_begins_with_settings_or_a_rule_and_has_scripts(source: str, text: str) -> None:
    assert read_one("md", source).text == text


def test_gallery_script_becomes_prose_between_code() -> None:
    item = read_one(
        "gallery",
        '''"""
=====
Title
=====

About :math:`x`.
"""

# Authors: The developers
# SPDX-License-Identifier: BSD-3-Clause

import demo

# %%
# Next step
# ---------
# Uses :func:`demo.fit`.
demo.fit()  # fits

##############################################################################
# Another block.
''',
    )
    assert item.text == (
        "# Title\n\nAbout $x$.\n\n```python\nimport demo\n```\n\n# Next step\n\nUses `demo.fit`.\n\n"
        "```python\ndemo.fit()  # fits\n```\n\nAnother block."
    )


def test_docstrings_give_a_document_for_each_public_definition() -> None:
    words = "This sentence is here to make the description long enough to be worth reading. " * 3
    items = read(
        "docstrings",
        f'''
def fit(x, *, tolerance=1e-3):
    """Fit with :func:`~demo.solve` and ``x``.

    {words}

    .. versionadded:: 1.2
    %(shared)s

    Notes
    -----
    Uses :math:`x^2`.
    """

class Model:
    """A model. {words}"""

    def predict(self, x):
        """Predict from x."""

    def _hidden(self):
        """Not shown."""

def _private():
    """Not shown. {words}"""

def short():
    """Too short."""
''',
    )
    assert [item.key for item in items] == ["fit", "Model"]
    assert items[0].text.startswith("fit(x, *, tolerance=0.001)\n\nFit with demo.solve and `x`.")
    assert "Notes\n-----\nUses $x^2$." in items[0].text
    assert "versionadded" not in items[0].text and "shared" not in items[0].text
    assert items[1].text.endswith("Model.predict(self, x)\n\nPredict from x.")


def test_dialogues_alternate_speakers() -> None:
    items = read(
        "chatterbot", "categories:\n- AI\nconversations:\n- - Who are you?\n  - A model.\n  - Oh.\n- - alone\n"
    )
    assert [item.text for item in items] == ["User: Who are you?\nAssistant: A model.\nUser: Oh."]


def test_pgn_is_cut_into_games() -> None:
    game = '[Event "A"]\n[White "X"]\n\n1. e4 e5 {good [Event "no"]} 1-0'
    items = read("pgn", f"{game}\n\n{game.replace('A', 'B')}\n")
    assert [item.meta["tags"]["Event"] for item in items] == ["A", "B"]
    assert items[0].text == game


GAME = b'[Event "A"]\n[White "X"]\n\n1. e4 e5 1-0'
HEADER = b'[White "%b"]\n[Black "Y"]'


@pytest.mark.parametrize(
    ("data", "games"),
    [
        (b"\n\n".join([GAME, b"\xef\xbb\xbf" + GAME, b" " + GAME]), ["A X", "A X", "A X"]),
        (b"\n\n".join([HEADER % b"P", b"1. e4 *", HEADER % b"Q", b"1. d4 *"]), ["P", "Q"]),
        (b'[White "P"]\n[Event "A"]\n\n1. e4 *\n[Event "B"]\n[Event "C"]\n\n*', ["A P", "B", "C"]),
        (b"\n\n".join([HEADER % b"M\xfcller", b"1. e4 *", HEADER % "Łukasz".encode(), b"*"]), ["Müller", "Łukasz"]),
        *(
            (b"\n\n".join([HEADER % name, b"*", HEADER % b"Q", b"*"]), ["invalid_utf8", "Q"])
            for name in (b"a\0b\xfc", b"\xc5\x81\xfc", b"\x92\xfc")
        ),
        (GAME.decode().encode("utf-16"), ["invalid_utf8"]),
        (b"", []),
    ],
)  # fmt: skip
def test_a_game_ends_where_the_next_begins_and_is_decoded_alone(data: bytes, games: list[str]) -> None:
    def named(item: Item | BadInput) -> str:
        return item.reason if isinstance(item, BadInput) else " ".join(
            item.meta["tags"][name] for name in ("Event", "White") if name in item.meta["tags"]
        )  # fmt: skip

    assert [named(item) for item in read("pgn", data)] == games


@pytest.mark.parametrize("format_name", sorted(set(READERS) - {"csv", "json"}))
@settings(max_examples=40)
@given(data=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(format_name: str, data: bytes) -> None:
    """A reader lets no other exception out, whatever the bytes, and never gives text that is not Unicode."""
    try:
        items = list(READERS[format_name](data, FileSpec(glob="*", format=format_name)))
    except BadInput as error:
        assert error.reason.startswith(("invalid_", "hostile_", "too_"))
        return
    for item in items:
        if isinstance(item, Item):
            item.text.encode()
        else:
            assert item.reason.startswith("invalid_") and format_name == "pgn"


@pytest.mark.parametrize(
    ("format_name", "data", "why"),
    [
        ("txt", b"caf\xe9", "invalid_utf8"),
        ("py", b"x = '\xff'", "invalid_utf8"),
        ("ipynb", b"{not json", "invalid_json"),
        ("ipynb", b"[1]", "invalid_notebook"),
        ("chatterbot", b"a: [", "invalid_yaml"),
        ("ipynb", b'{"cells": ' + b"[" * 1000 + b"]" * 1000 + b"}", "invalid_json"),
        ("chatterbot", b"- 1", "invalid_yaml"),
        ("chatterbot", b"a: &a [x, x]\nb: &b [*a, *a]\nconversations: [*b, *b]\n", "invalid_yaml"),
        ("chatterbot", b"[" * 1_500, "invalid_yaml"),
        ("pdf", b"", "invalid_pdf"),
        ("pdf", b"%PDF-1.7\n%%EOF", "invalid_pdf"),
        ("pdf", b"%PDF-1.4" + bytes(1000), "invalid_pdf"),
        ("gallery", b"def (", "invalid_python"),
        ("docstrings", b"x = = 1", "invalid_python"),
    ],
)
def test_bad_input_has_a_reason(format_name: str, data: bytes, why: str) -> None:
    assert reason(format_name, data) == why
