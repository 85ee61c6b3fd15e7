"""The files of the conversation's folder: read, written, listed, searched."""

from typing import Any

from fc_model.tools.folder import Folder
from fc_model.tools.tool import BOOLEAN, INTEGER, NAME, TEXT, Tool, ToolError, array, described, record

_MAX_CHARACTERS = 20_000
_MAX_LISTED = 200
_MAX_HITS = 20
_MAX_LINE = 300
_PATH = described(NAME, "within the folder, such as notes/today.txt")
_LINE = {"type": "integer", "minimum": 1, "maximum": 10**6}


def read_file(folder: Folder, path: str, first_line: int = 1, max_lines: int = 10**6) -> dict[str, Any]:
    """Lines of a text file from `first_line` on; `complete` is false where some are left."""
    lines = folder.read_text(path).splitlines(keepends=True)
    if first_line > max(len(lines), 1):
        raise ToolError(f"the file has {len(lines)} lines, so there is no line {first_line}")
    end = first_line - 1 + max_lines
    text = "".join(lines[first_line - 1 : end])
    return {"text": text[:_MAX_CHARACTERS], "complete": end >= len(lines) and len(text) <= _MAX_CHARACTERS}


def write_file(folder: Folder, path: str, text: str, append: bool = False) -> dict[str, int]:
    return {"bytes": folder.write(path, text.encode("utf-8"), append=append)}


def list_files(folder: Folder) -> dict[str, Any]:
    files = list(folder.files())
    return {"count": len(files), "files": [{"path": path, "bytes": size} for path, size in files[:_MAX_LISTED]]}


def search_files(folder: Folder, text: str) -> dict[str, Any]:
    """Lines that hold a text, upper case or lower; files that are no text or too large are left out and counted."""
    wanted, skipped, count = text.casefold(), 0, 0
    hits: list[dict[str, Any]] = []
    for path, _ in list(folder.files()):
        try:
            content = folder.read_text(path)
        except ToolError:
            skipped += 1
            continue
        if wanted not in content.casefold():
            continue
        for number, line in enumerate(content.splitlines(), 1):
            if wanted in line.casefold():
                count += 1
                if len(hits) < _MAX_HITS:
                    hits.append({"path": path, "line": number, "text": line[:_MAX_LINE]})
    return {"count": count, "hits": hits, "files_not_searched": skipped}


TOOLS = (
    Tool(
        name="read_file",
        description="Reads a text file, or some of its lines.",
        parameters=record({"path": _PATH}, optional={"first_line": _LINE, "max_lines": _LINE}),
        executor=read_file,
        result=record({"text": TEXT, "complete": BOOLEAN}),
        uses="folder",
    ),
    Tool(
        name="write_file",
        description="Writes a text file, in place of the old one or at its end.",
        parameters=record({"path": _PATH, "text": TEXT}, optional={"append": BOOLEAN}),
        executor=write_file,
        result=record({"bytes": INTEGER}),
        uses="folder",
    ),
    Tool(
        name="list_files",
        description="Lists the files of the folder with their sizes.",
        parameters=record({}),
        executor=list_files,
        result=record({"count": INTEGER, "files": array(record({"path": TEXT, "bytes": INTEGER}))}),
        uses="folder",
    ),
    Tool(
        name="search_files",
        description="Finds the lines of the folder's files that hold a text.",
        parameters=record({"text": NAME}),
        executor=search_files,
        result=record(
            {
                "count": INTEGER,
                "hits": array(record({"path": TEXT, "line": INTEGER, "text": TEXT})),
                "files_not_searched": INTEGER,
            }
        ),
        uses="folder",
    ),
)
