"""Screenshots are captioned by the pages that show them, the written alternative text first."""

from collections.abc import Callable
from typing import Any

from factories.image_artifacts import plain, records

from fc_model.artifacts import Artifact
from fc_pipeline.images.sources.page_text import Shown, pictures_of

HTML = """<html><nav><p>Menu</p><img src="logo.png"></nav><div role="main">
<h1>Pie Chart<a class="headerlink">\uf0c1</a></h1>
<p>Shows <b>slices</b> of
 data.</p><p><img alt="../_images/pie.png" src="../_images/pie.png?v=2"/></p>
<ol><li><p>Select the attribute.</p></li></ol>
<p>####Options</p><img alt="The options dialog with two boxes" src="../_images/options.png">
</div><footer><p>Copyright</p></footer></html>"""
MYST = """# Completer

A list of [candidates](x.md) shows `up`:

```{image} ../images/widget.png
:align: center
:alt: The completer with two candidates
```

Then it **goes**.

```{figure} ../images/panel.png
:class: shot
```

![](inline.png)
"""
RST = """Files
=====

The browser lists files.

.. image:: shots/browser.png
   :alt: true
"""


def test_html() -> None:
    assert pictures_of("help/pie.html", HTML) == [
        Shown("pie", "", "Shows slices of data.", "Select the attribute."),
        Shown("options", "The options dialog with two boxes", "Options", ""),
    ]


def test_markdown_with_directives() -> None:
    assert pictures_of("user/completer.md", MYST) == [
        Shown("widget", "The completer with two candidates", "A list of candidates shows up:", "Then it goes."),
        Shown("panel", "", "Then it goes.", ""),
        Shown("inline", "", "Then it goes.", ""),
    ]


def test_restructured_text() -> None:
    assert pictures_of("files.rst", RST) == [Shown("browser", "", "The browser lists files.", "")]


def test_pictures_get_the_best_caption(fetch: Callable[..., Artifact], package: Callable[..., dict[str, Any]]) -> None:
    content = {
        "docs/a.md": MYST.encode(),
        "docs/long.md": b"One sentence. " + b"Another sentence follows here. " * 20 + b"\n\n![](wide.png)",
        "docs/images/widget-linux.png": plain("red"),
        "docs/images/panel.png": plain("green"),
        "docs/images/wide.png": plain("blue"),
        "docs/images/orphan-shot.png": plain("grey"),
    }
    origin = package("shots-1.0.tar.gz", content, files={"pages": "docs/*.md", "pictures": "docs/images/*.png"})
    reader = {"kind": "screenshots", "suffix": "-linux", "max_caption_chars": 30}
    source = {"name": "shots", "licence": "BSD-3-Clause", "origins": [origin], "reader": reader, "holdout": 0}
    artifact = fetch(source)
    shots = list(records(artifact).values())
    assert [(record.caption, record.meta["caption_from"]) for record in shots] == [
        ("The completer with two", "alt"),
        ("Then it goes.", "paragraph_before"),
        ("One sentence.", "paragraph_before"),
    ]
    assert all(record.family == "text" and record.text is None for record in shots)
    assert artifact.manifest.counters.dropped == {"not_referenced": 1}
    everything = fetch({**source, "reader": {**reader, "referenced_only": False}})
    assert list(records(everything).values())[-1].caption == "orphan shot"
