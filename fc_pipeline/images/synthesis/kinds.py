"""Every kind of synthetic image by its name."""

from __future__ import annotations

from fc_pipeline.images.synthesis.documents import article, chart, code_listing, form, invoice, letter, receipt, table
from fc_pipeline.images.synthesis.line import line_kind
from fc_pipeline.images.synthesis.page import Kind
from fc_pipeline.images.synthesis.scene import label, photo_text, sign
from fc_pipeline.images.synthesis.screenshots import dialog, menu, settings, terminal, web_page, window
from fc_pipeline.images.synthesis.small.form import form_kind
from fc_pipeline.images.synthesis.small.screenshot import screenshot_kind
from fc_pipeline.images.synthesis_config import SynthesisConfig

_MODULES = (
    *(article, chart, code_listing, form, invoice, letter, receipt, table),
    *(dialog, menu, settings, terminal, web_page, window),
    *(label, photo_text, sign),
)


def kinds(config: SynthesisConfig) -> dict[str, Kind]:
    """{name: kind}; some have settings in the step's config."""
    own = line_kind(config.line), form_kind(config.small), screenshot_kind(config.small)
    return {kind.name: kind for kind in (*own, *(module.KIND for module in _MODULES))}
