"""Screenshots are captioned by the pages that show them, the written alternative text first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from factories.dataset_files import put
from factories.image_artifacts import local_source, plain, records

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
        Shown("../_images/pie.png?v=2", "", "Shows slices of data.", "Select the attribute."),
        Shown("../_images/options.png", "The options dialog with two boxes", "Options", ""),
    ]


def test_markdown_with_directives() -> None:
    assert pictures_of("user/completer.md", MYST) == [
        Shown(
            "../images/widget.png",
            "The completer with two candidates",
            "A list of candidates shows up:",
            "Then it goes.",
        ),
        Shown("../images/panel.png", "", "Then it goes.", ""),
        Shown("inline.png", "", "Then it goes.", ""),
    ]


def test_restructured_text() -> None:
    assert pictures_of("files.rst", RST) == [Shown("shots/browser.png", "", "The browser lists files.", "")]


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


def test_two_pictures_of_one_name_have_the_captions_of_their_own_pages(
    fetch: Callable[..., Artifact], tmp_path: Path
) -> None:
    pages = {
        "admin/index.md": "![The console's own login dialog](images/login.png)",
        "user/index.html": '<p>Text</p><img src="./images/log%69n.png?v=2#top" alt="The login page of the shop">',
        "user/deep/more.rst": ".. image:: /partner/images/login.png\n   :alt: The login of a partner\n",
        "user/deep/gone.md": "![This picture is nowhere here](pictures/login.png) ![One of its name](old/alone.png)",
        "user/deep/none.md": "![No address of the web](http://[x/y.png)",
        "user/deep/two.md": "![First of two that are gone](a/other.png) ![Second of two that are gone](b/other.png)",
    }
    for name, text in pages.items():
        put(tmp_path, name, text)
    names = [
        "admin/images/login",
        "user/images/login",
        "docs/partner/images/login",
        "new/alone",
        "new/other",
        "x/login",
    ]
    for number, name in enumerate(names):
        put(tmp_path, f"{name}.png", plain("red", (32, 20 + number)))
    files = {"pictures": "**/*.png", "pages": "**/*.{md,html,rst}"}
    artifact = fetch(local_source(tmp_path, files, {"kind": "screenshots"}))
    assert {record.id: record.caption for record in records(artifact).values()} == {
        "inbox/admin/images/login.png": "The console's own login dialog",
        "inbox/user/images/login.png": "The login page of the shop",
        "inbox/docs/partner/images/login.png": "The login of a partner",
        "inbox/new/alone.png": "One of its name",
    }
    assert artifact.manifest.counters.dropped == {"not_referenced": 2}
