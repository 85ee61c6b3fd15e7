"""What the problems of the tests are made of: the topics of Python's own help, and an opening of chess."""

from pydoc_data.topics import topics
from typing import Any

OPENING = "Ruy Lopez\nPosition: r1bqkbnr/pppp1ppp/2n5/1B2p3/4P3/5N2/PPPP1PPP/RNBQK2R b KQkq - 3 3\n"


def help_texts(first: int) -> list[dict[str, Any]]:
    """Every second topic."""
    texts = {name: topics[name] for name in sorted(topics)[first::2]} | {"chess": OPENING}
    return [
        {"id": f"help/{name}", "text": text, "source": "help", "licence": "PSF-2.0"} for name, text in texts.items()
    ]
