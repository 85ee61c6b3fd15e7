"""Where the templates of the report lie, and their hash. Light to import."""

import hashlib
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


def templates_digest() -> str:
    """Hash of the templates, for the config of the step: the code version sees no file that is not Python."""
    parts = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in sorted(TEMPLATES.iterdir())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
