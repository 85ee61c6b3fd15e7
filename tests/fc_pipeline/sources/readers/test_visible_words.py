"""Over all readers of pages: the words that a document shows come out, each once and in order; nothing else does."""

import json
import re

import pytest
from factories.sources import read_one
from hypothesis import given, settings
from hypothesis import strategies as st

# `@` is a word for the reader, `%` is none: a comment, an address, a setting.
RST = [
    "@ *@* **@** ``@`` `@ <http://%.org>`_ |@| :ref:`@ <%>` :func:`@` _`@` *@ `@\n",
    "@ [@]_ :math:`@` @*@\n\n.. [@] @\n",
    ".. %: a comment %\n\n.. _%: http://%.org\n\n.. image:: %.png\n   :alt: %\n",
    "- @\n- @\n\n  1. @\n\n     @\n",
    "@\n   @\n\n:@: @\n\n-a  @\n\n| @\n| @\n\n   @\n\n   -- @\n",
    "====  ====\n@     @\n====  ====\n@     @\n====  ====\n",
    "====  ====\n@ @ @ @ @\n====  ====\n@     @\n==\n",
    "+----+----+\n| @  | @  |\n+----+\n| @  | @  |\n+----+----+\n",
    ".. table:: @\n   :unknown: %\n\n   ==== ====\n   @    @\n   ==== ====\n   @    @\n   ==== ====\n",
    ".. list-table:: @\n   :header-rows: 1\n   :unknown: %\n\n   * - @\n     - @\n   * - @\n     - @\n",
    ".. list-table::\n   :header-rows: 1\n\n   * - @\n     - @\n   * - @\n",
    '.. csv-table::\n   :unknown: %\n\n   "@", "@"\n   "@"\n',
    ".. math::\n   :label: %\n   :nowrap:\n\n   @ + @\n",
    ".. math:: @\n   :no-wrap:\n",
    ".. math::\n   :label: %\n   @ + @\n",
    ".. code:: python\n   :caption: @\n   :linenos:\n\n   @ = @\n",
    ".. code-block:: python\n   :caption: @\n   :emphasize-lines: 1\n\n   @ = @\n",
    ".. note::\n   :collapsible:\n\n   @\n\n   .. warning:: @\n      :unknown: %\n\n      @\n",
    ".. note:: @\n\n   @\n",
    ".. admonition:: @ @\n   :unknown: %\n\n   @\n",
    ".. rubric:: @\n   :heading-level: 2\n",
    ".. topic:: @\n\n   @\n\n   @ @\n   =====\n\n   @\n",
    ".. figure:: %.png\n   :alt: %\n   :figwidth: image\n\n   @ @\n\n   @\n",
    ".. only:: %\n\n   @\n",
    "@ [#]_\n\n.. [#] @ @\n\n   @\n",
    ".. tab:: @\n\n   @\n",
    ".. py:function:: @(x, @)\n   :module: %\n\n   @\n",
    ".. deprecated:: 1.0 @\n   @\n",
    ".. raw:: html\n\n   <p class='%'>@ <b>@</b></p><!-- % -->\n",
    ".. parsed-literal::\n\n   @ *@*\n",
    "* .. hint:: @\n\n* ..  unheard-of ::  @\n\n     @\n",
    ".. |%| image:: %.png\n",
    ".. toctree::\n   :caption: %\n\n   %\n",
    "@\n====\n\n@\n----\n\n@\n~~~~\n\n@\n====\n\n@\n~~~~\n\n@\n",
]  # fmt: skip
MARKDOWN = [
    "@ *@* **@** `@` [@](http://%.org '%') ![%](%.png) <b>@</b> \\*@ &amp; @<br>@ $@$ @\n",
    "@ {ref}`@ <%>` {math}`@` <span title='%'>@</span> <!-- % --> <kbd>@</kbd><kbd> @</kbd>\n",
    "# @\n\n@\n---\n\n> @\n>\n> @\n\n* * *\n",
    "- @\n- @\n\n  @\n\n  1. @\n     - <b>@</b>\n",
    "- <div>@</div>\n- <p>@</p>\n",
    "| @ | <b>@</b> |\n|---|---|\n| `@` | @<br>@ |\n",
    "```python\n@ = @\n```\n\n    @ = @\n",
    "<!-- % -->\n\n[@]: http://%.org '%'\n\n[@]\n".replace("@", "mark"),
    "<div class='%'>\n<b>@</b> @\n</div>\n",
    "<div>\n\n@ **@**\n\n</div>\n",
    "<details>\n<summary>@</summary>\n@\n</details>\n",
    "<table>\n<caption>@</caption><tr><th>@</th><th>@</th></tr>\n<tr><td><p>@<p>@<td>@<br>@</tr>\n</table>\n",
    "<p align='%'>@ <a href='%'>@</a> <code>@</code></p>\n",
    "<h2>@</h2><p>@<p>@\n",
    "<ul><li>@<ol><li>@</ol><li>@</ul>\n",
    "<pre>\n@\n\n  @\n</pre>\n",
    "<dl><dt>@<dd>@</dl><figure><img alt='%'><figcaption>@</figcaption></figure>\n",
    "<style>\n% {}\n</style>\n<script>\n%\n</script>\n",
    "<math><mi>@</mi></math> <custom-element>@</custom-element>\n",
    "<select><option>@<option>@</select> <button>@</button> @\n",
    "```{note}\n:class: %\n@ *@*\n```\n",
    "```{admonition} @ @\n@\n```\n",
    "```{code-block} r\n:name: %\n@ <- @\n```\n",
    "```{figure} %.png\n:alt: %\n@\n```\n",
    "```{math}\n@ + @\n```\n",
    "```{eval-rst}\n.. note:: @\n```\n",
    "```{toctree}\n%\n```\n",
    "```{literalinclude} %.py\n```\n",
]  # fmt: skip
HTML = [
    "<p>@ <b>@</b> <a href='%'>@</a> <code>@</code> <span title='%'>@</span><img alt='%'> @<br>@</p>",
    "@ <p>@</p> @",
    "<h2>@</h2><h3><a href='%'>@</a></h3><div><div>@</div>@</div>",
    "<ul><li>@</li><li>@<ul><li>@</li></ul></li></ul><ol><li>@</li></ol>",
    "<table><caption>@</caption><tr><th>@</th><th>@</th></tr><tr><td>@</td><td><p>@</p><p>@</p></td></tr></table>",
    "<figure><img alt='%'><figcaption>@ @</figcaption></figure>",
    "<figure><pre>@\n@</pre><figcaption>@</figcaption></figure><figure><table><tr><td>@</td></tr></table></figure>",
    "<details><summary>@</summary>@</details>",
    "<details><summary>@</summary><p>@</p></details>",
    "<dl><dt>@</dt><dd>@</dd></dl><blockquote>@</blockquote><address>@</address>",
    "<fieldset><legend>@</legend>@</fieldset><section><header>@</header><p>@</p></section>",
    "<pre>@\n  <b>@</b></pre><div class='note'><p class='title'>@</p><p>@</p></div>",
    "<p>@ <math><mi>@</mi></math> <script type='math/tex'>@</script> @<sup>@</sup></p>",
    "<!-- % --><script>%</script><style>%</style><template>%</template>",
    "<ins>@</ins> <del>@</del> <ruby>@<rt> @</rt></ruby> <custom-element>@</custom-element> <time>@</time>",
]  # fmt: skip
NEWLINE = "\n"
LONG = "A paragraph that is long enough to be taken for the content of a page, since it says one after another. " * 2


