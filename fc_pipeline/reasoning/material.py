"""What problems are made of: values of documents, tables of real files, and positions of chess."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from fc_model.tools.chess_notation import START, read_fen
from fc_model.tools.tool import ToolError
from fc_pipeline.reasoning.tables import Table
from fc_pipeline.tool_dialogues.values import Values

_FEN = re.compile(
    r"(?:[pnbrqkPNBRQK1-8]{1,8}/){7}[pnbrqkPNBRQK1-8]{1,8} [wb] (?:-|K?Q?k?q?) (?:-|[a-h][36]) \d{1,3} \d{1,3}"
)
_MOST_POSITIONS = 2_000


@dataclass(frozen=True)
class Material:
    """Of one side of the corpus; the tables are the same on both, and each side takes other rows of them."""

    values: Values
    tables: tuple[Table, ...]
    positions: tuple[str, ...]
    """FEN, each that a game reaches; the beginning of a game where the documents have none."""

    @classmethod
    def of(
        cls, documents: Sequence[dict[str, Any]], tables: Iterable[Table], random: Random, *, where: str
    ) -> "Material":
        """Raises UserError where the documents have too few values of a kind."""
        texts = (match[0] for document in documents for match in _FEN.finditer(document["text"]))
        positions = dict.fromkeys(text for text in texts if _is_position(text))
        return cls(
            values=Values.of(documents, random, where=where),
            tables=tuple(tables),
            positions=tuple(positions)[:_MOST_POSITIONS] or (START,),
        )

    def to_json(self) -> str:
        return json.dumps(
            {
                "values": self.values.to_json(),
                "tables": [asdict(table) for table in self.tables],
                "positions": self.positions,
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Material":
        raw = json.loads(text)
        tables = (
            Table(**{**table, "columns": tuple(table["columns"]), "rows": tuple(map(tuple, table["rows"]))})
            for table in raw["tables"]
        )
        return cls(Values.from_json(raw["values"]), tuple(tables), tuple(raw["positions"]))


def _is_position(text: str) -> bool:
    try:
        return bool(read_fen(text).legal_moves())
    except ToolError:
        return False
