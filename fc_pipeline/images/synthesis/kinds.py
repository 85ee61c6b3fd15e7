"""Every kind of synthetic image: its name, its renderer, its layouts, and those that only the holdout has."""

import random
from collections.abc import Callable
from functools import partial

from fc_pipeline.images.synthesis.documents import article, chart, code_listing, form, invoice, letter, receipt, table
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.line import render_line
from fc_pipeline.images.synthesis.page import Kind, Page, Render, TextPool
from fc_pipeline.images.synthesis.photographs import NO_PHOTOGRAPHS, Photographs
from fc_pipeline.images.synthesis.scene import label, photo_text, sign
from fc_pipeline.images.synthesis.screenshots import dialog, menu, settings, terminal, web_page, window
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import cursor
from fc_pipeline.images.synthesis.small.form import render_form
from fc_pipeline.images.synthesis.small.screenshot import render_screenshot
from fc_pipeline.images.synthesis_config import SynthesisConfig


def _screen(draw: Callable[[Canvas], str], least: tuple[int, int] = (224, 200), pointers: float = 0.4) -> Render:
    """A renderer of screenshots: `draw` fills the canvas and returns the caption.

    `least` is the smallest width and height in points, `pointers` the share of screens with a mouse pointer.
    """

    def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
        canvas = Canvas(rng, text, faces, layout, least=least)
        canvas.page.caption = draw(canvas)
        if rng.random() < pointers:
            cursor(canvas)
        return canvas.page

    return render


_LINES = ("plain", "padded", "underlined", "coloured", "dark", "framed", "shaded")
_SMALL_SCREENS = ("message", "menu", "check_boxes", "switches", "tabs", "fields", "notification")
_DIALOGS = ("message", "confirmation", "modal", "file_chooser", "entry")
_terminal, _web_page = _screen(terminal.draw_screen, (240, 200), 0.3), _screen(web_page.draw_screen, (224, 224))
_KINDS = (
    Kind("document/article", article.render, ("one_column", "two_columns", "figure", "three_columns"), ("quotation",)),
    Kind("document/chart", chart.render, ("bar", "line", "grouped", "lines", "scatter", "pie"), ("flat",)),
    Kind("document/code_listing", code_listing.render, ("plain", "numbered", "dark", "editor"), ("dark_editor",)),
    Kind("document/form", form.render, ("boxed", "underlined", "two_columns", "shaded"), ("below",)),
    Kind("document/invoice", invoice.render, ("classic", "banded", "ruled", "centred"), ("framed",)),
    Kind("document/letter", letter.render, ("block", "dated_right", "letterhead", "memo"), ("sidebar",)),
    Kind("document/receipt", receipt.render, ("plain", "quantities", "dotted", "ruled"), ("boxed",)),
    Kind("document/table", table.render, ("ruled", "banded", "open", "headed"), ("boxed",)),
    Kind("screenshot/dialog", _screen(dialog.draw_screen, (224, 224)), _DIALOGS, ("wizard",)),
    Kind("screenshot/menu", _screen(menu.draw_screen), ("bar", "context"), ("submenu",)),
    Kind("screenshot/settings", _screen(settings.draw_screen), ("switches", "form", "checks"), ("cards",)),
    Kind("screenshot/terminal", _terminal, ("terminal", "editor", "console"), ("diff",), plain=False),
    Kind("screenshot/web_page", _web_page, ("article", "landing", "shop", "cookies"), ("dashboard",)),
    Kind("screenshot/window", _screen(window.draw_screen, pointers=0.5), ("list", "form", "tabs"), ("table",)),
)


def kinds(config: SynthesisConfig, photographs: Photographs = NO_PHOTOGRAPHS) -> dict[str, Kind]:
    """{name: kind}; lines and small images have settings in the step's config, scenes photographs as grounds."""
    on_label, on_photo, on_sign = (partial(each.render, photographs=photographs) for each in (label, photo_text, sign))
    form, screen = (partial(render, config=config.small) for render in (render_form, render_screenshot))
    forms = ("plain", "boxed", "underlined", "ruled", "coloured", "dark")
    own = (
        Kind("line", partial(render_line, config=config.line), _LINES, ("tinted", "ruled"), plain=False),
        Kind("small/form", form, forms, ("shaded", "aligned")),
        Kind("small/screenshot", screen, _SMALL_SCREENS, ("list", "snackbar", "ticks")),
    )
    scenes = (
        Kind("scene/label", on_label, ("product", "price", "parcel", "plate"), ("table",)),
        Kind("scene/photo_text", on_photo, ("poster", "book_cover", "caption", "floating"), ("outlined",)),
        Kind("scene/sign", on_sign, ("street", "direction", "warning", "shop_front"), ("arched",)),
    )
    return {kind.name: kind for kind in (*own, *_KINDS, *scenes)}