def as_notebook(pieces: list[str]) -> str:
    code = [{"cell_type": "code", "source": ["@ = @"], "outputs": [{"text": "%"}]}]
    raw = [
        {"cell_type": "raw", "metadata": {"raw_mimetype": "text/restructuredtext"}, "source": "*@*"},
        {"cell_type": "raw", "metadata": {"format": "text/html"}, "source": "<p>@</p>"},
        {"cell_type": "raw", "metadata": {"format": "text/latex"}, "source": "%"},
    ]
    cells = [{"cell_type": "markdown", "source": piece} for piece in pieces]
    return json.dumps({"metadata": {"kernelspec": None}, "cells": [*cells, *code, *raw]})


def as_page(pieces: list[str]) -> str:
    return f"<html><body><nav>%</nav><article><p>{LONG}</p>{NEWLINE.join(pieces)}<p>{LONG}</p></article></body></html>"


FORMATS = {
    "rst": (RST, "\n".join),
    "gallery": (RST, lambda pieces: 'r"""\n' + "\n".join(pieces) + '\n"""\n\n# %%\n# @\n@ = @\n'),
    "md": (MARKDOWN, lambda pieces: "---\n%: %\n---\n" + "\n".join(pieces)),
    "ipynb": (MARKDOWN, as_notebook),
    "html": (HTML, as_page),
}


@pytest.mark.parametrize("format_name", FORMATS)
@settings(max_examples=60)
@given(data=st.data())
def test_the_visible_words_of_a_document_are_those_of_its_text(format_name: str, data: st.DataObject) -> None:
    known, whole = FORMATS[format_name]
    source = whole(data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=5)))
    assert_words(format_name, source)


@pytest.mark.parametrize(
    ("format_name", "piece"), [(name, piece) for name, (known, _) in FORMATS.items() for piece in known]
)
def test_the_visible_words_of_each_piece(format_name: str, piece: str) -> None:
    assert_words(format_name, FORMATS[format_name][1]([piece]))


def assert_words(format_name: str, source: str) -> None:
    words: list[str] = []

    def name(match: re.Match[str]) -> str:
        word = f"{'w' if match[0] == '@' else 'h'}{len(words) + 100}q"
        words.append(word)
        return word

    text = read_one(format_name, re.sub(r"[@%](?!%)(?<!# %%)", name, source)).text
    assert re.findall(r"(?<![a-z0-9])[wh]\d{3}q(?![a-z0-9])", text) == [word for word in words if word[0] == "w"]
    assert not re.search(r"h\d{3}q", text)
