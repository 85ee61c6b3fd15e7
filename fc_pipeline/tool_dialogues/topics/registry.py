"""All topics, and which tools could answer the same request."""

from fc_model.tools.registry import TOOLS
from fc_pipeline.tool_dialogues.topics import boards, folders, numbers, texts, times

_MODULES = (numbers, times, texts, folders, boards)
TOPICS = tuple(topic for module in _MODULES for topic in module.TOPICS)
CHAINS = tuple(chain for module in _MODULES for chain in module.CHAINS)

_FIELDS = {
    "numbers": ("arithmetic", "number_theory", "statistics_of_lists", "units", "tables"),
    "time": ("dates", "time_zones"),
    "text": ("text", "json_query"),
    "files": ("files", "corpus_search", "image_text", "tables"),
    "chess": ("chess",),
}
"""Modules of tools by field."""


def domain(tool: str) -> str:
    """The module of a tool."""
    return TOOLS[tool].executor.__module__.rpartition(".")[2]


def fields(tool: str) -> set[str]:
    """The fields of a tool; one that shares none with another never answers that one's requests."""
    return {field for field, modules in _FIELDS.items() if domain(tool) in modules}
