"""All tools by name. A module of tools ends with its TOOLS; this is the only list of the modules."""

from collections.abc import Mapping
from typing import Any

from fc_model.tools import (
    arithmetic,
    chess,
    corpus_search,
    dates,
    files,
    image_text,
    json_query,
    number_theory,
    statistics_of_lists,
    tables,
    text,
    time_zones,
    units,
)
from fc_model.tools.tool import Tool

_MODULES = (
    *(arithmetic, number_theory, statistics_of_lists, units),
    *(dates, time_zones, text, json_query),
    *(tables, files, corpus_search, image_text, chess),
)

TOOLS: dict[str, Tool] = {tool.name: tool for module in _MODULES for tool in module.TOOLS}


def known_tool(schema: Mapping[str, Any]) -> Tool | None:
    """The tool of ours whose schema, in OpenAI's format, this is."""
    function = schema["function"]
    tool = TOOLS.get(function["name"])
    return tool if tool is not None and tool.schema() == schema else None
